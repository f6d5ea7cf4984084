"""Every command and query of the README and the guide: run on a small finished book, it ends as the page says."""

from __future__ import annotations

import contextlib
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from cyclopts import MissingArgumentError

from credit_platform.cli import main as command_line
from credit_platform.lake.models.model_store import ModelStore
from credit_platform.lake.tables.catalog import refresh_datamart
from credit_platform_tests.guide.pages import GUIDE, PAGES, ROOT, Command, blocks_of, commands_of, inline_commands
from credit_platform_tests.small_book import LAST, PREVIEW_ALLOWED, BookFolders

pytestmark = [
    *PREVIEW_ALLOWED,
    # The program reads its arguments itself, which the library takes for a slip within tests.
    pytest.mark.filterwarnings("ignore:Cyclopts application invoked without tokens"),
]

TEXTS = {page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8") for page in PAGES}
WITH_COMMANDS = [name for name, text in TEXTS.items() if commands_of(text)]
# Performed elsewhere, because they take long, serve until stopped or need an edit first: where each is run instead.
ELSEWHERE = {
    "make demo": "credit_platform_tests/cli/lab/test_demo.py",
    "make ui": "credit_platform_tests/browser/test_dagster_ui.py",
    "credit-platform backfill": "credit_platform_tests/conftest.py",
}
# Pages with a test of their own that runs what they show.
WITH_OWN_TEST = {
    "credit_platform/guide/recipes.md": "credit_platform_tests/guide/test_recipes.py",
    "credit_platform/guide/operations.md": "credit_platform_tests/cli/test_operations_guide.py",
    "credit_platform/guide/your-own-tape.md": "credit_platform_tests/guide/test_your_own_tape.py",
    "credit_platform/guide/churn.md": "credit_platform_tests/guide/test_churn.py",
    "credit_platform/guide/home-credit.md": "credit_platform_tests/guide/test_home_credit.py",
    "credit_platform/guide/your-own-book.md": "credit_platform_tests/cli/test_new_portfolio.py",
}
RUN_HERE = [name for name in WITH_COMMANDS if name not in WITH_OWN_TEST]
# Verbs that read, in a second or less; the others run with the slow tests.
QUICK = {
    "status",
    "timeline",
    "models",
    "explain",
    "alerts",
    "audit",
    "clean",
    "score",
    "dictionary",
    "doctor",
    "scorecard",
    "serve",
    "serve-key",
    "decision",
}


# Verbs shown within sentences that no block runs: the test that does, and its call.
_HOME_CREDIT = ("credit_platform_tests/guide/test_home_credit.py", "ended = book.verb(*words(theirs, book))")
_CHURN = ("credit_platform_tests/guide/test_churn.py", "ended = book.verb(*words[1:])")
VERBS_RUN_ELSEWHERE = {
    "credit-platform init": _CHURN,
    "credit-platform train --months 4": _CHURN,
    "credit-platform continuous --months 4": _CHURN,
    "credit-platform score --model model_2 --as-of MONTH --plain --out predictions.csv": _HOME_CREDIT,
    "credit-platform promote --model model_2 --version VERSION --stage Production --archive-existing --approver NAME "
    "--reason TEXT": _HOME_CREDIT,
    "credit-platform simulate --drift concept --from 2023-03 --strength 0.7": (
        "credit_platform_tests/cli/lab/test_simulate.py",
        'run_command("simulate", *drifts, *size,',
    ),
    "credit-platform drift": ("credit_platform_tests/cli/run/test_verbs.py", 'run(verb, "--drift"'),
    "credit-platform fidelity FOLDER": ("credit_platform_tests/cli/lab/test_fidelity.py", '["fidelity", str('),
    "credit-platform ui --portfolio loans --portfolio home_credit": (
        "credit_platform_tests/cli/test_ui.py",
        '"--portfolio", "loans", "--portfolio", "home_credit"',
    ),
    "credit-platform migrate --dry-run": (
        "credit_platform_tests/old_release/test_migration.py",
        'verb("migrate", "--dry-run")',
    ),
    "credit-platform explain ID --notice": (
        "credit_platform_tests/cli/versions/test_notice.py",
        'verb("explain", loan, "--notice")',
    ),
    "credit-platform map FILE": ("credit_platform_tests/cli/test_column_map.py", "map_columns(file_of(tmp_path)"),
    "credit-platform serve --port 8000": ("credit_platform_tests/cli/serve/test_serve.py", '"serve", "--port", "0"'),
    "credit-platform decision ID": (
        "credit_platform_tests/cli/serve/test_serve.py",
        'book.verb("decision", decision)',
    ),
    "credit-platform demo": ("credit_platform_tests/cli/lab/test_demo.py", 'run_command("demo",'),
    "credit-platform quick-demo": ("credit_platform_tests/cli/run/test_verbs.py", 'run("quick-demo")'),
    "credit-platform setup": ("credit_platform_tests/cli/run/test_verbs.py", 'run("setup")'),
    "credit-platform all": ("credit_platform_tests/cli/run/test_verbs.py", 'run("all")'),
    "credit-platform continuous": ("credit_platform_tests/cli/run/test_continuous.py", 'verb("continuous",'),
    "credit-platform ui": ("credit_platform_tests/browser/conftest.py", '"ui"'),
    "credit-platform ui --allow-host ui.example.org": ("credit_platform_tests/cli/test_ui.py", 'run_verb("ui",'),
    "credit-platform clean --yes": ("credit_platform_tests/cli/test_usage.py", 'verb("clean", "--yes")'),
    "credit-platform init --first-month 2023-01 --last-month 2024-12": (
        "credit_platform_tests/cli/test_usage.py",
        'verb("init", "--first-month",',
    ),
    "credit-platform init --last-month YYYY-MM": (
        "credit_platform_tests/cli/test_usage.py",
        'verb("init", "--last-month",',
    ),
    "credit-platform init --open-ended": ("credit_platform_tests/cli/test_usage.py", 'verb("init", "--open-ended")'),
}


@dataclass(frozen=True)
class Shape:
    """A command without its values: verb, options, and whether it is given something besides."""

    verb: str
    options: frozenset[str]
    is_given_something: bool

    @property
    def is_bare(self) -> bool:
        """Whether it only names a verb."""
        return not self.options and not self.is_given_something


def shape_of(words: tuple[str, ...]) -> Shape:
    """The shape of a command's words; verbs of two words are one."""
    two = words[:2] in {("audit", "show"), ("audit", "verify"), ("drill", "rollback"), ("scorecard", "fit")}
    two |= words[:1] == ("serve-key",) or words[:2] == ("decision", "verify")
    verb, rest = " ".join(words[: 1 + two]), words[1 + two :]
    options = frozenset(word for word in rest if word.startswith("--"))
    return Shape(verb, options, bool(rest) and not rest[0].startswith("--"))


def filled(command: Command, book: BookFolders) -> list[str]:
    """The command's arguments with the words in capitals filled in from the book."""
    loan = book.lake.scan("prediction/gradient_boosting", [LAST]).collect()["loan_id"][0]
    version = max(ModelStore(book.layout).versions("gradient_boosting"))
    return [{"LOAN_ID": loan, "VERSION": version}.get(word, word) for word in command.words[1:]]


def ended(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    """Run the command line in this process; the exit code."""
    monkeypatch.setattr(sys, "argv", ["credit-platform", *arguments])
    with pytest.raises(SystemExit) as left:
        command_line.main()
    return left.value.code if isinstance(left.value.code, int) else 0


@pytest.fixture
def at_home(book_copy: BookFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BookFolders:
    """The settings of a reader who works in a folder of their own on a finished book."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.setenv("CREDIT_DATA_DIR", str(book_copy.data_dir))
    monkeypatch.setenv("CREDIT_RAW_DIR", str(book_copy.raw_dir))
    monkeypatch.setenv("CREDIT_POLICY_DIR", str(book_copy.policy_dir))
    # As after copying a folder: its views read the original until somebody makes them again.
    refresh_datamart(book_copy.layout)
    rows = book_copy.lake.scan("gold/feature_store", [LAST]).collect()
    rows.write_csv(tmp_path / "applications.csv")
    for source, name in (("features_attributes", "a.csv"), ("features_financials", "f.csv")):
        raw = book_copy.lake.scan(f"bronze/{source}", [LAST]).select(book_copy.kind.source(source).columns)
        raw.collect().write_csv(tmp_path / name)
    return book_copy


def run_page(name: str, book: BookFolders, monkeypatch: pytest.MonkeyPatch, *, verbs: set[str] | None) -> list[str]:
    """Run the page's commands in order, of some verbs only if given; the commands that ended otherwise than told."""
    wrong: list[str] = []
    for command in commands_of(TEXTS[name]):
        if command.words[0] != "credit-platform" or str(command) in ELSEWHERE or "ui" in command.words:
            continue
        if verbs is not None and command.words[1] not in verbs:
            continue
        code = ended(filled(command, book), monkeypatch)
        if code != command.exit_code:
            wrong.append(f"{command} ended with {code}, the page says {command.exit_code}")
    return wrong


@pytest.mark.parametrize("name", RUN_HERE)
def test_commands_that_read_end_as_the_page_says(
    name: str, at_home: BookFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_page(name, at_home, monkeypatch, verbs=QUICK) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", RUN_HERE)
def test_all_commands_of_a_page_end_as_it_says_in_its_order(
    name: str, at_home: BookFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_page(name, at_home, monkeypatch, verbs=None) == []


def test_a_command_that_ends_otherwise_is_found(at_home: BookFolders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TEXTS, "made up", "```console\n$ credit-platform clean\n$ credit-platform stat  # exits 2\n```")
    assert run_page("made up", at_home, monkeypatch, verbs=None) == [
        "credit-platform clean ended with 1, the page says 0"
    ]


@pytest.mark.parametrize("name", [name for name in TEXTS if name not in WITH_OWN_TEST])
def test_what_a_console_block_shows_is_run_here_or_named_as_run_elsewhere(name: str) -> None:
    for command in commands_of(TEXTS[name]):
        if command.words[0] == "make":
            assert (ROOT / ELSEWHERE[str(command)]).is_file(), command
            shown = subprocess.run(["make", "-n", *command.words[1:]], cwd=ROOT, capture_output=True, check=False)
            assert shown.returncode == 0, command
        else:
            assert command.words[0] in {"credit-platform", "export"}, command
    assert all((ROOT / file).is_file() for file in ELSEWHERE.values())
    own = {page: test for page, test in WITH_OWN_TEST.items() if page in TEXTS}
    assert all((ROOT / test).is_file() for test in own.values())


@pytest.mark.parametrize("name", TEXTS)
def test_commands_within_sentences_are_run_in_a_block_or_elsewhere(name: str) -> None:
    run = {shape_of(command.words[1:]) for text in TEXTS.values() for command in commands_of(text)}
    verbs_run = {shape.verb for shape in run}
    for written in inline_commands(TEXTS[name]):
        program, *words = written.split()
        shape = shape_of(tuple(words))
        if program == "make" or shape in run or shape.verb in {"VERB", "--help"}:
            continue
        if shape.is_bare and shape.verb in verbs_run:
            continue
        test, call = VERBS_RUN_ELSEWHERE[written]
        assert call in (ROOT / test).read_text(encoding="utf-8"), written


@pytest.mark.parametrize("name", TEXTS)
def test_commands_within_sentences_can_be_called(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for written in inline_commands(TEXTS[name]):
        program, *words = shlex.split(written.replace("...", "X"))
        if program == "make":
            assert {word for word in words if "=" not in word} <= targets, written
        elif words[0] not in {"VERB", "--help"}:
            # A sentence may leave out what the verb asks for; it may not name what is not there.
            with contextlib.suppress(MissingArgumentError):
                command_line.app.parse_args(words, exit_on_error=False, print_error=False)


def test_every_verb_is_on_the_page_of_commands() -> None:
    page = TEXTS["credit_platform/guide/commands.md"]
    verbs = [verb for verb in command_line.app if not verb.startswith("-")]
    assert len(verbs) > 10
    assert [verb for verb in verbs if not re.search(rf"credit-platform {verb}\b|`{verb}[ `]", page)] == []


@pytest.mark.parametrize("name", [name for name in TEXTS if name not in WITH_OWN_TEST])
def test_every_query_has_an_answer(name: str, at_home: BookFolders) -> None:
    loan = at_home.lake.scan("prediction/gradient_boosting", [LAST]).collect()["loan_id"][0]
    with duckdb.connect(at_home.layout.datamart, read_only=True) as connection:
        for block in blocks_of(TEXTS[name]):
            for query in block.text.split(";") if block.language == "sql" else []:
                if not query.strip():
                    continue
                found = connection.sql(query.replace("LOAN_ID", loan))
                assert found is None or len(found.fetchall()) > 0, query


def test_the_guide_is_linked_from_the_readme() -> None:
    linked = set(re.findall(r"\]\(credit_platform/guide/([\w-]+\.md)\)", TEXTS["README.md"]))
    assert linked == {page.name for page in GUIDE.glob("*.md")}


@pytest.mark.parametrize("name", TEXTS)
def test_links_lead_to_files(name: str) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", TEXTS[name]):
        if not target.startswith("http"):
            assert (ROOT / Path(name).parent / target).exists(), target
