"""Every recipe of the guide, performed as it is written: on a copy of the package and of a small finished book."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest
import yaml

from credit_platform.cli.instance import open_instance
from credit_platform.lake.models.model_store import ModelStore
from credit_platform.lake.models.stored_version import Versions
from credit_platform_tests.guide.leases import leases
from credit_platform_tests.guide.pages import GUIDE, ROOT, apply_edits, blocks_of, commands_of, section
from credit_platform_tests.small_book import LAST, BookFolders, check_results

RECIPES = (GUIDE / "recipes.md").read_text(encoding="utf-8")
TITLES = ("A threshold", "A model", "Bins by hand", "A feature", "A check", "A source", "A portfolio")
JULY = date(2024, 7, 1)


@dataclass(frozen=True)
class Kitchen:
    """A copy of the package and a book of its own, in which a recipe is performed."""

    root: Path
    book: BookFolders
    title: str
    programs: Path = Path(sys.executable).parent

    @property
    def text(self) -> str:
        return section(RECIPES, self.title)

    def edit(self) -> list[Path]:
        """Write the files and make the edits the recipe shows; the Python files touched."""
        touched: list[Path] = []
        for block in blocks_of(self.text):
            if block.language == "diff":
                touched += apply_edits(self.root, block.text)
            elif block.language == "python" and block.file:
                (self.root / block.file).write_text(block.text, encoding="utf-8")
                touched.append(self.root / block.file)
            elif block.language == "yaml" and block.file and "/" in block.file:
                self._replace_sections(self.root / block.file, block.text)
            elif block.language == "yaml" and block.file:
                with (self.book.policy_dir / block.file).open("a", encoding="utf-8") as policy:
                    policy.write(f"\n{block.text}")
        return [file for file in touched if file.suffix == ".py"]

    def _replace_sections(self, file: Path, text: str) -> None:
        """Put the sections of a block in the place of those of a policy file, in a copy of the loans' files."""
        if not file.parent.is_dir():
            shutil.copytree(self.root / "credit_platform" / "portfolios" / "loans" / "policy", file.parent)
        sections = yaml.safe_load(file.read_text(encoding="utf-8")) | yaml.safe_load(text)
        file.write_text(yaml.safe_dump(sections, sort_keys=False), encoding="utf-8")

    def run(self) -> str:
        """Run the recipe's commands with the edited package; what they print."""
        said: list[str] = []
        own = {
            "CREDIT_DATA_DIR": str(self.book.data_dir),
            "CREDIT_RAW_DIR": str(self.book.raw_dir),
            "CREDIT_POLICY_DIR": str(self.book.policy_dir),
        }
        for command in commands_of(self.text):
            if command.words[0] == "export":
                own = dict(word.split("=", 1) for word in command.words[1:])
                continue
            done = self.start(*command.words, **own)
            assert done.returncode == command.exit_code, f"{command}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
            said.append(done.stdout)
        return "\n".join(said)

    def start(self, program: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment with the edited package."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("CREDIT_")}
        return subprocess.run(
            [str(self.programs / program), *arguments],
            env=inherited | variables | {"PYTHONPATH": str(self.root), "COLUMNS": "250"},
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )

    def ask(self) -> pl.DataFrame:
        """The answer to the recipe's SQL."""
        (query,) = (block.text for block in blocks_of(self.text) if block.language == "sql")
        with duckdb.connect(self.book.layout.datamart, read_only=True) as connection:
            return connection.sql(query.strip().rstrip(";")).pl()


def kitchen(title: str, book: BookFolders, root: Path) -> Kitchen:
    """A copy of the package beside a book, with the policy in a folder of its own."""
    shutil.copytree(ROOT / "credit_platform", root / "credit_platform", ignore=shutil.ignore_patterns("__pycache__"))
    policy = root / "policy"
    policy.mkdir()
    if book.policy_dir.is_dir():
        shutil.copytree(book.policy_dir, policy, dirs_exist_ok=True)
    return Kitchen(root, BookFolders(book.data_dir, book.raw_dir, policy), title)


@pytest.mark.parametrize("title", TITLES)
def test_the_edits_of_every_recipe_fit_the_package_as_it_is(title: str, tmp_path: Path) -> None:
    nothing = BookFolders(tmp_path / "data", tmp_path / "raw", tmp_path / "none")
    cooked = kitchen(title, nothing, tmp_path / "copy")
    shutil.copy(ROOT / "pyproject.toml", cooked.root)
    touched = cooked.edit()
    for file in touched:
        compile(file.read_text(encoding="utf-8"), str(file), "exec")
    if touched:
        ruff = Path(sys.executable).with_name("ruff")
        command = [str(ruff), "check", "--no-cache", *(str(file) for file in touched)]
        linted = subprocess.run(command, cwd=cooked.root, capture_output=True, text=True, check=False)
        assert linted.returncode == 0, linted.stdout[-2000:]


def test_an_edit_that_does_not_fit_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("one\ntwo\none\n")
    with pytest.raises(AssertionError, match="holds these lines 2 times"):
        apply_edits(tmp_path, "--- a.py\n@@\n-one\n+three\n")
    apply_edits(tmp_path, "--- a.py\n@@\n two\n-one\n+three\n")
    assert (tmp_path / "a.py").read_text() == "one\ntwo\nthree\n"


@pytest.mark.slow
def test_a_threshold_changes_the_verdict_of_the_month(book_copy: BookFolders, tmp_path: Path) -> None:
    cooked = kitchen("A threshold", book_copy, tmp_path / "copy")
    cooked.edit()
    cooked.run()
    assert cooked.ask().height == 4
    floors = {"ks": 0.45, "roc_auc": 0.90}
    for _, metric, value, status in cooked.ask().iter_rows():
        assert (status == "ok") == (value >= floors[metric])
    # The small book is an easy one: floors above what its models reach show that both are held against theirs.
    policy = cooked.book.policy_dir / "monitoring_thresholds.yaml"
    stricter = policy.read_text().replace("data_science_threshold: 0.90", "data_science_threshold: 0.999")
    policy.write_text(stricter.replace("data_science_threshold: 0.45", "data_science_threshold: 0.999"))
    cooked.run()
    warned = {(model, metric) for model, metric, _, status in cooked.ask().iter_rows() if status == "warn"}
    assert warned == {("gradient_boosting", "roc_auc"), ("gradient_boosting", "ks"), ("scorecard", "ks")}


@pytest.mark.slow
def test_a_model_is_trained_and_scores_beside_the_others(book_copy: BookFolders, tmp_path: Path) -> None:
    cooked = kitchen("A model", book_copy, tmp_path / "copy")
    cooked.edit()
    cooked.run()
    (version,) = ModelStore(book_copy.layout).versions("random_forest")
    rows = book_copy.lake.scan("prediction/random_forest", [LAST]).collect()
    others = book_copy.lake.scan("prediction/gradient_boosting", [LAST]).collect()
    assert set(rows["model_version"]) == {version}
    assert set(rows["loan_id"]) == set(others["loan_id"])


@pytest.mark.slow
def test_xgboost_on_rebalanced_loans_is_trained_scores_and_is_made_again(
    with_xgboost: Path, book_copy: BookFolders, tmp_path: Path
) -> None:
    cooked = replace(kitchen("XGBoost and rebalancing", book_copy, tmp_path / "copy"), programs=with_xgboost)
    cooked.edit()
    assert "yes, bit for bit" in cooked.run()
    (version,) = ModelStore(book_copy.layout).versions("boosted")
    rows = book_copy.lake.scan("prediction/boosted", [LAST]).collect()
    assert set(rows["model_version"]) == {version}
    metadata = Versions(book_copy.layout).read("boosted", version).metadata
    assert metadata.rebalancing == {"method": "smote_downsample", "smote": 0.6, "downsample": 0.9}
    assert "xgboost" in metadata.libraries


@pytest.mark.slow
def test_bins_by_hand_are_on_the_draft_and_on_the_card(book_copy: BookFolders, tmp_path: Path) -> None:
    cooked = kitchen("Bins by hand", book_copy, tmp_path / "copy")
    cooked.edit()
    said = cooked.run()
    assert "Set by hand: 4 keys of policy." in said
    assert (book_copy.data_dir / "reports" / "scorecard_draft_scorecard_2024-07.html").is_file()
    version = max(ModelStore(book_copy.layout).versions("scorecard"))
    stored = book_copy.lake.versions.read("scorecard", version)
    assert version.startswith("2024-07")
    document = json.loads(stored.files["scorecard.json"])
    found = {one["feature"]: one for one in [*document["characteristics"], *document["dropped"]]}
    key = "models.scorecard.characteristics"
    assert found["outstanding_debt_amount"]["set_by_hand"][f"{key}.outstanding_debt_amount.cut_points"][0] == 500
    assert found["credit_mix"]["reason"] == "excluded by policy"
    assert len(stored.metadata.set_by_hand or {}) == 4
    card = book_copy.layout.version_report("scorecard", version, "_card.md").read_text(encoding="utf-8")
    assert f"{key}.credit\\_mix.use" in card or f"{key}.credit_mix.use" in card


@pytest.mark.slow
def test_a_feature_is_in_the_store_and_in_the_next_version(book_copy: BookFolders, tmp_path: Path) -> None:
    cooked = kitchen("A feature", book_copy, tmp_path / "copy")
    before = set(ModelStore(book_copy.layout).versions("gradient_boosting"))
    cooked.edit()
    cooked.run()
    store = pl.read_parquet(book_copy.data_dir / "gold" / "feature_store" / f"{LAST}.parquet")
    expected = store["outstanding_debt_amount"] / store["n_financial_products"]
    known = store.with_columns(expected=expected).filter(pl.col("n_financial_products") > 0)
    assert known.height > 50
    assert known.select((pl.col("debt_per_product") - pl.col("expected")).abs().max()).item() < 1e-9
    assert cooked.ask().height == 20
    (version,) = set(ModelStore(book_copy.layout).versions("gradient_boosting")) - before
    features = (book_copy.layout.model_version("gradient_boosting", version) / "features.json").read_text()
    assert "debt_per_product" in features


@pytest.mark.slow
def test_a_check_has_a_result_for_every_month(book_copy: BookFolders, tmp_path: Path) -> None:
    cooked = kitchen("A check", book_copy, tmp_path / "copy")
    cooked.edit()
    cooked.run()
    with open_instance(cooked.book.settings()) as instance:
        for model in ("gradient_boosting", "scorecard"):
            table = f"prediction/{model}"
            found = check_results(instance, table, "decline_rate_is_plausible")
            for month in (JULY, LAST):
                rows = book_copy.lake.scan(table, [month]).collect()
                is_fine = rows.filter(decision="decline").height / rows.height <= 0.60
                assert found[month.isoformat()] == ("SUCCEEDED" if is_fine else "FAILED", True)


@pytest.mark.slow
def test_a_source_is_cleaned_counted_and_asked_for(book_copy: BookFolders, tmp_path: Path) -> None:
    own_raw = BookFolders(book_copy.data_dir, tmp_path / "raw", book_copy.policy_dir)
    shutil.copytree(book_copy.raw_dir, own_raw.raw_dir)
    cooked = kitchen("A source", own_raw, tmp_path / "copy")
    cooked.edit()
    (example,) = (block for block in blocks_of(cooked.text) if block.language == "csv")
    header, good, empty = example.text.splitlines()
    months = ["2024-07-01", "2024-08-01"]
    lines = [
        line.replace("2024-07-01", month) for month in months for line in (good, empty, good.replace("0x1", "0x3"))
    ]
    (own_raw.raw_dir / str(example.file)).write_text("\n".join([header, *lines, lines[0]]) + "\n")
    cooked.run()
    silver = pl.read_parquet(book_copy.data_dir / "silver" / "customer_bureau_scores" / "2024-07-01.parquet")
    assert dict(silver.select("customer_id", "bureau_score").iter_rows()) == {
        "CUS_0x1": 612,
        "CUS_0x2": 640,
        "CUS_0x3": 612,
    }
    balance = {row["snapshot_month"]: row for row in cooked.ask().iter_rows(named=True)}
    assert balance[JULY] | {"snapshot_month": JULY} == {
        "snapshot_month": JULY,
        "rows_in": 4,
        "rows_out": 3,
        "quarantined": 0,
        "rows_repaired": 1,
    }
    assert balance[LAST]["rows_out"] == 3


@pytest.mark.slow
def test_a_portfolio_lives_its_whole_life(tmp_path: Path) -> None:
    book = BookFolders(tmp_path / "copy" / "leases_data", tmp_path / "copy" / "leases_data" / "raw", tmp_path / "none")
    cooked = kitchen("A portfolio", book, tmp_path / "copy")
    cooked.edit()
    (example,) = (block for block in blocks_of(cooked.text) if block.language == "csv")
    book.raw_dir.mkdir(parents=True)
    (book.raw_dir / str(example.file)).write_text("\n".join([example.text.splitlines()[0], *leases()]) + "\n")
    assert "missing" in cooked.run()
    assert "portfolio: leases:LEASES" in (book.data_dir / "platform.yaml").read_text(encoding="utf-8")
    assert dict(cooked.ask().select("model", "months").iter_rows()) == {
        "gradient_boosting": 10,
        "scorecard": 10,
    }
    # Later commands read the portfolio from the folder; under another name the folder is refused.
    again = cooked.start("credit-platform", "status", CREDIT_DATA_DIR=str(book.data_dir))
    other = cooked.start("credit-platform", "status", CREDIT_DATA_DIR=str(book.data_dir), CREDIT_PORTFOLIO="loans")
    assert (again.returncode, other.returncode) == (0, 1)
    assert "CREDIT_PORTFOLIO" in other.stderr
