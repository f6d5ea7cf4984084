from __future__ import annotations

from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from credit_platform.lake.raw.raw_book import GENERATED_MARK, generated_files, has_raw_files, write_book
from credit_platform.lake.tables.monthly import Lake
from credit_platform.portfolios.drift import Drift, DriftKind
from credit_platform.portfolios.loans.generator.book import BookSpec, generate_month
from credit_platform.portfolios.loans.portfolio import LOANS

SPEC = BookSpec(first_month=date(2023, 1, 1), n_months=3, cases_per_month=10, history_months=2)


def test_a_book_is_four_files_with_one_header_each_and_every_row(lake: Lake) -> None:
    ticks: list[int] = []
    assert not has_raw_files(lake.layout)
    write_book(lake.layout, SPEC, on_month=lambda: ticks.append(1))
    assert has_raw_files(lake.layout)
    assert len(ticks) == 3
    files = {file.stem: file for file in lake.layout.raw_dir.glob("*.csv")}
    assert set(files) == {"lms_loan_daily", "features_attributes", "features_financials", "feature_clickstream"}
    for name, file in files.items():
        expected = pl.concat([generate_month(SPEC, month)[name] for month in SPEC.months])
        assert pl.read_csv(file, infer_schema=False).equals(expected.with_columns(pl.all().replace("", None)))
    assert set(generated_files(lake.layout)) == {*files.values(), lake.layout.raw_dir / GENERATED_MARK}
    files["lms_loan_daily"].write_text("somebody's own")
    assert files["lms_loan_daily"] not in generated_files(lake.layout)


def test_a_month_with_other_columns_is_a_file_of_its_own(lake: Lake) -> None:
    spec = replace(SPEC, drifts=(Drift(DriftKind.SCHEMA_CHANGE, SPEC.months[2], 1.0),))
    write_book(lake.layout, spec, on_month=lambda: None)
    usual = pl.read_csv(lake.layout.raw_dir / "features_financials.csv", infer_schema=False)
    changed = pl.read_csv(lake.layout.raw_dir / "features_financials_2023_03.csv", infer_schema=False)
    assert set(usual["snapshot_date"]) == {"2023-01-01", "2023-02-01"}
    assert set(changed["snapshot_date"]) == {"2023-03-01"}
    assert set(usual.columns) ^ set(changed.columns) == {"Outstanding_Debt", "Total_Outstanding_Debt"}
    assert len(list(lake.layout.raw_dir.glob("*.csv"))) == 5
    assert len(generated_files(lake.layout)) == 6, "with the mark"


def test_a_source_that_comes_month_by_month_has_a_file_for_each(lake: Lake) -> None:
    generator = replace(LOANS.required_generator, monthly_files=frozenset({"features_financials"}))
    layout = replace(lake.layout, portfolio=replace(LOANS, generator=generator))
    write_book(layout, SPEC, on_month=lambda: None)
    files = {file.name: file for file in layout.raw_dir.glob("*.csv")}
    monthly = {f"features_financials_{month:%Y_%m}.csv": month for month in SPEC.months}
    assert files.keys() == {"lms_loan_daily.csv", "features_attributes.csv", "feature_clickstream.csv", *monthly}
    for name, month in monthly.items():
        expected = generate_month(SPEC, month)["features_financials"]
        assert pl.read_csv(files[name], infer_schema=False).equals(expected.with_columns(pl.all().replace("", None)))
    assert set(generated_files(layout)) == {*files.values(), layout.raw_dir / GENERATED_MARK}


def test_no_file_appears_when_the_book_breaks_off(lake: Lake) -> None:
    ticks: list[int] = []

    def break_off() -> None:
        ticks.append(1)
        if len(ticks) == 2:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_book(lake.layout, SPEC, on_month=break_off)
    assert list(lake.layout.raw_dir.iterdir()) == []


def test_files_that_are_no_delivery_are_no_raw_files(lake: Lake) -> None:
    (lake.layout.raw_dir / "README.md").touch()
    assert not has_raw_files(lake.layout)
    (lake.layout.raw_dir / "lms_loan_daily.PARQUET").touch()
    assert has_raw_files(lake.layout)
