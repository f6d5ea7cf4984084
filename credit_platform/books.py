"""The code location of any one book, as an attribute by the name of its portfolio: what a list of several books names.

`python_module: {module_name: credit_platform.books, attribute: home_credit}` in a workspace.yaml loads it, and so does
every process that Dagster starts for a run. The book that the environment names alone is `definitions`.
"""

from functools import cache

import dagster as dg

from credit_platform.code_location import build_definitions
from credit_platform.settings import load_settings


def __getattr__(name: str) -> dg.Definitions:
    """The definitions of a portfolio. Raises as `settings.load_settings` does, AttributeError for a hidden name."""
    if name.startswith("_"):
        raise AttributeError(name)
    return _definitions_of(name)


@cache
def _definitions_of(portfolio_name: str) -> dg.Definitions:
    settings = load_settings(of=portfolio_name)
    return build_definitions(settings.portfolio, settings)
