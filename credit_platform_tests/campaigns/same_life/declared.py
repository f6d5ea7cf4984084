"""What may differ between two lives of a book: renames, values of the moment, and changes with a cause in words.

Whoever renames something adds a line to DECLARED, and nothing else. Finding differences belongs to the other modules.

A rename is tried where the new life uses the new name, so that a life may still be held against one of the same code.
Patterns in `within` are those of a shell, where `*` also stands for `/`; they match paths of the new life.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class ModelKey:
    """A model has another key. It is replaced in paths, columns, keys, values and texts, and must be gone from them."""

    old: str
    new: str
    cause: str


@dataclass(frozen=True)
class Path:
    """A table or file lies elsewhere: a regular expression over paths, also tried on texts that name a path.

    Its view in datamart.duckdb is named with `_` for `/`, and takes a `Word` within that file.
    """

    old: str
    new: str
    cause: str


@dataclass(frozen=True)
class Column:
    """A column of some tables has another name."""

    old: str
    new: str
    cause: str
    within: str = "*"


@dataclass(frozen=True)
class Key:
    """A key of some JSON documents has another name."""

    old: str
    new: str
    cause: str
    within: str = "*"


@dataclass(frozen=True)
class Word:
    """Some words are others: in values of tables and documents, and in texts. Replaced wherever they stand."""

    old: str
    new: str
    cause: str
    within: str = "*"


@dataclass(frozen=True)
class Accepted:
    """A change that is meant: any difference at `where` (column, key, part of a page) counts as declared.

    What follows from a model's new key is accepted only where a model has one.
    """

    within: str
    where: str
    cause: str
    only_with_a_renamed_model: bool = False


@dataclass(frozen=True)
class OfTheMoment:
    """A key or column that says when, where or by which commit something was done."""

    within: str
    name: str
    cause: str


@dataclass(frozen=True)
class Drawn:
    """Random ids in pages, by a regular expression; they are numbered in the order in which they first appear."""

    within: str
    pattern: str
    cause: str


@dataclass(frozen=True)
class Follows:
    """Markup of pages that follows from a text beside it, by a regular expression; taken out of both pages."""

    within: str
    pattern: str
    cause: str


@dataclass(frozen=True)
class LeftOut:
    """Files that are not compared."""

    within: str
    cause: str


@dataclass(frozen=True)
class Declarations:
    """All of them."""

    models: tuple[ModelKey, ...] = ()
    paths: tuple[Path, ...] = ()
    columns: tuple[Column, ...] = ()
    keys: tuple[Key, ...] = ()
    words: tuple[Word, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    of_the_moment: tuple[OfTheMoment, ...] = ()
    drawn: tuple[Drawn, ...] = ()
    follows: tuple[Follows, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    def is_of_the_moment(self, file: str, name: str) -> bool:
        """Whether a key or column of a file is not compared."""
        return any(entry.name == name and fnmatchcase(file, entry.within) for entry in self.of_the_moment)

    def left_out_by(self, file: str) -> LeftOut | None:
        """The entry that leaves a file out."""
        return next((entry for entry in self.left_out if fnmatchcase(file, entry.within)), None)

    def accepted_by(self, file: str, where: str) -> Accepted | None:
        """The entry that accepts a difference."""
        fitting = (entry for entry in self.accepted if fnmatchcase(file, entry.within))
        return next((entry for entry in fitting if fnmatchcase(where, entry.where)), None)


_CLOCK = "says when it was done"
_RUN = "Dagster draws a new id for every run"
_COMMIT = "says by which commit it was done"
_BOTH_VIEWS = "for one release a renamed model has its views under both keys"
_QUARANTINE = "quarantine tables are assets of the graph, with materializations and a contract check of their own"
_DAY_COUNT = "days past due count 30 to the month, in every table"
_EXITS = "labels tell what they follow from, and loans without a label have a table of their own"
_SHARES = "shares set aside, first seen late or unknown to a required source have checks and limits"
_CUSTOMERS = "customers of two samples are counted beside the samples"
_SERVICE = "the service has tables of its own, empty where it never ran, and a section of policy"
_DECIDED = "decisions have a table of their own"
_STATUS = "a version is candidate, in force or retired; champion and challenger are models"
_CHAIN = "a hash over times and commits; that it is the hash of its record is verified"

DECLARED = Declarations(
    models=(ModelKey("logistic_regression", "scorecard", "the key says what the model is"),),
    keys=(
        Key("rivalry", "champion_challenger", "the trade's word for it", "archive/policy/*"),
        Key("early_reads", "early_performance", "the trade's word for it", "archive/policy/*"),
        Key("persistence", "run_rules", "the trade's word for it", "archive/policy/*"),
    ),
    words=(
        Word("Logistic regression", "Scorecard", "the key of the model in words"),
        Word("made_challenger", "made_candidate", _STATUS, "audit/audit.jsonl"),
        Word("Champion: it decides", "In force: new cases are scored with it", _STATUS, "reports/models/*"),
        Word(
            "Interim champion: it decides until a version passes all gates",
            "In force as interim, until a version passes all gates",
            _STATUS,
            "reports/models/*",
        ),
        Word(
            "Candidate: stored, not yet fit to compete",
            "Candidate: stored, and not in force",
            _STATUS,
            "reports/models/*",
        ),
        Word(
            "Challenger: may go into production, and has not",
            "Candidate: stored, and not in force",
            _STATUS,
            "reports/models/*",
        ),
        Word("Retired: another version decides", "Retired: another version is in force", _STATUS, "reports/models/*"),
        Word("Champion", "In force", _STATUS, "reports/leaderboard.html"),
        Word("Challenger", "Candidate", _STATUS, "reports/leaderboard.html"),
        Word("Role", "Status", _STATUS, "reports/leaderboard.html"),
        Word(
            "champion_challenger.champion in model_config.yaml.",
            "champion_challenger.champion in model_config.yaml, from a month on.",
            _DECIDED,
            "reports/*",
        ),
        Word("What was scored", "What was scored and decided", _DECIDED, "reports/months/*"),
        Word(
            "Live: by the version in effect then",
            "The champion of the month decides; what the other models say is for comparison. "
            "Live: scored by the version in effect then",
            _DECIDED,
            "reports/months/*",
        ),
    ),
    of_the_moment=(
        OfTheMoment("audit/audit.jsonl", "sequence", "which model of a run comes first depends on its name"),
        OfTheMoment("audit/*.jsonl", "time", _CLOCK),
        OfTheMoment("alerts/*.jsonl", "time", _CLOCK),
        OfTheMoment("audit/deliveries.jsonl", "run_id", _RUN),
        OfTheMoment("audit/retrainings/*.json", "run_id", _RUN),
        OfTheMoment("audit/*.jsonl", "git_commit", _COMMIT),
        OfTheMoment("models/*/manifest.json", "git_commit", _COMMIT),
        OfTheMoment("models/*/manifest.json", "git_dirty", _COMMIT),
        OfTheMoment("models/*/manifest.json", "manifest_sha256", "a hash over the commit; verified by its own rule"),
        OfTheMoment("audit/audit.jsonl", "previous_sha256", _CHAIN),
        OfTheMoment("audit/audit.jsonl", "sha256", _CHAIN),
        OfTheMoment("audit/audit_head.json", "sha256", _CHAIN),
        OfTheMoment("history/checks", "hours_after_month_begin", _CLOCK),
    ),
    accepted=(
        Accepted(
            "reports/charts/*.png",
            "bytes",
            "a picture shows the name of the model; its numbers are compared as figures of monitoring_dashboard.html",
            only_with_a_renamed_model=True,
        ),
        Accepted("datamart.duckdb", "*.logistic_regression*", _BOTH_VIEWS, only_with_a_renamed_model=True),
        Accepted("datamart.duckdb", "*.scorecard*", _BOTH_VIEWS, only_with_a_renamed_model=True),
        Accepted("platform.yaml", "text", "the file says which kind of book the folder holds, and its comment says so"),
        Accepted("history/checks", "quarantine/*", _QUARANTINE),
        Accepted("history/materializations", "quarantine/*", _QUARANTINE),
        Accepted("silver/loan_snapshots/*", "dpd*", _DAY_COUNT),
        Accepted("gold/label_store/*", "dpd", _DAY_COUNT),
        Accepted("gold/label_store/*", "label_basis", _EXITS),
        Accepted("gold/vintages/*", "*30dpd*", _DAY_COUNT),
        Accepted("gold/roll_rates/*", "*", _DAY_COUNT),
        Accepted("history/checks", "silver/loan_snapshots/one_missed_instalment_counts_in_every_month/*", _DAY_COUNT),
        Accepted("gold/unlabelled/*", "whole file", _EXITS),
        Accepted("datamart.duckdb", "*gold.unlabelled*", _EXITS),
        Accepted("history/checks", "gold/unlabelled/*", _EXITS),
        Accepted("history/materializations", "gold/unlabelled/*", _EXITS),
        Accepted("decision/batch/*", "whole file", _DECIDED),
        Accepted("datamart.duckdb", "*decision.batch*", _DECIDED),
        Accepted("history/checks", "decision/batch/*", _DECIDED),
        Accepted("history/materializations", "decision/batch/*", _DECIDED),
        *(
            accepted
            for table in ("decision/online", "monitoring/service")
            for accepted in (
                Accepted(f"{table}/*", "whole file", _SERVICE),
                Accepted("datamart.duckdb", f"*{table.replace('/', '.')}*", _SERVICE),
                Accepted("history/checks", f"{table}/*", _SERVICE),
                Accepted("history/materializations", f"{table}/*", _SERVICE),
            )
        ),
        Accepted("archive/policy/*", "*monitoring*.service*", _SERVICE),
        Accepted("archive/policy/*", "*label.*", _DAY_COUNT),
        Accepted("archive/policy/*", "*maturity.warn_unlabelled", _EXITS),
        Accepted("history/checks", "*/few_rows_are_set_aside*", _SHARES),
        Accepted("history/checks", "*/cases_are_known_from_their_start*", _SHARES),
        Accepted("history/checks", "gold/feature_store/no_source_goes_dark/*", _SHARES),
        Accepted("archive/policy/*", "*set_aside*", _SHARES),
        Accepted("archive/policy/*", "*late_cases*", _SHARES),
        Accepted("archive/policy/*", "*min_covered", _SHARES),
        Accepted("archive/policy/*", "*shared_customers", _CUSTOMERS),
        Accepted("models/*/metadata.json", "*shared_customers*", _CUSTOMERS),
        Accepted("reports/*", "*Data, windows and samples*", _CUSTOMERS),
        Accepted("raw/*", "whole file", "`make` puts a copy of the raw files into the life"),
    ),
    drawn=(
        Drawn(
            "reports/drift/*.html",
            r"(?<![0-9a-f])(?:[0-9a-f]{32}|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})(?![0-9a-f])",
            "Evidently draws ids for its figures",
        ),
    ),
    follows=(
        Follows("reports/*.html", r"(?<=<td) class=short(?=>)", "a cell with a shorter name does not break"),
        Follows("reports/monitoring_dashboard.html", r"(?s)<section id='decisions'>.*?</section>\n?", _DECIDED),
        Follows("reports/monitoring_dashboard.html", r"<a href='#decisions'>[^<]*</a>", _DECIDED),
        Follows(
            "reports/months/*.html", r"<p>(Decided by |Unknown: this month has not been decided)[^<]*</p>", _DECIDED
        ),
    ),
    left_out=(
        LeftOut(".dagster/*", "the run history: ids and times; what checks and runs came to is compared as history/*"),
        LeftOut("*.lock", "an empty file that processes lock"),
        LeftOut("audit/retrainings/.*.alive", "an empty file that a run locks, named by its id"),
    ),
)
