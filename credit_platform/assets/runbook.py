"""What to do when an asset is red: one text per table, read in the UI below what the table holds.

What a table holds is said in its schema class, what to do about a check by the check. A table every model has one of
stands in runbook.yaml once, with `*` for the model.
"""

from functools import cache

import yaml
from pydantic import TypeAdapter

from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.texts import text_beside


@cache
def runbook() -> dict[str, str]:
    """Every entry by its table."""
    entries = TypeAdapter(dict[str, str])
    return entries.validate_python(yaml.safe_load(text_beside(__file__, "runbook.yaml")))


def runbook_entry(portfolio: Portfolio, table: str, models: tuple[str, ...]) -> str | None:
    """What to do when this asset is red; None where nobody has written it yet."""
    layer, _, name = table.partition("/")
    own = {each.name: each.remedy for each in portfolio.tables}
    if layer in {"bronze", "silver", "quarantine"}:
        return runbook()[f"{layer}/*"].format(name=name)
    if layer == "gold" and name in own:
        return own[name]
    parts = ["*" if part in models and place == 1 else part for place, part in enumerate(table.split("/"))]
    return runbook().get("/".join(parts)) or runbook().get(table)
