"""The verb `explain`: finds a case, scores it again with the version that scored it, takes the prediction apart.

What a prediction consists of is computed in `scoring.explanation.explanation`.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from difflib import get_close_matches

import polars as pl
from rich.console import RenderableType
from rich.table import Table

from credit_platform.cli.book import Book, models_named
from credit_platform.cli.printing import folding_table
from credit_platform.errors import CaseError
from credit_platform.lake.governance.decision_overrides import DecisionOverrideLog, OverrideRecord
from credit_platform.lake.governance.promotions import PromotionLog, version_in_force
from credit_platform.policy.reason_codes import Value
from credit_platform.portfolios.cases import Cases
from credit_platform.portfolios.portfolio import Words
from credit_platform.portfolios.tables import DECISIONS
from credit_platform.scoring.explanation.explanation import Explanation, FeaturePart, explain_prediction
from credit_platform.scoring.predictions import score_loans

_DECIMALS = 2  # of points; a hundredth of a point moves the odds by 0.03 %
_NEIGHBOURS = 500  # to either side of where an unknown id would stand: enough to hold its like, few enough to compare


@dataclass(frozen=True)
class ModelExplanation:
    """What one model says of a case, or why it says nothing (`not_scored`)."""

    model: str
    alias: str
    version_in_force: str | None = None
    explanation: Explanation | None = None
    not_scored: str | None = None


@dataclass(frozen=True)
class CaseDecision:
    """What the champion decided about a case, by which version, and what a person decided in place of that last."""

    model: str
    model_version: str
    decision: str
    overridden: OverrideRecord | None


@dataclass(frozen=True)
class CaseExplanation:
    """A case, the month it was applied for, what the models say of it, and what was decided, None before it is."""

    case: str
    cases: Cases
    words: Words
    month: date
    models: tuple[ModelExplanation, ...]
    decision: CaseDecision | None


def explain_case(book: Book, case: str, *, model: str | None, cohort: date | None = None) -> CaseExplanation:
    """Explain the stored predictions of a case, by one model or by all; `cohort` tells cases of one id apart.

    Every prediction is made again from the stored version, which is verified as it is read, and the features.

    Raises:
        SettingsError: there is no such model.
        CaseError: no case has this id or several have, no model has scored it, or a prediction cannot be reproduced to
            the last bit.
        ModelStoreError: a stored version is missing or was changed.
    """
    models, portfolio = models_named(book, model), book.settings.portfolio
    month = month_of(book, case, cohort)
    explained = tuple(_explained(book, name, month, case) for name in models)
    if all(one.explanation is None for one in explained):
        reason = f"it was applied for in {month:%Y-%m} and is not scored by {', '.join(models)}"
        fix = " ".join(dict.fromkeys(one.not_scored or "" for one in explained))
        raise CaseError(noun=portfolio.cases.noun, case=case, reason=reason, fix=fix)
    return CaseExplanation(case, portfolio.cases, portfolio.words, month, explained, _decision_about(book, case, month))


def _decision_about(book: Book, case: str, month: date) -> CaseDecision | None:
    key = pl.col(book.settings.portfolio.cases.key)
    rows = book.lake.scan(DECISIONS, [month]).filter(key == case) if book.lake.has(DECISIONS, month) else None
    for row in () if rows is None else rows.collect().iter_rows(named=True):
        overridden = DecisionOverrideLog(book.lake.layout).last_of(month, case)
        return CaseDecision(row["model"], row["model_version"], row["decision"], overridden)
    return None


def month_of(book: Book, case: str, cohort: date | None) -> date:
    """The month a case was applied for; `cohort` tells cases of one id apart. Raises CaseError as `explain_case`."""
    table, cases = "gold/feature_store", book.settings.portfolio.cases
    loans = book.lake.scan(table, book.lake.months(table)).select("snapshot_month", cases.key)
    found = loans.filter(pl.col(cases.key) == case).collect()
    months = [month for month in found["snapshot_month"].sort() if cohort in {None, month}]
    if len(months) > 1:
        named = ", ".join(f"{month:%Y-%m}" for month in months)
        reason, fix = f"several {cases.noun}s have this id, applied for in {named}", "Name one with --cohort YYYY-MM."
        raise CaseError(noun=cases.noun, case=case, reason=reason, fix=fix)
    if months:
        return months[0]
    if found.height:
        reason = f"it was not applied for in {cohort:%Y-%m}"
        raise CaseError(noun=cases.noun, case=case, reason=reason, fix=f"It was in {found['snapshot_month'][0]:%Y-%m}.")
    ids = loans.select(pl.col(cases.key).unique().sort()).collect()[cases.key].to_list()
    place = bisect_left(ids, case)
    around = ids[max(0, place - _NEIGHBOURS) : place + _NEIGHBOURS]
    near = get_close_matches(case, around, n=3, cutoff=0) or ["none"]
    raise CaseError(
        noun=cases.noun,
        case=case,
        reason=f"no application of this id among the {len(ids):,} {book.settings.portfolio.words.cases} of {table}",
        fix=(
            f"Ids like it: {', '.join(near)}. All of them stand in the view gold.feature_store of "
            f"{book.lake.layout.datamart}."
        ),
    )


def _explained(book: Book, model: str, month: date, case: str) -> ModelExplanation:
    policy, table, cases = book.settings.policy, f"prediction/{model}", book.settings.portfolio.cases
    alias = policy.model.models[model].alias
    if not book.lake.has(table, month):
        return ModelExplanation(model, alias, not_scored=_why_not_scored(book, month))
    scored = book.lake.scan(table, [month]).collect()
    row = scored.filter(pl.col(cases.key) == case)
    if row.is_empty():
        return ModelExplanation(model, alias, not_scored=_score_again(month))
    version = str(row["model_version"][0])
    stored = book.lake.versions.read(model, version)
    fitted = stored.fitted(policy.model)
    loans = book.lake.scan("gold/feature_store", [month]).collect()
    again = score_loans(
        fitted,
        loans,
        model_version=version,
        role=stored.windows.role_of(month),
        provenance=row["provenance"][0],
        config=policy.model,
        reasons=policy.reasons,
    ).filter(pl.col(cases.key) == case)
    _require_the_same(cases, model, row, again, month)
    loan = loans.filter(pl.col(cases.key) == case)
    in_force, _ = version_in_force(PromotionLog(book.lake.layout).records(), model, month)
    return ModelExplanation(model, alias, in_force, explain_prediction(fitted, loan, scored, policy=policy))


def _require_the_same(cases: Cases, model: str, stored: pl.DataFrame, again: pl.DataFrame, month: date) -> None:
    """Refuse to explain a prediction that is not the stored one, to the last bit."""
    if stored.equals(again):
        return
    before, after = stored.row(0, named=True), again.row(0, named=True)
    changed = [f"{name} was {before[name]} and is {after[name]}" for name in before if before[name] != after[name]]
    raise CaseError(
        noun=cases.noun,
        case=str(before[cases.key]),
        reason=f"prediction/{model} is not what {before['model_version']} makes of its features: {', '.join(changed)}",
        fix=f"Features or policy have changed since the month was scored. {_score_again(month)}",
    )


def _why_not_scored(book: Book, month: date) -> str:
    first = book.axis.first_scoring
    if month < first:
        return f"Scoring begins in {first:%Y-%m}; earlier cohorts are there to train on."
    return _score_again(month)


def _score_again(month: date) -> str:
    return f"Run credit-platform backfill --from {month:%Y-%m} --to {month:%Y-%m} --job score_month."


def explanation_dict(found: CaseExplanation) -> dict[str, object]:
    """The explanation for programs, numbers unrounded."""
    return {
        found.cases.key: found.case,
        "snapshot_month": f"{found.month:%Y-%m-%d}",
        "decision": asdict(found.decision) if found.decision else None,
        "models": [
            {
                "model": one.model,
                "alias": one.alias,
                "version_in_force": one.version_in_force,
                "not_scored": one.not_scored,
                "is_reproduced": one.explanation is not None,
                **(asdict(one.explanation) if one.explanation else {}),
            }
            for one in found.models
        ],
    }


def explanation_lines(found: CaseExplanation) -> Iterator[RenderableType]:
    """Everything to print, in order."""
    yield f"{found.cases.noun.capitalize()} {found.case}, applied for in {found.month:%Y-%m}"
    yield _decision_text(found.decision)
    for one in found.models:
        yield ""
        if one.explanation is None:
            yield f"{one.model} ({one.alias}): not scored. {one.not_scored}"
        else:
            yield from _of_model(one, one.explanation, found.words)


def _decision_text(decision: CaseDecision | None) -> str:
    if decision is None:
        return "Decision: unknown, the month has not been decided"
    said = f"{decision.decision} by {decision.model}, version {decision.model_version}"
    if decision.overridden is None:
        return f"Decision: {said}"
    record, override = decision.overridden, decision.overridden.override
    return (
        f"Decision: {override.decision} by {override.approver} ({override.reason}), record {record.sequence} of "
        f"{record.time}, in place of {said}"
    )


def _of_model(one: ModelExplanation, explanation: Explanation, words: Words) -> Iterator[RenderableType]:
    row, peers = explanation.prediction, explanation.peers
    yield (
        f"{one.model} ({one.alias}), version {row['model_version']}, {row['provenance']}, "
        f"cohort is {row['sample_role']} to it"
    )
    if one.version_in_force != row["model_version"]:
        yield f"In force in that month is now {one.version_in_force}; the month was scored before that was decided."
    yield (
        f"{words.event.capitalize()} probability {row['default_probability']:.4f} (before calibration "
        f"{row['raw_probability']:.4f}), score {row['score']}, grade {row['grade']}, decision {row['decision']}"
    )
    yield f"Sources present: {row['sources_present'] or 'none'}"
    yield (
        f"Peers: {peers.n_lower} of the {peers.n} {words.cases} of the month have a lower score (percentile "
        f"{peers.percentile:.0f}; the median is {peers.median_score:g})"
    )
    yield parts_table(explanation, words)
    yield reasons_table(explanation)
    yield (
        "Made again from the stored version, whose files are verified: the same prediction to the last bit. Its parts "
        f"add up to its log-odds within {max(explanation.error, 1e-15):.0e}."
    )


def parts_table(explanation: Explanation, words: Words) -> Table:
    """Every feature that moved the score; the points shown add up to the score shown."""
    is_scorecard = any(part.attribute_points is not None for part in explanation.parts)
    table = Table(title=f"Against {explanation.counted_from}")
    table.add_column("feature")
    for column in ("value", f"log-odds of {words.event}", "points", *(["attribute"] if is_scorecard else [])):
        table.add_column(column, justify="right")

    def add(name: str, value: str, log_odds: str, points: float, attribute: str = "") -> None:
        cells = [name, value, log_odds, f"{points:+.{_DECIMALS}f}"]
        table.add_row(*cells, *([attribute] if is_scorecard else []))

    score = int(str(explanation.prediction["score"]))
    moved = [part for part in explanation.parts if part.log_odds != 0 or part.attribute_points is not None]
    shown = [round(explanation.base_points, _DECIMALS)]
    add(f"average {words.case}", "", f"{explanation.base_log_odds:+.4f}", shown[0])
    for part in moved:
        shown.append(round(part.points, _DECIMALS))
        add(part.feature, _text(part.value), f"{part.log_odds:+.4f}", shown[-1], _attribute(part))
    unmoved = len(explanation.parts) - len(moved)
    if unmoved:
        add(f"{unmoved} other feature{'s' if unmoved > 1 else ''}", "", "+0.0000", 0.0)
    is_inside = abs(score - explanation.exact_score) <= 0.5  # else the probability lies where the scale ends
    rest = "rounding to whole points" if is_inside else "end of the scale"
    add(rest, "", "", round(score - sum(shown), _DECIMALS))
    table.add_section()
    of_attributes = sum(part.attribute_points or 0 for part in explanation.parts)
    table.add_row(
        *("score", "", f"{explanation.log_odds:+.4f}", str(score)), *([str(of_attributes)] if is_scorecard else [])
    )
    return table


def reasons_table(explanation: Explanation) -> Table:
    """The reasons with both texts."""
    title = "Reasons" if explanation.reasons else "Reasons: nothing that may be given spoke for default"
    rows = (
        (reason.code, reason.feature, f"{reason.share:.0%}", reason.internal, reason.consumer)
        for reason in explanation.reasons
    )
    return folding_table(title, "code", "feature", "share", "for the lender", "for the customer", rows=rows)


def _attribute(part: FeaturePart) -> str:
    return "" if part.attribute_points is None else str(part.attribute_points)


def _text(value: Value) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.2f}" if isinstance(value, float) else str(value)
