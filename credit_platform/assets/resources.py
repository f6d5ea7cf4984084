"""Resources the assets ask for by name: the lake, and the I/O manager that keeps monthly tables in it.

How files are written belongs to `lake`; which DuckDB views exist to `lake.tables.catalog`.
"""

from pathlib import Path

import dagster as dg
import polars as pl
from pydantic import PrivateAttr
from typing_extensions import override

from credit_platform.lake.files import write_bytes
from credit_platform.lake.layout import Layout
from credit_platform.lake.provenance import code_state
from credit_platform.lake.renamed_models import require_migrated
from credit_platform.lake.tables.catalog import monthly_tables, refresh_datamart
from credit_platform.lake.tables.month_parts import MonthParts
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import month_key, months_of
from credit_platform.policy.load import policy_document
from credit_platform.policy.policy_section import PolicyOverrides
from credit_platform.portfolios.named import portfolio_named
from credit_platform.portfolios.tables import table_at


class LakeResource(dg.ConfigurableResource[Lake]):
    """The folders of data and raw files, the kind of book, where policy comes from, its fingerprint when loaded.

    Assets are given the lake that is made of them, the same for a whole run, so that it reads no version twice.
    """

    data_dir: str
    raw_dir: str
    portfolio_name: str
    policy_dir: str | None = None
    policy_overrides: str = "{}"  # as JSON
    policy_sha256: str = ""

    @override
    def create_resource(self, context: dg.InitResourceContext) -> Lake:
        """The tables.

        Raises:
            MigrationError: the previous release wrote the folder.
        """
        portfolio = portfolio_named(self.portfolio_name)
        lake = Lake.at(
            self.data_dir,
            self.raw_dir,
            portfolio=portfolio,
            policy_sha256=self.policy_sha256,
            git_commit=code_state().commit,
        )
        require_migrated(lake.layout)
        self._keep_policy(lake.layout)
        return lake

    def _keep_policy(self, layout: Layout) -> None:
        """Keep the policy beside the editions made under it, unless its files were changed since they were read."""
        if not self.policy_sha256 or layout.kept_policy(self.policy_sha256).is_file():
            return
        folder = Path(self.policy_dir) if self.policy_dir else None
        overrides = PolicyOverrides.model_validate_json(self.policy_overrides)
        policy = layout.portfolio.load_policy(folder, overrides)
        if policy.sha256 == self.policy_sha256:
            write_bytes(layout.kept_policy(policy.sha256), policy_document(policy))


class MonthlyParquetIOManager(dg.ConfigurableIOManager):
    """Keeps a table as one Parquet file per month and gives same-month inputs back as lazy frames.

    Windows over other months are not read here but with `lake.scan`, which names the months that are missing.
    """

    lake: dg.ResourceDependency[Lake]

    _tables_before: list[str] = PrivateAttr(default_factory=list)

    @override
    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        self._tables_before = monthly_tables(self.lake.layout)

    @override
    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Let people query the tables that are new, also after a run that failed on its way."""
        if monthly_tables(self.lake.layout) != self._tables_before:
            refresh_datamart(self.lake.layout)

    def _table(self, context: dg.OutputContext | dg.InputContext) -> str:
        return table_at(self.lake.layout.portfolio, context.asset_key.path)

    def handle_output(self, context: dg.OutputContext, obj: pl.LazyFrame | pl.DataFrame | MonthParts) -> None:
        """Write every month of the run and record each month's row count."""
        table = self._table(context)
        if isinstance(obj, MonthParts):
            written = self.lake.write_months(table, obj.parts)
        else:
            frame = obj.collect() if isinstance(obj, pl.LazyFrame) else obj
            written = self.lake.write(table, frame, months_of(context.asset_partition_keys))
        for month, rows in written.items():
            context.step_context.add_asset_metadata(
                {"dagster/row_count": rows, "file": str(self.lake.layout.month_file(table, month))},
                asset_key=context.asset_key,
                partition_key=month_key(month),
            )

    def load_input(self, context: dg.InputContext) -> pl.LazyFrame:
        """Scan the run's months of an upstream table."""
        return self.lake.scan(self._table(context), months_of(context.asset_partition_keys))
