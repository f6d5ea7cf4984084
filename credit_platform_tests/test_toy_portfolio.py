"""A second book lives its whole life on the same spine as the loans.

What the book says stands in toy_portfolio; that no room names anything of the loans is held by test_portfolio_names.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import polars as pl
import pytest

from credit_platform.errors import SettingsError
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import add_months, month_range
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.named import portfolio_named
from credit_platform.portfolios.tables import tables_of
from credit_platform_tests.done_once import run_once
from credit_platform_tests.lake.tables.sample_rows import require_samples_of_every_version
from credit_platform_tests.small_book import run_command, run_verb
from credit_platform_tests.toy_book import FIRST, MONTHS, write_gym
from credit_platform_tests.toy_portfolio import CONTRACTS, GYM

ADDRESS = "credit_platform_tests.toy_portfolio:GYM"
LAST = add_months(FIRST, MONTHS - 1)
LOAN = re.compile(r"\bloans?\b", re.IGNORECASE)
MODELS = tuple(GYM.load_policy().model.models)
TURNS = add_months(FIRST, 10)


def variables(root: Path) -> dict[str, str]:
    return {
        "CREDIT_PORTFOLIO": ADDRESS,
        "CREDIT_DATA_DIR": str(root / "data"),
        "CREDIT_RAW_DIR": str(root / "raw"),
        "COLUMNS": "200",
    }


def gym(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_verb(*arguments, **variables(root))


@pytest.fixture(scope="module")
def lived(shared_root: Path) -> Path:
    """The gym after its whole life: what makes members cancel turns round in the tenth month."""
    root = shared_root / "gym"

    def live() -> subprocess.CompletedProcess[str]:
        write_gym(root / "raw", turns=TURNS)
        return run_command("backfill", **variables(root))

    run_once(shared_root, "gym", live)
    return root


def lake(root: Path) -> Lake:
    return Lake.at(root / "data", root / "raw", portfolio=GYM)


@pytest.mark.slow
def test_every_table_has_every_month_it_can_have(lived: Path) -> None:
    tables = [*tables_of(GYM).shared, *(f"monitoring/{model}/action" for model in MODELS)]
    found = json.loads(gym(lived, "status", "--json").stdout)
    missing = {row["table"]: row["missing"] for row in found["tables"] if row["missing"]}
    assert missing == {}
    assert set(tables) <= {row["table"] for row in found["tables"]}
    assert not any("early_reads" in row["table"] or "fair_lending" in row["table"] for row in found["tables"])


@pytest.mark.slow
def test_nothing_the_platform_writes_for_the_book_says_loan(lived: Path) -> None:
    said = {}
    for file in (lived / "data" / "reports").rglob("*.*"):
        if file.suffix in {".html", ".md", ".txt", ".json", ".csv"}:
            own = re.sub(r"<script>.*?</script>|<style>.*?</style>", "", file.read_text(), flags=re.DOTALL)
            said[file.name] = [own[max(0, found.start() - 50) : found.end()] for found in LOAN.finditer(own)]
    assert len(said) > 10
    # The page of Evidently is another program's.
    assert {name: found for name, found in said.items() if found and not re.fullmatch(r"\d{4}-\d{2}.html", name)} == {}
    told = "".join(gym(lived, *verb).stdout for verb in (["status"], ["timeline"], ["models"], ["doctor"]))
    assert not LOAN.search(told)


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_the_turn_is_detected_acted_on_and_cured(lived: Path, model: str) -> None:
    table = f"monitoring/{model}/action"
    actions = lake(lived).scan(table, lake(lived).months(table)).filter("actionable").collect()
    first = actions.filter(action="retrain")["snapshot_month"].min()
    assert first == add_months(TURNS, 2)  # the first cohort after the turn is known two months later
    assert actions.sort("snapshot_month")["action"][-1] == "monitor"
    metrics = lake(lived).scan(f"monitoring/{model}/performance", month_range(TURNS, LAST)).collect()
    auc = dict(metrics.filter(metric="roc_auc", segment="all").select("snapshot_month", "value").iter_rows())
    assert auc[add_months(TURNS, 2)] < 0.5
    assert auc[LAST] > 0.8


@pytest.mark.slow
def test_its_own_key_identifies_a_case_everywhere(lived: Path) -> None:
    scored = lake(lived).scan(f"prediction/{MODELS[0]}", [LAST]).collect()
    assert scored.columns[:3] == ["snapshot_month", "contract_id", "member_id"]
    assert scored.select(pl.col("reason_1").is_in(["R01", "R02", "R03"]).all()).item()
    explained = gym(lived, "explain", str(scored["contract_id"][0]), "--json")
    found = json.loads(explained.stdout)
    assert found["contract_id"] == scored["contract_id"][0]
    assert [model["is_reproduced"] for model in found["models"]] == [True, True]
    unknown = gym(lived, "explain", "C0")
    assert (unknown.returncode, "contract C0: no application" in unknown.stderr) == (1, True)


@pytest.mark.slow
def test_a_month_is_made_again_bit_for_bit(lived: Path) -> None:
    replayed = gym(lived, "replay", "--as-of", f"{add_months(TURNS, 3):%Y-%m}")
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr


@pytest.mark.slow
def test_its_samples_are_views_under_its_own_keys(lived: Path) -> None:
    assert require_samples_of_every_version(lake(lived), GYM.load_policy().model) > len(MODELS)


@pytest.mark.slow
def test_its_pages_leave_out_what_it_does_not_have(lived: Path) -> None:
    page = (lived / "data" / "reports" / "monitoring_dashboard.html").read_text(encoding="utf-8")
    assert "Is each model fit for use" in page or "fit for use" in page
    assert "Roll rates" not in page
    assert "Vintages" not in page


@pytest.mark.slow
def test_the_folder_says_whose_it_is_and_is_refused_to_others(lived: Path) -> None:
    assert f"portfolio: {ADDRESS}" in (lived / "data" / "platform.yaml").read_text(encoding="utf-8")
    assert run_verb("status", **(variables(lived) | {"CREDIT_PORTFOLIO": ""})).returncode == 0
    refused = run_verb("status", **(variables(lived) | {"CREDIT_PORTFOLIO": "loans"}))
    assert refused.returncode == 1
    assert f"holds a book of the portfolio {ADDRESS}" in refused.stderr or "holds tables of" in refused.stderr


def test_a_folder_of_loans_is_refused_to_the_gym(tmp_path: Path) -> None:
    (tmp_path / "data" / "bronze" / LOANS.sources[0].name).mkdir(parents=True)
    refused = gym(tmp_path, "status")
    assert (refused.returncode, f"holds tables of {LOANS.sources[0].name}" in refused.stderr) == (1, True)


def test_a_month_without_rows_of_the_required_source_is_named(tmp_path: Path) -> None:
    write_gym(tmp_path / "raw")
    file = tmp_path / "raw" / "gym_contracts.csv"
    rows = pl.read_csv(file, infer_schema=False)
    rows.filter(pl.col("snapshot_date") != "2023-03-01").write_csv(file)
    built = gym(tmp_path, "backfill", "--from", "2023-03", "--to", "2023-03", "--job", "build_month")
    assert (built.returncode, "gym_contracts" in built.stdout) == (1, True)
    assert not lake(tmp_path).has(CONTRACTS, add_months(FIRST, 2))


@pytest.mark.parametrize("name", ["mortgages", "credit_platform_tests.toy_portfolio:CONTRACTS", "no.such.module:BOOK"])
def test_a_name_that_is_no_portfolio_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(SettingsError, match="CREDIT_PORTFOLIO"):
        portfolio_named(name)


def test_the_loans_are_found_by_name_and_others_by_address() -> None:
    assert portfolio_named("loans") is LOANS
    assert portfolio_named(ADDRESS) is GYM
