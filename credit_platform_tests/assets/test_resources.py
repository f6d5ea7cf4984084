"""What a run does once, whatever it writes: it keeps its policy, and lets people query the tables that are new."""

from pathlib import Path

import dagster as dg
import duckdb
import polars as pl

from credit_platform.assets.resources import LakeResource, MonthlyParquetIOManager
from credit_platform.lake.layout import Layout
from credit_platform.months import month_key, months_of
from credit_platform.policy.load import policy_document
from credit_platform.policy.policy_section import AS_WRITTEN, PolicyOverrides
from credit_platform.portfolios.churn.portfolio import CHURN
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.small_book import PREVIEW_ALLOWED

pytestmark = PREVIEW_ALLOWED
MONTHS = months_of(["2023-01-01", "2023-02-01"])
POLICY = LOANS.load_policy()


def rows(context: dg.AssetExecutionContext) -> pl.DataFrame:
    months = months_of(context.partition_keys)
    return pl.DataFrame({"snapshot_month": months, "n": range(len(months))})


def run(
    folder: Path, *names: str, policy_sha256: str = "", overrides: PolicyOverrides = AS_WRITTEN, month: int = 0
) -> dg.ExecuteInProcessResult:
    """Write a month of some tables that hold one row each; a table called `broken` cannot be made."""

    def table(name: str) -> dg.AssetsDefinition:
        @dg.asset(
            key=["gold", name],
            partitions_def=dg.MonthlyPartitionsDefinition(month_key(MONTHS[0])),
            io_manager_key="parquet",
        )
        def made(context: dg.AssetExecutionContext) -> pl.DataFrame:
            if name == "broken":
                raise ValueError(name)
            return rows(context)

        return made

    lake = LakeResource(
        data_dir=str(folder),
        raw_dir=str(folder / "raw"),
        portfolio_name="loans",
        policy_overrides=overrides.model_dump_json(exclude_none=True),
        policy_sha256=policy_sha256,
    )
    with dg.DagsterInstance.ephemeral() as instance:
        return dg.materialize(
            [table(name) for name in names],
            instance=instance,
            resources={"lake": lake, "parquet": MonthlyParquetIOManager(lake=lake)},
            partition_key=month_key(MONTHS[month]),
            raise_on_error=False,
        )


def views(folder: Path) -> list[str]:
    with duckdb.connect(str(folder / "datamart.duckdb"), read_only=True) as connection:
        return [
            name for (name,) in connection.sql("select view_name from duckdb_views() where not internal").fetchall()
        ]


def test_a_new_table_enters_the_datamart_with_the_run_that_made_it(tmp_path: Path) -> None:
    assert run(tmp_path, "x", "y").success
    assert sorted(views(tmp_path)) == ["x", "y"]
    before = (tmp_path / "datamart.duckdb").stat().st_mtime_ns
    assert run(tmp_path, "x", month=1).success
    assert (tmp_path / "datamart.duckdb").stat().st_mtime_ns == before


def test_a_table_enters_the_datamart_though_another_one_of_the_run_cannot_be_made(tmp_path: Path) -> None:
    assert not run(tmp_path, "broken", "x").success
    assert views(tmp_path) == ["x"]


def test_the_policy_is_kept_by_the_first_run_under_it(tmp_path: Path) -> None:
    kept = Layout.of(tmp_path, tmp_path / "raw", LOANS).kept_policy(POLICY.sha256)
    assert run(tmp_path, "x", policy_sha256=POLICY.sha256).success
    assert kept.is_file()


def test_a_policy_whose_files_were_changed_since_they_were_read_is_not_kept(tmp_path: Path) -> None:
    assert run(tmp_path, "x", policy_sha256="another").success
    assert not Layout.of(tmp_path, tmp_path / "raw", LOANS).kept_policy(POLICY.sha256).is_file()


def test_the_policy_is_kept_with_the_floor_of_the_environment(tmp_path: Path) -> None:
    floor = PolicyOverrides(retrain_below=0.78)
    policy = LOANS.load_policy(overrides=floor)
    kept = Layout.of(tmp_path, tmp_path / "raw", LOANS).kept_policy(policy.sha256)
    assert run(tmp_path, "x", policy_sha256=policy.sha256).success
    assert not kept.is_file()  # without the floor it would be another policy
    assert run(tmp_path, "x", policy_sha256=policy.sha256, overrides=floor).success
    assert kept.read_bytes() == policy_document(policy)


def test_a_policy_with_the_environments_window_is_kept(tmp_path: Path) -> None:
    policy = CHURN.load_policy(overrides=PolicyOverrides(label_window=28))
    resource = LakeResource(
        data_dir=str(tmp_path),
        raw_dir=str(tmp_path / "raw"),
        portfolio_name="churn",
        policy_overrides='{"label_window": 28}',
        policy_sha256=policy.sha256,
    )
    resource.create_resource(dg.build_init_resource_context())
    assert Layout.of(tmp_path, tmp_path / "raw", CHURN).kept_policy(policy.sha256).is_file()
