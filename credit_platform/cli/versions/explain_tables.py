"""A loan's explanation as text and tables for the terminal.

What is in it is found by `explain`.
"""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table

from credit_platform.cli.printing import folding_table
from credit_platform.cli.versions.explain import CaseExplanation, ModelExplanation
from credit_platform.scoring.explanation.explanation import Explanation, FeaturePart, Value

_DECIMALS = 2  # of points; a hundredth of a point moves the odds by 0.03 %


def explanation_lines(found: CaseExplanation) -> Iterator[RenderableType]:
    """Everything to print, in order."""
    yield f"{found.cases.noun.capitalize()} {found.case}, applied for in {found.month:%Y-%m}"
    for one in found.models:
        yield ""
        if one.explanation is None:
            yield f"{one.model} ({one.alias}): not scored. {one.not_scored}"
        else:
            yield from _of_model(one, one.explanation)


def _of_model(one: ModelExplanation, explanation: Explanation) -> Iterator[RenderableType]:
    row, peers = explanation.prediction, explanation.peers
    yield (
        f"{one.model} ({one.alias}), version {row['model_version']}, {row['provenance']}, "
        f"cohort is {row['sample_role']} to it"
    )
    if one.version_in_force != row["model_version"]:
        yield f"In force in that month is now {one.version_in_force}; the month was scored before that was decided."
    yield (
        f"Default probability {row['default_probability']:.4f} (before calibration {row['raw_probability']:.4f}), "
        f"score {row['score']}, grade {row['grade']}, decision {row['decision']}"
    )
    yield f"Sources present: {row['sources_present'] or 'none'}"
    yield (
        f"Peers: {peers.n_lower} of the {peers.n} loans of the month have a lower score (percentile "
        f"{peers.percentile:.0f}; the median is {peers.median_score:g})"
    )
    yield parts_table(explanation)
    yield reasons_table(explanation)
    yield (
        "Made again from the stored version, whose files are verified: the same prediction to the last bit. Its parts "
        f"add up to its log-odds within {max(explanation.error, 1e-15):.0e}."
    )


def parts_table(explanation: Explanation) -> Table:
    """Every feature that moved the score; the points shown add up to the score shown."""
    is_scorecard = any(part.attribute_points is not None for part in explanation.parts)
    table = Table(title="Against the average loan of the validation sample")
    table.add_column("feature")
    for column in ("value", "log-odds of default", "points", *(["attribute"] if is_scorecard else [])):
        table.add_column(column, justify="right")

    def add(name: str, value: str, log_odds: str, points: float, attribute: str = "") -> None:
        cells = [name, value, log_odds, f"{points:+.{_DECIMALS}f}"]
        table.add_row(*cells, *([attribute] if is_scorecard else []))

    score = int(str(explanation.prediction["score"]))
    moved = [part for part in explanation.parts if part.log_odds != 0 or part.attribute_points is not None]
    shown = [round(explanation.base_points, _DECIMALS)]
    add("average loan", "", f"{explanation.base_log_odds:+.4f}", shown[0])
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
    rows = ((reason.code, reason.feature, reason.internal, reason.consumer) for reason in explanation.reasons)
    return folding_table(title, "code", "feature", "for the lender", "for the customer", rows=rows)


def _attribute(part: FeaturePart) -> str:
    return "" if part.attribute_points is None else str(part.attribute_points)


def _text(value: Value) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.2f}" if isinstance(value, float) else str(value)
