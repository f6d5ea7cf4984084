"""Cases of kind F: what is personal is never quoted, texts of people stay texts, foreign pages start nothing."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from traceback import format_exception

import dagster as dg
import polars as pl
import pytest
from rich.console import Console

from credit_platform.automation.alert_delivery import AlertDispatcher
from credit_platform.automation.run_problems import problems_of
from credit_platform.cli.printing import folding_table
from credit_platform.cli.run.runs import Runner
from credit_platform.cli.versions.score import write_predictions
from credit_platform.code_location import build_definitions
from credit_platform.errors import CreditPlatformError, WithheldError
from credit_platform.lake.raw.deliveries import REPLACE_TAG
from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.action.alerts import failure_event
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.tables import tables_of
from credit_platform.reports.dashboard.dashboard import dashboard_page
from credit_platform.reports.documents.action_report import history_csv
from credit_platform.reports.documents.document import (
    Bullets,
    Document,
    Part,
    facts,
    markdown_list,
    to_html,
    to_markdown,
)
from credit_platform.reports.figures.svg import action_svg
from credit_platform.reports.page import Section, facts_html, figure_html, table_html
from credit_platform.settings import Settings
from credit_platform_tests.bad_inputs.cells import CELLS
from credit_platform_tests.bad_inputs.delivery import ATTRIBUTES, MONTHS, BadInput, deliver, outcome_of, reception
from credit_platform_tests.bad_inputs.files import FILES
from credit_platform_tests.field_faults.catalogue import case
from credit_platform_tests.field_faults.planted import NAME, NUMBER, ODD_PLACES, found_in, leaks, plant
from credit_platform_tests.reports.conftest import overview
from credit_platform_tests.small_book import PREVIEW_ALLOWED, run_verb

SOURCES = tuple(source.name for source in LOANS.sources)


# Where a shifted name becomes somebody's key or occupation: tables, which are no messages.
CLEANED = frozenset({"silver"})


HOSTILE = ("<script>x()</script>", "<!--<script>", "</script><b>", "'\"><img src=x onerror=x()>", "](javascript:x())")


FORMULAS = ("=HYPERLINK(1)", "+1", "-1", "@x", "\t=1", "\r=1")


@pytest.fixture
def shifted_into() -> frozenset[str]:
    return CLEANED


def everything(raw: Path) -> None:
    """All four sources, the person in every row of the attributes."""
    for source in SOURCES:
        plant(deliver(raw, source))


def error_of(lake: Lake, source: str) -> str:
    """What a delivery ends with, as the run history keeps it: the message and whatever caused it."""
    try:
        received = reception(lake, source).receive(MONTHS)
    except CreditPlatformError as error:
        return "".join(format_exception(error))
    outcome = outcome_of(lake, source)
    return " ".join([outcome.refusal, *outcome.held_back.values(), *(str(one) for one in received.receipts)])


@case("F1", given="the header line of the attributes file is missing", right="positions and shapes, no name, no number")
def test_a_line_taken_for_the_header_is_described_and_not_quoted(tmp_path: Path) -> None:
    lake = Lake.at(tmp_path / "data", tmp_path / "raw", portfolio=LOANS)
    file = deliver(lake.layout.raw_dir, ATTRIBUTES)
    plant(file)
    ODD_PLACES["no header"](file)
    said = error_of(lake, ATTRIBUTES)
    assert "unknown column 1 (text of 8 characters, 3 digits), 2 (text of 18 characters, 0 digits)" in said
    assert found_in(said) == []


@case(
    "F5",
    given="a name and a number in odd places of every file of the catalogues, and in files under another name",
    right="neither in a message nor in anything written besides bronze and quarantine",
)
@pytest.mark.parametrize("spoil", [*ODD_PLACES.values()], ids=[*ODD_PLACES])
@pytest.mark.parametrize("read", SOURCES)
def test_odd_places_disclose_nothing(tmp_path: Path, read: str, spoil: object) -> None:
    lake = Lake.at(tmp_path / "data", tmp_path / "raw", portfolio=LOANS)
    everything(lake.layout.raw_dir)
    assert callable(spoil)
    spoil(lake.layout.raw_dir / f"{ATTRIBUTES}.csv")
    assert found_in(error_of(lake, read)) == []
    assert list(leaks(lake.layout.data_dir, besides=CLEANED)) == []


@pytest.mark.parametrize("entry", [*FILES, *CELLS], ids=lambda entry: entry.name)
def test_no_case_of_the_catalogue_discloses_anything(tmp_path: Path, entry: BadInput) -> None:
    lake = Lake.at(tmp_path / "data", tmp_path / "raw", portfolio=LOANS)
    everything(lake.layout.raw_dir)
    for source in {entry.source, ATTRIBUTES}:
        try:
            entry.spoil(lake.layout.raw_dir / f"{source}.csv")
        except (ValueError, IndexError, pl.exceptions.ColumnNotFoundError):
            assert source != entry.source, "spoils a column that the attributes do not have"
        assert found_in(error_of(lake, source)) == []
    assert list(leaks(lake.layout.data_dir)) == []


def settings_of(root: Path) -> Settings:
    return Settings(
        data_dir=root / "data",
        raw_dir=root / "raw",
        first_month=MONTHS[0],
        last_month=MONTHS[-1],
        is_book_known=True,
        policy_dir=None,
        automation="stopped",
        policy=LOANS.load_policy(None),
    )


def told_by_runs(root: Path, names: Sequence[str]) -> str:
    """Run the book once per odd place, in one data folder with its history and its alerts; what is said of the runs."""
    settings = settings_of(root)
    repository = build_definitions(LOANS, settings).get_repository_def()
    lake = Lake.at(settings.data_dir, settings.raw_dir, portfolio=LOANS)
    dispatcher = AlertDispatcher(lake, settings.policy.monitoring, list(settings.policy.model.models), settings.alerts)
    (settings.data_dir / ".dagster").mkdir(parents=True)
    said: list[str] = []
    tables = [*(f"bronze/{source}" for source in SOURCES), f"silver/{LOANS.source(ATTRIBUTES).table}"]
    with dg.DagsterInstance.local_temp(str(settings.data_dir / ".dagster")) as instance:
        runner = Runner(repository, LOANS, instance, Console(file=io.StringIO()), "test", tags={REPLACE_TAG: "true"})
        for name in names:
            for file in settings.raw_dir.glob("*"):
                file.unlink()
            everything(settings.raw_dir)
            ODD_PLACES[name](settings.raw_dir / f"{ATTRIBUTES}.csv")
            outcome = runner.run("build_month", MONTHS[0], MONTHS[1], assets=tables)
            said += outcome.problems
            event = failure_event("build_month", MONTHS[1], outcome.run_id, problems_of(instance, outcome.run_id))
            dispatcher.tell([event])
            said.append(event.body)
    return "\n".join(said)


def assert_silent(root: Path, said: str) -> None:
    assert "text of 18 characters, 0 digits" in said
    assert found_in(said) == []
    history = b"".join(file.read_bytes() for file in (root / "data" / ".dagster").rglob("*.db"))
    assert b"text of 18 characters, 0 digits" in history
    assert b"text of 18 characters, 0 digits" in (root / "data" / "alerts" / "ledger.jsonl").read_bytes()
    assert list(leaks(root / "data", besides=CLEANED)) == []


class TestRuns:
    pytestmark = PREVIEW_ALLOWED

    def test_neither_history_nor_alerts_hold_a_name(self, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
        assert_silent(tmp_path, told_by_runs(tmp_path, ["sound", "no header", "shifted by two"]))
        assert found_in("".join(capfd.readouterr())) == []

    @pytest.mark.slow
    def test_nor_after_any_odd_place(self, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
        assert_silent(tmp_path, told_by_runs(tmp_path, list(ODD_PLACES)))
        assert found_in("".join(capfd.readouterr())) == []


def test_what_a_library_says_of_such_rows_is_withheld() -> None:
    rows = pl.LazyFrame({"Name": [NAME], "SSN": [NUMBER]})
    for table in ("bronze/features_attributes", "silver/customer_attributes", "quarantine/customer_attributes"):
        said = f"{table}: InvalidOperationError at"
        with pytest.raises(WithheldError, match=said) as withheld, tables_of(LOANS).disclosing(table):
            rows.select(pl.col("Name").cast(pl.Int64)).collect()
        assert found_in("".join(format_exception(withheld.value))) == []
    with pytest.raises(pl.exceptions.InvalidOperationError), tables_of(LOANS).disclosing("bronze/lms_loan_daily"):
        rows.select(pl.col("Name").cast(pl.Int64)).collect()


@pytest.mark.parametrize("name", ["in place of the loans", "no header"])
def test_the_command_line_says_no_name(tmp_path: Path, name: str) -> None:
    everything(tmp_path / "raw")
    ODD_PLACES[name](tmp_path / "raw" / f"{ATTRIBUTES}.csv")
    folders = {"CREDIT_DATA_DIR": str(tmp_path / "data"), "CREDIT_RAW_DIR": str(tmp_path / "raw")}
    for arguments in (("init",), ("status",), ("doctor",)):
        ended = run_verb(*arguments, **folders)
        assert found_in(ended.stdout + ended.stderr) == []
    assert list(leaks(tmp_path / "data")) == []


@pytest.mark.parametrize("text", HOSTILE)
@case("F3", given='--reason "campaign <!--<script> started"', right="every figure and every text of the page is there")
def test_texts_of_people_stay_texts(text: str) -> None:
    seen = overview()
    told = seen.actions.with_columns(reasons=pl.lit(f"override: {text}"))
    page = dashboard_page(replace(seen, actions=told))
    assert_harmless(page, text)
    figures = re.findall(r"<script type='application/json' data-figure='[^']+'>(.*?)</script>", page, re.DOTALL)
    assert len(figures) > 8
    for figure in figures:
        json.loads(figure)
        assert not set("<>&\u2028\u2029") & set(figure)


def assert_harmless(page: str, text: str) -> None:
    assert text not in page or not set(text) & set("<>")
    assert page.count("<script") == page.count("</script>")
    assert "onerror=x()>" not in page


@pytest.mark.parametrize("text", [*HOSTILE, "a\u2028b&lt;"])
def test_every_part_of_a_page_escapes(text: str) -> None:
    frame = pl.DataFrame({"a": [text]})
    figure = {"data": [{"text": [text]}], "layout": {"height": 1}}
    parts = [
        Section(text, text, "").to_html(),
        facts_html([(text, [text])]),
        table_html(frame, headings=[text], links={"a": [text]}),
        figure_html(figure, name="x", label=text),  # pyrefly: ignore
        action_svg([date(2024, 1, 1)], ["monitor"], [True], title=text),
        to_html(Document(text, text, (Part(text, text, (text, Bullets((text,)), facts([(text, text)]))),))),
    ]
    for part in parts:
        assert_harmless(part, text)
    content = re.findall(r"<script type='application/json' data-figure='x'>(.*)</script>", parts[3])
    assert json.loads(content[0]) == figure


@pytest.mark.parametrize("text", [*HOSTILE, "a | b\nc", "![x](http://evil.example/x.png)", "`code`", "# head"])
def test_markdown_shows_a_text_letter_by_letter(text: str) -> None:
    written = to_markdown(Document(text, text, (Part(text, text, (text, Bullets((text,)), facts([(text, text)]))),)))
    for markdown in (written, markdown_list([text])):
        bare = re.sub(r"\\[\\`*<>\[\]|#]", "", markdown)
        assert not set("<>[]`*") & set(bare)
        assert "javascript:" not in bare or "](" not in bare


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("formula", FORMULAS)
@case(
    "F4",
    given="a loan id `=HYPERLINK(...)`",
    right="an apostrophe before it in every CSV for people; numbers as before",
)
def test_no_text_of_an_exported_csv_is_a_formula(tmp_path: Path, formula: str) -> None:
    scored = pl.DataFrame({"loan_id": [formula, "L-1", None], "score": [-1.5, 2.0, None], "n": [-1, 1, None]})
    write_predictions(tmp_path / "out.csv", scored)
    header, first, second, third = rows_of((tmp_path / "out.csv").read_bytes().decode())
    assert header == ["loan_id", "score", "n"]
    assert [first, second, third] == [
        ["'" + formula.replace("\r", " "), "-1.5", "-1"],
        ["L-1", "2.0", "1"],
        ["", "", ""],
    ]
    write_predictions(tmp_path / "out.parquet", scored)
    assert pl.read_parquet(tmp_path / "out.parquet").equals(scored)

    history = rows_of(history_csv(overview().actions.head(1).with_columns(reasons=pl.lit(formula))))
    assert history[1][history[0].index("reasons")] == "'" + formula.replace("\r", " ")


@pytest.mark.parametrize("text", ["[/b]x", "[red]x", "[link=http://evil.example]x[/link]", "a\x1b[31mb"])
@case(
    "F7",
    given="an id or a reason that looks like markup of the terminal, such as `[/b]`, or steers it",
    right="every table of the command line shows it letter by letter",
)
def test_no_text_in_a_table_of_the_command_line_is_markup(text: str) -> None:
    shown = io.StringIO()
    table = folding_table(text, "x", rows=[(text,)])
    table.add_row(text)
    Console(file=shown, width=120).print(table)
    assert shown.getvalue().count(text.replace("\x1b", "\ufffd")) >= 3
    assert "\x1b" not in shown.getvalue()


def test_the_person_is_planted() -> None:
    assert found_in(f"{NAME} {NUMBER}") == ["987-65-4329", "Quorbleton", "Zyxwell"]
