"""The loan book as pages speak of it, under the shipped policy."""

from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.reports.shown_book import ShownBook

SHOWN_LOANS = ShownBook.of(LOANS, LOANS.load_policy().model)
