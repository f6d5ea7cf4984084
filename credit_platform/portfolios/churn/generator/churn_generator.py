"""The generator of churn books as a portfolio needs it: its drifts, its books, what makes a drift harmless.

Assembly only: how rows are drawn is written in the modules beside this one.
"""

from datetime import date

from credit_platform.portfolios.churn.generator.book import ChurnBook
from credit_platform.portfolios.churn.generator.delivery import ORDER_ONLY
from credit_platform.portfolios.churn.generator.drift import DARK_SOURCE, MEANING
from credit_platform.portfolios.drift import Drift, DriftKind
from credit_platform.portfolios.generator import Generator


def is_order_only(drift: Drift) -> bool:
    """Whether a drift delivers the same columns in another order."""
    return drift.kind == DriftKind.SCHEMA_CHANGE and drift.strength <= ORDER_ONLY


def make_book(
    *,
    first_month: date,
    n_months: int,
    cases_per_month: int,
    seed: int,
    history_months: int = 0,  # noqa: ARG001  the customers have bought before the book begins, and no file says so
    drifts: tuple[Drift, ...] = (),
    has_leak: bool = False,
) -> ChurnBook:
    """A book with about `cases_per_month` active customers; `history_months` changes nothing.

    Raises:
        SettingsError: what is asked for cannot be generated.
    """
    return ChurnBook(
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
    read=ChurnBook.from_dict,
    is_harmless=is_order_only,
    dark_source=DARK_SOURCE,
    monthly_files=frozenset({"sales", DARK_SOURCE}),
    demo_months=32,
    demo_cases=400,
    quick_months=14,
    quick_cases=400,
)
