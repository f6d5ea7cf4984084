"""What to do when an asset is red: one text per table, read in the UI below what the table holds.

What a table holds is said in its schema class, what to do about a check by the check. A table every model has one of
stands here once, with `*` for the model.
"""

from collections.abc import Mapping

from credit_platform.portfolios.portfolio import Portfolio

_SOURCE = (
    "The check `delivery_may_be_built_on` of the month says what is wrong with the delivery and how to take a "
    "corrected one. Materialize the month again; other months go on without it."
)
_CLEANED = (
    "The check names each rule that is broken and a row that breaks it; rows set aside stand in `quarantine/{name}` "
    "with their raw text and the reason. Have the source mend them, or change what the rule does under `cleaning` in "
    "data_quality.yaml, then materialize the month again."
)
_SET_ASIDE = (
    "Rows set aside are no failure: the other rows of the month went on without them. The check names what is wrong "
    "with a row as it was set aside, which is a fault of the platform: report it with the example the check gives, "
    "and materialize the month of `silver/{name}` again, which is made together with this table."
)
_OVER_VERSIONS = (
    "The error names a month that is not built or a version that is not whole: build the one, or see `credit-platform "
    "audit verify` for the other, then materialize the month again."
)

RUNBOOK: Mapping[str, str] = {
    "gold/feature_store": (
        "The error names a silver month that is missing: build it first. A yellow check names features or sources that "
        "are emptier than usual; the month is scored all the same, on fewer facts."
    ),
    "gold/label_store": (
        "`labels_are_mature` says which loans lack an outcome: deliver the month's loan file again and build it with "
        "`--replace`. Until then no cohort of the month is trained on or measured."
    ),
    "gold/cohort_calendar": "The error names a month that is not built: build it, then materialize this one again.",
    "model/*": (
        "The error names the cohorts that are missing or have too few bads: build their months, or train a later "
        "month. A yellow check names the gate a version failed; it stays candidate and the version in force goes on."
    ),
    "prediction/*": (
        "The error says that no version is in force, or that one is not whole: train or promote one, or restore its "
        "folder, then materialize the month again. Loans of a red month have no score."
    ),
    "monitoring/*/stability": _OVER_VERSIONS,
    "monitoring/*/estimate": _OVER_VERSIONS,
    "monitoring/*/early_reads": (
        "The error names a month of loans or predictions that is not built: build it, then materialize the month "
        "again. Rates that are worse than before are no failure: the action reads them."
    ),
    "monitoring/*/performance": (
        "The error names the cohort that was not scored or the outcome that is missing: build these months first. A "
        "metric in breach is no failure: the action reads it."
    ),
    "monitoring/*/estimate_backtest": (
        "The error names the month of performance or of the estimate that is missing: build it, then this one again."
    ),
    "monitoring/*/fair_lending": (
        "The error names the cohort that was not scored or the attributes that are missing: build these months first. "
        "A group beyond a line is no failure: have it looked at by who is responsible for fair lending."
    ),
    "monitoring/*/action": (
        "The error names the table of the month that is missing: build it, then materialize the month again. An action "
        "`retrain` is no failure: its reasons and the rollback advised stand in the metadata."
    ),
    "monitoring/row_balance": (
        "Rows of the month were lost or counted twice: materialize bronze and silver of the month again, and if it "
        "stays red, report the counts of the row as a fault of the platform."
    ),
    "monitoring/data_quality": (
        "The error names a table that is not built: build the month first. A yellow check names the source to ask."
    ),
    "monitoring/drift_page": (
        "Read the error and materialize the month again. Nothing depends on the page; `evidently.pages: none` in "
        "monitoring_thresholds.yaml leaves it out."
    ),
    "monitoring/history": "The error names a table of the month that is missing: build it, then this month again.",
    "monitoring/champion_challenger": (
        "The error names the predictions or labels that are missing: build these months first. A decision to change "
        "the champion is no failure: a person carries it out in policy."
    ),
    "monitoring/overrides": (
        "The error names the file of decisions that cannot be read and its line, or a month that is not built: mend "
        "the file or build the month, then materialize this one again. An override rate outside its band is no failure."
    ),
    "monitoring/dashboard": (
        "Read the error and materialize the newest month again. The page before stays where it was; tables are "
        "complete without it."
    ),
}


def runbook_entry(portfolio: Portfolio, table: str, models: tuple[str, ...]) -> str | None:
    """What to do when this asset is red; None where nobody has written it yet."""
    layer, _, name = table.partition("/")
    own = {each.name: each.remedy for each in portfolio.tables}
    if layer == "bronze":
        return _SOURCE
    if layer == "silver":
        return _CLEANED.format(name=name)
    if layer == "quarantine":
        return _SET_ASIDE.format(name=name)
    if layer == "gold" and name in own:
        return own[name]
    parts = ["*" if part in models and place == 1 else part for place, part in enumerate(table.split("/"))]
    return RUNBOOK.get("/".join(parts)) or RUNBOOK.get(table)
