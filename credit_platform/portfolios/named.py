"""Finding a portfolio by its name: that of a folder beside this module, or the address of one elsewhere.

Which name a data folder has belongs to `settings`; what a portfolio says, to `portfolio`.
"""

import sys
from functools import cache
from importlib import import_module
from pathlib import Path

from credit_platform.errors import SettingsError
from credit_platform.portfolios.portfolio import Portfolio

PORTFOLIO_VARIABLE = "CREDIT_PORTFOLIO"


@cache
def portfolio_named(name: str) -> Portfolio:
    """The portfolio `loans`, or one at an address such as `package.module:NAME`.

    The module of an address may be in the current folder, as with `python -m`; what is installed comes first. Processes
    that are started from here have the same current folder.

    Raises:
        SettingsError: there is none.
    """
    shipped = sorted(file.parent.name for file in Path(__file__).parent.glob("*/portfolio.py"))
    module, _, attribute = name.partition(":")
    home = module if attribute else f"{__package__}.{name}.portfolio"
    if attribute and (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)
    try:
        found = getattr(import_module(home), attribute or name.upper())
    except (ImportError, AttributeError) as error:
        if not isinstance(error, ModuleNotFoundError) or not home.startswith(error.name or home):
            fix = f"Look into {home} and what it imports."
            raise SettingsError(
                name=PORTFOLIO_VARIABLE, reason=f"{name!r} cannot be loaded: {error}", fix=fix
            ) from error
        raise SettingsError(
            name=PORTFOLIO_VARIABLE,
            reason=f"{name!r} is no portfolio",
            fix=f"Name one of {', '.join(shipped)}, or package.module:NAME of one of your own, and start in the folder "
            "that contains its package, or name that folder in PYTHONPATH.",
        ) from error
    if not isinstance(found, Portfolio):
        raise SettingsError(
            name=PORTFOLIO_VARIABLE, reason=f"{name!r} is a {type(found).__name__}", fix="Name a Portfolio."
        )
    return found
