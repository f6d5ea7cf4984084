"""A tape of 70 columns in another lender's form is built to gold through a map, and no program converts it."""

from __future__ import annotations

import json
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import polars as pl
import pytest
import yaml
from polars.testing import assert_frame_equal

from credit_platform.cli.column_map import map_columns
from credit_platform.errors import SourceError
from credit_platform.policy.load import Policy
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.field_faults.foreign_tape import (
    LAYOUTS,
    MORTGAGES,
    N_COLUMNS,
    N_LOANS,
    TAPE_SOURCES,
    gold_of,
    tape,
    write_contract,
    write_tape,
)
from credit_platform_tests.field_faults.planted import found_in
from credit_platform_tests.small_book import run_command


def proposed(file: Path, folder: Path) -> Path:
    """A policy folder with the maps that the verb proposes for the three sources of a tape, as they are."""
    policy = folder / "policy"
    policy.mkdir()
    sections: dict[str, object] = {}
    for source in TAPE_SOURCES:
        out = folder / f"{source}.yaml"
        with redirect_stdout(StringIO()) as said:
            assert map_columns(file, source=source, out=out) == 0
        assert found_in(said.getvalue()) == []
        sections |= yaml.safe_load(out.read_text(encoding="utf-8"))["sources"]
    (policy / "model_config.yaml").write_text(yaml.safe_dump({"sources": sections}), encoding="utf-8")
    return policy


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    """Gold of the same rows delivered as the contract wants them."""
    raw = tmp_path_factory.mktemp("own") / "raw"
    write_contract(raw)
    return gold_of(raw, LOANS.load_policy())


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_tape_is_built_to_the_gold_of_the_same_rows_in_the_contract_s_form(
    name: str, own: dict[str, pl.DataFrame], tmp_path: Path
) -> None:
    file = write_tape(LAYOUTS[name], tmp_path / "raw")
    gold = gold_of(tmp_path / "raw", LOANS.load_policy(proposed(file, tmp_path)))
    assert gold["features"].height == N_LOANS
    assert gold["labels"]["label"].sum() > 0
    for table, rows in own.items():
        assert_frame_equal(gold[table], rows)


@pytest.mark.slow
def test_the_command_line_builds_it_and_a_changed_map_is_another_delivery(
    own: dict[str, pl.DataFrame], tmp_path: Path
) -> None:
    policy = proposed(write_tape(MORTGAGES, tmp_path / "raw"), tmp_path)
    folders = {"CREDIT_DATA_DIR": str(tmp_path / "data"), "CREDIT_RAW_DIR": str(tmp_path / "raw")}
    month = ("backfill", "--from", "2023-01", "--to", "2023-07", "--job", "build_month")
    done = run_command(*month, **folders, CREDIT_POLICY_DIR=str(policy))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    labels = pl.read_parquet(tmp_path / "data" / "gold" / "label_store" / "2023-07-01.parquet")
    assert_frame_equal(
        labels.sort("loan_id"), own["labels"].filter(pl.col("snapshot_month") == labels["snapshot_month"][0])
    )
    features = pl.read_parquet(tmp_path / "data" / "gold" / "feature_store" / "*.parquet")
    assert_frame_equal(features.sort("loan_id").select(own["features"].columns), own["features"])
    config = policy / "model_config.yaml"
    sections = yaml.safe_load(config.read_text(encoding="utf-8"))
    sections["sources"]["lms_loan_daily"]["columns"]["paid_amt"] = "Scheduled Payment"
    config.write_text(yaml.safe_dump(sections), encoding="utf-8")
    again = ("backfill", "--from", "2023-02", "--to", "2023-02", "--job", "build_month")
    refused = run_command(*again, **folders, CREDIT_POLICY_DIR=str(policy))
    assert refused.returncode == 1
    report = json.loads((tmp_path / "data" / "sources" / "lms_loan_daily" / "2023-02-01.json").read_text())
    assert "A changed map of columns" in report["failures"]["unchanged"]
    assert report["numbers"]["columns_ignored"] == N_COLUMNS - len(LOANS.source("lms_loan_daily").columns) + 1
    assert run_command(*again, "--replace", **folders, CREDIT_POLICY_DIR=str(policy)).returncode == 0


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_parquet_tape_reads_like_the_text(name: str, own: dict[str, pl.DataFrame], tmp_path: Path) -> None:
    layout = LAYOUTS[name]
    policy = LOANS.load_policy(proposed(write_tape(layout, tmp_path / "raw"), tmp_path))
    forms = {source: form.model_copy(update={"files": "tape.parquet"}) for source, form in policy.model.sources.items()}
    forms["feature_clickstream"] = policy.model.sources["feature_clickstream"]
    typed = tmp_path / "typed" / "raw"
    typed.mkdir(parents=True)
    tape(layout).write_parquet(typed / "tape.parquet")
    config = policy.model.model_copy(update={"sources": forms})
    read = Policy(config, policy.monitoring, policy.data, policy.reasons, policy.sha256)
    for table, rows in own.items():
        assert_frame_equal(gold_of(typed, read)[table], rows)


def test_a_column_that_left_the_tape_is_named_as_the_lender_names_it(tmp_path: Path) -> None:
    policy = LOANS.load_policy(proposed(write_tape(MORTGAGES, tmp_path / "raw"), tmp_path))
    write_tape(MORTGAGES, tmp_path / "raw", tape(MORTGAGES).rename({"Current Actual UPB": "CurrentActualUPB"}))
    with pytest.raises(SourceError) as refused:
        gold_of(tmp_path / "raw", policy)
    assert "tape_2023.txt: column Current Actual UPB (balance) is missing" in str(refused.value)
    assert "nearest to Current Actual UPB in the header: CurrentActualUPB" in str(refused.value)
    assert "credit-platform map FILE --source lms_loan_daily" in str(refused.value)
