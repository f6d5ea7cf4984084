from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from credit_platform.errors import TableError
from credit_platform.lake.tables.monthly import SCHEMA_KEY, Lake, schema_fingerprint
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.tables import tables_of

JANUARY, FEBRUARY = date(2023, 1, 1), date(2023, 2, 1)
LABELS = "gold/label_store"


def write_labels(lake: Lake, *months: date) -> None:
    lake.write(LABELS, tables_of(LOANS).shared[LABELS].create_empty(), months)


def restamp(lake: Lake, month: date, metadata: dict[str, str], *, drop: str | None = None) -> None:
    file = lake.layout.month_file(LABELS, month)
    frame = pl.read_parquet(file)
    (frame.drop(drop) if drop else frame).write_parquet(file, metadata=metadata)


def test_every_table_has_a_schema_fingerprint_of_its_own_columns() -> None:
    models = [f"monitoring/some_model/{part}" for part in tables_of(LOANS).of_models if part != "prediction"]
    tables = [*tables_of(LOANS).shared, *models, "prediction/some_model", "quarantine/loan_snapshots"]
    assert all(schema_fingerprint(tables_of(LOANS).schema(table)) for table in tables)
    assert schema_fingerprint(tables_of(LOANS).schema("prediction/a")) == schema_fingerprint(
        tables_of(LOANS).schema("prediction/b")
    )
    assert tables_of(LOANS).schema("quarantine/loan_snapshots") is tables_of(LOANS).schema(
        "quarantine/customer_attributes"
    )
    bronze, silver = (tables_of(LOANS).schema(name) for name in ("bronze/lms_loan_daily", "silver/loan_snapshots"))
    assert schema_fingerprint(bronze) != schema_fingerprint(silver)


def test_a_table_without_a_schema_class_is_never_refused(lake: Lake) -> None:
    assert schema_fingerprint(tables_of(LOANS).schema("elsewhere/notes")) is None
    lake.write("elsewhere/notes", pl.DataFrame({"snapshot_month": [JANUARY]}), [JANUARY])
    assert lake.scan("elsewhere/notes", [JANUARY]).collect().height == 1


def test_written_months_carry_the_schema_fingerprint_and_can_be_read(lake: Lake) -> None:
    write_labels(lake, JANUARY)
    stored = pl.read_parquet_metadata(lake.layout.month_file(LABELS, JANUARY))
    assert stored[SCHEMA_KEY] == schema_fingerprint(tables_of(LOANS).schema(LABELS))
    assert lake.scan(LABELS, [JANUARY]).collect().height == 0


def test_months_of_another_version_are_refused_with_the_command_that_builds_them_again(lake: Lake) -> None:
    write_labels(lake, JANUARY, FEBRUARY)
    restamp(lake, FEBRUARY, {SCHEMA_KEY: "0123456789abcdef"})
    with pytest.raises(TableError) as error:
        lake.scan(LABELS, [JANUARY, FEBRUARY])
    assert str(error.value) == (
        "gold/label_store, 2023-02: stored by a release with other columns. Build them again: "
        "credit-platform backfill --from 2023-02 --to 2023-02 --job build_month."
    )
    assert lake.scan(LABELS, [JANUARY]).collect().height == 0
    write_labels(lake, FEBRUARY)
    assert lake.scan(LABELS, [JANUARY, FEBRUARY]).collect().height == 0


def test_a_file_without_a_schema_fingerprint_is_judged_by_its_columns(lake: Lake) -> None:
    write_labels(lake, JANUARY, FEBRUARY)
    restamp(lake, JANUARY, {})
    restamp(lake, FEBRUARY, {}, drop="dpd")
    assert lake.scan(LABELS, [JANUARY]).collect().height == 0
    with pytest.raises(TableError, match="2023-02"):
        lake.scan(LABELS, [FEBRUARY])


@pytest.mark.parametrize(
    ("table", "job"),
    [
        ("bronze/lms_loan_daily", "build_month"),
        ("quarantine/loan_snapshots", "build_month"),
        ("prediction/m", "score_month"),
        ("monitoring/m/stability", "score_month"),
        ("monitoring/m/performance", "monitor_month"),
        ("monitoring/m/action", "monitor_month"),
        ("monitoring/history", "monitor_month"),
        ("monitoring/row_balance", "build_month"),
    ],
)
def test_the_fix_names_the_job_that_builds_the_table(lake: Lake, table: str, job: str) -> None:
    file = lake.layout.month_file(table, JANUARY)
    file.parent.mkdir(parents=True)
    pl.DataFrame({"snapshot_month": [JANUARY]}).write_parquet(file, metadata={SCHEMA_KEY: "old"})
    with pytest.raises(TableError, match=f"--job {job}"):
        lake.scan(table, [JANUARY])
