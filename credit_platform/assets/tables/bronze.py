"""Bronze assets: the sources, month by month, cell by cell as delivered.

Cleaning belongs to silver; finding and reading files to `lake.raw.sources`, deciding about a delivery to
`lake.raw.deliveries`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

import dagster as dg

from credit_platform.assets.asset_spec import table_spec
from credit_platform.instance.dagster_internals import (
    CODE_VERSION_TAG,
    DATA_VERSION_IS_USER_PROVIDED_TAG,
    DATA_VERSION_TAG,
)
from credit_platform.lake.raw.case_months import CaseCalendar, DatedByCase
from credit_platform.lake.raw.column_map import ColumnMap, column_map
from credit_platform.lake.raw.dating import DatedByColumn, DatedByFile
from credit_platform.lake.raw.deliveries import REPLACE_TAG, Received, Reception
from credit_platform.lake.raw.delivery_log import Receipt
from credit_platform.lake.raw.sources import RawSource
from credit_platform.lake.tables.month_parts import MonthParts, row_count
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import month_key, months_of, parse_month
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.data_quality import SourceGatePolicy
from credit_platform.policy.load import Policy
from credit_platform.policy.model_config import ModelConfig
from credit_platform.policy.source_policy import FileForm
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.portfolios.source import Source


def sources(portfolio: Portfolio, config: ModelConfig, first_month: date | None = None) -> dict[str, RawSource]:
    """The raw sources by name: columns and cells from the book; how files are written, and if required, from policy.

    Standing facts hold from the book's first month on.
    """
    stems = {stem for source in portfolio.sources for stem in source.stems or (source.name,)}
    plain = {source.name: _raw_source(source, config, stems, first_month) for source in portfolio.sources}
    calendar = _case_calendar(portfolio, config, plain)
    if calendar is None:
        return plain
    links = {source.name: source.link for source in portfolio.sources if source.link is not None}
    return {
        name: replace(raw, dating=DatedByCase(calendar, links[name], raw)) if name in links else raw
        for name, raw in plain.items()
    }


def _raw_source(source: Source, config: ModelConfig, stems: set[str], first_month: date | None) -> RawSource:
    own = source.stems or (source.name,)
    return RawSource(
        source.name,
        source.columns,
        source.cells,
        required=config.sources[source.name].required,
        read_by=map_of(source, config.sources[source.name]),
        optional=source.optional_columns,
        own_stems=own,
        # A file belongs to the source with the longest name it begins with.
        foreign_stems=tuple(sorted(stem for stem in stems if stem.startswith(own) and stem not in own)),
        dating=DatedByFile(own, first_month) if source.date is None else DatedByColumn(source.date),
    )


def _case_calendar(portfolio: Portfolio, config: ModelConfig, plain: Mapping[str, RawSource]) -> CaseCalendar | None:
    cohorts, columns, cases = config.assigned_cohorts, portfolio.assigned_months, portfolio.case_source
    if cohorts is None or columns is None or cases.link is None:
        return None
    others = {source.name: (plain[source.name], source.link) for source in portfolio.sources if source.link}
    return CaseCalendar(plain[cases.name], cases.link.column, columns, cohorts, others)


def map_of(source: Source, form: FileForm) -> ColumnMap:
    """How files of a source are read that are written in this form."""
    personal = bool(source.personal_columns)
    return column_map(source.columns, source.cells, form, has_personal_data=personal, date=source.date)


def _bronze_asset(
    source: RawSource, portfolio: Portfolio, axis: MonthlyAxis, gates: SourceGatePolicy
) -> dg.AssetsDefinition:
    table, months = f"bronze/{source.name}", axis.snapshot_months

    @dg.asset(**table_spec(portfolio, table, months))
    def rows_as_delivered(
        context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]
    ) -> Iterator[dg.Output[MonthParts]]:
        reception = Reception(
            lake=lake,
            source=source,
            gates=gates,
            first_month=axis.first_snapshot,
            last_month=axis.last or parse_month(str(months.get_last_partition_key())),
            is_replacing=is_replacing(context.run.tags),
            run_id=context.run.run_id,
        )
        with lake.layout.tables.disclosing(table):
            received = reception.receive(months_of(context.partition_keys))
        for receipt in received.receipts:
            context.add_asset_metadata(_metadata(receipt), partition_key=month_key(receipt.month))
            for line in _remarks(receipt, is_required=source.required):
                context.log.warning(line)
        yield dg.Output(MonthParts(received.by_month()), tags=_tags(context.run.run_id, received.receipts))
        if len(received.receipts) > 1:
            _report_versions(context, lake, table, received)

    return rows_as_delivered


def is_replacing(run_tags: Mapping[str, str]) -> bool:
    """Whether a run may put other rows in the place of those a month was built from."""
    return run_tags.get(REPLACE_TAG, "").strip().lower() == "true"


def _metadata(receipt: Receipt) -> dict[str, int | float | str | bool]:
    return {
        "source_files": ", ".join(receipt.files),
        "source_is_empty": receipt.rows == 0,
        "delivery": _outcome(receipt),
        **receipt.numbers,
    }


def _outcome(receipt: Receipt) -> str:
    if not receipt.is_taken:
        return "not taken: the rows the month was built from are kept"
    if receipt.failures:
        return "held back by a gate"
    return "replaced the rows the month was built from" if receipt.replaced_sha256 else "taken"


def _remarks(receipt: Receipt, *, is_required: bool) -> list[str]:
    """What a person should read in the run's log about one month."""
    name = f"{receipt.source}, {receipt.month:%Y-%m}"
    said = list(receipt.failures.values())
    if not receipt.rows and not is_required:
        said.append(f"{name}: no row is delivered; the source is optional, so the month is empty")
    if receipt.numbers.get("rows_late"):
        said.append(f"{name}: {receipt.numbers['rows_late']} rows came late, in a file named for a later month")
    if receipt.numbers.get("rows_ahead_of_their_file"):
        count = receipt.numbers["rows_ahead_of_their_file"]
        said.append(f"{name}: {count} rows came in a file named for an earlier month")
    for side, end in (("before", "first"), ("after", "last")):
        count = receipt.numbers.get(f"rows_{side}_the_book")
        if count:
            said.append(
                f"{receipt.source}: {count} rows are dated {side} the book's {end} month {receipt.month:%Y-%m}; they "
                f"are not read (credit-platform init --{end}-month moves it)"
            )
    return said


def _tags(run_id: str, receipts: Sequence[Receipt]) -> dict[str, str]:
    """The version of a month, which is the hash of its rows; of many months nothing true can be said at once."""
    if len(receipts) != 1:
        return {}
    return {
        CODE_VERSION_TAG: run_id,
        DATA_VERSION_TAG: receipts[0].content_sha256[:16],
        DATA_VERSION_IS_USER_PROVIDED_TAG: "true",
    }


def _report_versions(context: dg.AssetExecutionContext, lake: Lake, table: str, received: Received) -> None:
    """Give every month of a range run the version of its own rows.

    Dagster puts the tags of a run's output on all its months alike, so months whose rows did not change would make
    what is built on them stale. The asset has been stored when this runs; a second event per month, which is then the
    month's latest, says its version.
    """
    for receipt in received.receipts:
        context.log_event(
            dg.AssetMaterialization(
                asset_key=context.asset_key,
                partition=month_key(receipt.month),
                metadata={
                    **_metadata(receipt),
                    "dagster/row_count": row_count(lake.layout, table, receipt.month),
                    "file": str(lake.layout.month_file(table, receipt.month)),
                },
                tags=_tags(context.run.run_id, [receipt]),
            )
        )


def bronze_assets(portfolio: Portfolio, axis: MonthlyAxis, policy: Policy) -> list[dg.AssetsDefinition]:
    """One asset per source."""
    return [
        _bronze_asset(source, portfolio, axis, policy.data.gates)
        for source in sources(portfolio, policy.model, axis.first_snapshot).values()
    ]
