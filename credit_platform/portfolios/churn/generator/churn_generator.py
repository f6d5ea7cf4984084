"""The generator of churn books as a portfolio needs it: its drifts, its books, what makes a drift harmless.

Assembly only: how rows are drawn is written in the modules beside this one.
"""

from credit_platform.portfolios.churn.generator.book import ChurnBook
from credit_platform.portfolios.churn.generator.drift import DARK_SOURCE, MEANING
from credit_platform.portfolios.drifted_rows import is_order_only
from credit_platform.portfolios.generator import Generator, without_history

GENERATOR = Generator(
    drifts=MEANING,
    make=without_history(ChurnBook),
    read=ChurnBook.from_dict,
    is_harmless=is_order_only,
    dark_source=DARK_SOURCE,
    monthly_files=frozenset({"sales", DARK_SOURCE}),
    demo_months=36,
    demo_cases=600,
    quick_months=14,
    quick_cases=400,
)
