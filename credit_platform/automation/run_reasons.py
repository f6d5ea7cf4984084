"""Why a run exists, as tags of the run: who started it, for what reason, and which run led to it.

Every run has them that a schedule, a sensor or the command line asks for; one launched in the UI has none. What a
retraining is about is said by a tag of `assets.models.retrain_claim` as well.
"""

STARTED_BY = "credit_platform/started_by"
WHY = "credit_platform/why"
AFTER_RUN = "credit_platform/after_run"


def run_reason(started_by: str, why: str, *, after_run: str | None = None) -> dict[str, str]:
    """The tags: what began the chain of runs, one clause of why this one, and the run that led to it."""
    tags = {STARTED_BY: started_by, WHY: why}
    return tags if after_run is None else tags | {AFTER_RUN: after_run}
