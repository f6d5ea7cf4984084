"""What the demo prints in the end: when the simulated drift began, when it was detected, what cured it.

Reading the history belongs to `story`, judging it to `lab.scenarios.scenario`.
"""

from collections import Counter

from rich.table import Table

from credit_platform.lab.scenarios.detections import Detector
from credit_platform.lab.scenarios.page import PHASE_HEADINGS, auc_texts, drift_name
from credit_platform.lab.scenarios.scenario import ModelOutcome, Scenario
from credit_platform.months import months_between
from credit_platform.reports.wording import ACTIONS, model_name, month_name


def demo_table(scenario: Scenario) -> Table:
    """The history of the book, one column per model."""
    table = Table(title=f"What happened from {month_name(scenario.first_month)} to {month_name(scenario.last_month)}")
    table.add_column("", overflow="fold")
    for outcome in scenario.models:
        table.add_column(model_name(outcome.story.model), overflow="fold")
    rows = [("months by action", [_actions(outcome) for outcome in scenario.models])]
    if scenario.drifts:
        drifts = "\n".join(f"{drift_name(drift)} from {month_name(drift.first_month)}" for drift in scenario.drifts)
        rows = [
            ("simulated drift", [drifts for _ in scenario.models]),
            ("first seen in early payments", [_seen(scenario, one, Detector.EARLY_READS) for one in scenario.models]),
            ("first seen in an outcome", [_seen(scenario, one, Detector.OUTCOME) for one in scenario.models]),
            ("retraining asked for", [_seen(scenario, one, Detector.RETRAIN) for one in scenario.models]),
            ("cured by", [_cure(scenario, outcome) for outcome in scenario.models]),
            *(
                (f"ROC-AUC {phase[0].lower()}{phase[1:]}", [auc_texts(outcome)[place] for outcome in scenario.models])
                for place, phase in enumerate(PHASE_HEADINGS)
            ),
            *rows,
        ]
    rows.append(("versions in force", [_versions(outcome) for outcome in scenario.models]))
    for name, cells in rows:
        table.add_row(name, *cells)
    return table


def _seen(scenario: Scenario, outcome: ModelOutcome, detector: Detector) -> str:
    begins = scenario.begins
    found = outcome.story.first_detection(detector, begins) if begins else None
    if begins is None or found is None:
        # Early performance is known before a case matures; nothing else can detect the drift until then.
        is_too_early = detector != Detector.EARLY_READS and not _is_outcome_known(scenario, outcome)
        return f"not by {month_name(scenario.last_month)}{_too_early(scenario) if is_too_early else ''}"
    return f"{month_name(found.month)}, {_after(months_between(begins, found.month))}"


def _cure(scenario: Scenario, outcome: ModelOutcome) -> str:
    cure, begins = outcome.cure, scenario.begins
    if cure is None or begins is None:
        if outcome.asked is None and not _is_outcome_known(scenario, outcome):
            return f"nothing yet{_too_early(scenario)}"
        return _not_yet(outcome)
    return (
        f"version {cure.name}, trained as of {month_name(cure.as_of)}, in force from {month_name(cure.first)}, "
        f"{_after(months_between(begins, cure.first))}"
    )


def _too_early(scenario: Scenario) -> str:
    return f": the first {scenario.portfolio.words.cases} of the drift have not matured yet"


def _is_outcome_known(scenario: Scenario, outcome: ModelOutcome) -> bool:
    """Whether a cohort of the drift has matured."""
    begins = scenario.begins
    return begins is not None and any(known.cohort >= begins for known in outcome.story.outcomes)


def _not_yet(outcome: ModelOutcome) -> str:
    newest = outcome.story.versions[-1] if outcome.story.versions else None
    if outcome.asked is None:
        return "nothing: no retraining was asked for"
    if newest is None or newest.as_of < outcome.asked:
        return "nothing yet: no version trained since was promoted"
    return f"not shown yet: version {newest.name}, in force from {month_name(newest.first)}, waits for its outcomes"


def _after(months: int) -> str:
    return "at once" if months == 0 else f"{months} month{'' if months == 1 else 's'} after it began"


def _actions(outcome: ModelOutcome) -> str:
    counts = Counter(action.action for action in outcome.story.actions)
    return ", ".join(f"{name.lower()} {counts[action]}" for action, name in ACTIONS.items() if counts[action])


def _versions(outcome: ModelOutcome) -> str:
    return "\n".join(
        f"{version.name}: {month_name(version.first)} to {month_name(version.last) if version.last else 'now'}"
        for version in outcome.story.versions
    )
