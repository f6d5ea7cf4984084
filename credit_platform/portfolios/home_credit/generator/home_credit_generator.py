"""The generator of Home-Credit-like books as a portfolio needs it: its drifts, its books, what makes a drift harmless.

Assembly only: how rows are drawn is written in the modules beside this one.
"""

from datetime import date

from credit_platform.portfolios.drift import Drift
from credit_platform.portfolios.generator import Generator
from credit_platform.portfolios.home_credit.generator.book import HomeCreditBook
from credit_platform.portfolios.home_credit.generator.drift import DARK_SOURCE, MEANING, is_order_only


def make_book(
    *,
    first_month: date,
    n_months: int,
    cases_per_month: int,
    seed: int,
    history_months: int = 0,  # noqa: ARG001  no group of evidence looks back on months
    drifts: tuple[Drift, ...] = (),
    has_leak: bool = False,
) -> HomeCreditBook:
    """A book of `n_months` chunks of `cases_per_month` applications; no group of evidence needs `history_months`.

    Raises:
        SettingsError: what is asked for cannot be generated.
    """
    return HomeCreditBook(
        first_month=first_month,
        n_months=n_months,
        cases_per_month=cases_per_month,
        seed=seed,
        drifts=drifts,
        has_leak=has_leak,
    )


GENERATOR = Generator(
    drifts=MEANING,
    make=make_book,
    read=HomeCreditBook.from_dict,
    is_harmless=is_order_only,
    dark_source=DARK_SOURCE,
    demo_months=14,
    demo_cases=1430,
    demo_drift=None,
)
