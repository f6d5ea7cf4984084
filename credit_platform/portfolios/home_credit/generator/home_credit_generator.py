"""The generator of Home-Credit-like books as a portfolio needs it: its drifts, its books, what makes a drift harmless.

Assembly only: how rows are drawn is written in the modules beside this one.
"""

from credit_platform.portfolios.drifted_rows import is_order_only
from credit_platform.portfolios.generator import Generator, without_history
from credit_platform.portfolios.home_credit.generator.book import HomeCreditBook
from credit_platform.portfolios.home_credit.generator.drift import DARK_SOURCE, MEANING

GENERATOR = Generator(
    drifts=MEANING,
    make=without_history(HomeCreditBook),
    read=HomeCreditBook.from_dict,
    is_harmless=is_order_only,
    dark_source=DARK_SOURCE,
    demo_months=14,
    demo_cases=1430,
    demo_drift=None,
)
