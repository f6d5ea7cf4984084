"""The validation checklist of a version: its gates, and what a validator asks, each with value, threshold and result.

A result is `passed`, `failed` or `unknown`, and what cannot be read off the given tables is unknown. How good the
version is on the whole stands in `model_card`.
"""

from dataclasses import dataclass
from itertools import pairwise

import polars as pl

from credit_platform.policy.model_config import ModelGatePolicy
from credit_platform.reports.documents.document import UNKNOWN, Document, Grid, Part, part_of
from credit_platform.reports.version.facts import (
    RULES,
    SAMPLE_ROLES,
    CardSources,
    VersionFacts,
    judged,
    measured,
    text_at,
    windows_table,
)
from credit_platform.reports.version.verdict import gate_texts
from credit_platform.reports.wording import interval_text, metric_name, model_name, number_text

HEADINGS = ("Question", "Value", "Threshold", "Result")
MIN_BADS = 30  # fewer bads give intervals too wide to decide on, as in monitoring
SLOPE = (0.85, 1.15)  # a calibration slope that differs from 1 by no more is of no consequence to a decision
MAX_LOSS_WITHOUT_A_SOURCE = 0.01
FOR_JUDGEMENT = ("gini", "ks", "average_precision", "brier", "expected_calibration_error", "calibration_in_the_large")


@dataclass(frozen=True)
class Line:
    """One question; `holds` is None where it cannot be answered."""

    question: str
    value: str | None
    threshold: str
    holds: bool | None

    def row(self) -> tuple[str, str, str, str]:
        """Its cells: question, value, threshold, result."""
        result = UNKNOWN if self.holds is None else "passed" if self.holds else "failed"
        return (self.question, UNKNOWN if self.value is None else self.value, self.threshold, result)


def validation_checklist(version: VersionFacts, sources: CardSources, *, gates: ModelGatePolicy) -> Document:
    """The checklist as a document, all lines always present.

    Args:
        version: The version and its tables.
        sources: What is known beside them.
        gates: The limits of policy.
    """
    asked = (
        ("Data and samples", _samples(version, sources)),
        ("Ranking", _ranking(version, sources, gates)),
        ("Calibration", _calibration(version)),
        ("Explanation and fairness of inputs", _inputs(version, sources)),
        ("Record", _record(version, sources)),
    )
    gate_rows = tuple(gate_texts(version.gates).rows())
    counted = [row[-1] for row in (*gate_rows, *(line.row() for _, lines in asked for line in lines))]
    summary = ", ".join(f"{counted.count(result)} {result}" for result in ("passed", "failed", UNKNOWN))
    head = part_of(__file__, "introduction", model=model_name(version.model), version=version.model_version)
    return Document(
        title=head.heading,
        introduction=head.lead,
        parts=(
            part_of(__file__, "result", f"{summary}."),
            part_of(__file__, "gates", Grid(HEADINGS, gate_rows)),
            *(Part(heading, "", (Grid(HEADINGS, tuple(line.row() for line in lines)),)) for heading, lines in asked),
            _judgement(version),
        ),
    )


def _samples(version: VersionFacts, sources: CardSources) -> list[Line]:
    windows = windows_table(version.metadata)
    spans = list(windows.select("first_cohort", "last_cohort").iter_rows())
    known = all(first is not None for first, _ in spans)
    told_spans = ", ".join(f"{first} to {last}" for first, last in spans) if known else None
    follows = all(earlier[1] < later[0] for earlier, later in pairwise(spans)) if known else None
    lines = [Line(f"Samples{version.book.follow_in_time} share no cohort", told_spans, "yes", follows)]
    for role in SAMPLE_ROLES[2:]:
        n_bad = windows.filter(sample_role=role)["n_bad"].item()
        name = "test" if role == "test" else "out-of-time"
        lines.append(
            Line(
                f"Enough bads in the {name} sample",
                None if n_bad is None else str(n_bad),
                f"at least {MIN_BADS}",
                None if n_bad is None else n_bad >= MIN_BADS,
            )
        )
    found, excluded = sources.features, sources.excluded
    both = sorted(set(found) & set(excluded["column"])) if found is not None and excluded is not None else None
    return [*lines, _none_of("Excluded columns among the features", both)]


def _ranking(version: VersionFacts, sources: CardSources, gates: ModelGatePolicy) -> list[Line]:
    lines = [
        Line(
            f"Out-of-time {metric_name(metric)} above its floor by more than chance (lower end of the interval)",
            None if (low := judged(version, "oot", metric).low) is None else number_text(low),
            f"at least {floor:.4f}",
            None if low is None else low >= floor,
        )
        for metric, floor in ({"roc_auc": gates.min_oot_roc_auc} | dict(gates.min_oot)).items()
    ]
    return lines + [_line_without(sources, group) for group in sources.without]


def _line_without(sources: CardSources, group: str) -> Line:
    metrics, best = sources.without[group], sources.trained_without.get(group)
    reached = None if metrics is None else measured(metrics, "oot", "roc_auc").value
    return Line(
        f"Out-of-time ROC-AUC with the {group} taken away",
        None if reached is None else number_text(reached),
        f"at least {number_text(best)} - {MAX_LOSS_WITHOUT_A_SOURCE}, of the model trained without it"
        if best is not None
        else f"loses at most {MAX_LOSS_WITHOUT_A_SOURCE} against the model trained without it, which is unknown",
        None if reached is None or best is None else reached >= best - MAX_LOSS_WITHOUT_A_SOURCE,
    )


def _calibration(version: VersionFacts) -> list[Line]:
    slope = measured(version.evaluation.metrics, "unseen", "calibration_slope")
    low, high = SLOPE
    meets = None if slope.low is None or slope.high is None else slope.low <= high and slope.high >= low
    grades = version.evaluation.grades.filter(sample_role="unseen")
    tested = grades.filter(pl.col("holm_p").is_not_null())
    failed = tested.filter(pl.col("status").is_in(["warn", "breach"]))["grade"].to_list()
    thin = grades.filter(status="insufficient")["grade"].to_list()
    return [
        Line(
            "Calibration slope, test and out-of-time: the interval meets the range",
            None if slope.value is None else interval_text(slope.value, slope.low, slope.high),
            f"{low} to {high}",
            meets,
        ),
        Line(
            "Grades whose probability is too low (Jeffreys, after Holm)",
            None if tested.is_empty() else ", ".join(failed) or f"none of {tested.height} tested",
            "none below 0.05",
            None if tested.is_empty() else not failed,
        ),
        _none_of(f"Grades with too few unseen {version.book.words.cases} to test", None if grades.is_empty() else thin),
    ]


def _inputs(version: VersionFacts, sources: CardSources) -> list[Line]:
    codes, speaking = sources.reason_codes, version.importance.get_column("feature").to_list()
    uncovered = None if codes is None or not speaking else sorted(set(speaking) - set(codes["feature"]))
    return [_none_of("Features without a reason code", uncovered)]


def _record(version: VersionFacts, sources: CardSources) -> list[Line]:
    manifest = sources.manifest
    commit = text_at(manifest, "git_commit") or text_at(manifest, "provenance", "git_commit")
    policy, seed = version.metadata.policy_sha256, version.metadata.random_seed
    audit = sources.audit
    people = None if audit is None else sorted(set(audit["actor"]) - set(RULES))
    return [
        _present("Code it was made with (git commit)", None if commit == UNKNOWN else commit),
        _present("Policy it was made with (sha256)", policy),
        _present("Random seed", None if seed is None else str(seed)),
        Line(
            "Looked at by a person, by the audit log",
            None if people is None else ", ".join(people) or "none",
            "at least one",
            None if people is None else bool(people),
        ),
    ]


def _none_of(question: str, named: list[str] | None) -> Line:
    shown = None if named is None else ", ".join(named) or "none"
    return Line(question, shown, "none", None if named is None else not named)


def _present(question: str, value: str | None) -> Line:
    return Line(question, value, "on record", None if value is None else True)


def _judgement(version: VersionFacts) -> Part:
    rows: list[tuple[str, ...]] = []
    for metric in FOR_JUDGEMENT:
        found = [measured(version.evaluation.metrics, role, metric) for role in ("test", "oot")]
        rows.append((metric_name(metric), *(interval_text(one.value, one.low, one.high) for one in found)))
    return part_of(__file__, "judgement", Grid(("Metric", "Test", "Out-of-time"), tuple(rows)))
