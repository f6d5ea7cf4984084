"""Vintage curves as SQL: delinquency of each cohort by months on book, as of any month.

The text is run over silver by the gold layer; no connection is opened here.
"""

from credit_platform.texts import text_beside


def vintages_sql(dpd_threshold: int) -> str:
    """The query behind gold/vintages, in DuckDB's dialect; loans count as past due from `dpd_threshold` days on.

    It reads `loan_snapshots` (silver/loan_snapshots up to the last wanted month) and `as_of` (snapshot_month, the
    wanted months). A point of a curve, cohort c at month on book m, is observed in month c + m and uses no row after
    it, so a month's table is every point observed by then. A loan counts from the first snapshot it is seen on, and
    stays in its cohort when it leaves the book, in the state of its last row, as its label has it. Amounts are added
    as decimals: their sum does not depend on threads.
    """
    return text_beside(__file__, "vintages.sql").format(dpd_threshold=dpd_threshold)
