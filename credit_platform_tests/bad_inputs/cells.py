"""The catalogue of spoilt rows and cells: held back with their month, quarantined, repaired, or taken as they are.

Spoilt files stand in `files`.
"""

from __future__ import annotations

from credit_platform_tests.bad_inputs.delivery import (
    ATTRIBUTES,
    CLICKS,
    FINANCIALS,
    LOANS,
    BadInput,
    Spoil,
    by_rows,
    cell,
    cells,
)

FEBRUARY = range(7, 12)
APRIL = range(17, 22)


def _without(*lines: int) -> Spoil:
    return by_rows(lambda rows: [row for line, row in enumerate(rows, start=1) if line not in lines])


def _repeated(line: int, times: int) -> Spoil:
    return by_rows(lambda rows: [*rows, *[rows[line - 1]] * times])


def _contradicted(*lines: int) -> Spoil:
    """Rows that come a second time with another due amount."""

    def change(rows: list[list[str]]) -> list[list[str]]:
        at = rows[0].index("paid_amt")
        return [*rows, *([*rows[line - 1][:at], "77", *rows[line - 1][at + 1 :]] for line in lines)]

    return by_rows(change)


HELD_BACK = (
    BadInput("a month missing", LOANS, _without(*FEBRUARY), "held back", ("2023-02: no row has", "Add"), 15),
    BadInput("a month missing in an optional source", CLICKS, _without(*FEBRUARY), "accepted", (), 15),
    BadInput(
        "a month with too few rows", LOANS, _without(17, 18, 19), "held back", ("2023-04: 2 rows", "median of 5"), 15
    ),
    BadInput("a month with too many rows", LOANS, _repeated(21, 40), "held back", ("2023-04: 45 rows", "max_rows"), 15),
    BadInput(
        "thousands separators", LOANS, cells(FEBRUARY, "loan_amt", '"10,000"'), "held back", ("100% of", "loan_amt"), 15
    ),
    BadInput("decimal commas", LOANS, cells(APRIL, "balance", '"10000,0"'), "held back", ("cells of balance",), 15),
    BadInput("a column of words", CLICKS, cells(FEBRUARY, "fe_7", "many"), "held back", ("2023-02", "of fe_7"), 15),
    BadInput("a column of NaN", LOANS, cells(FEBRUARY, "paid_amt", "NaN"), "held back", ("of paid_amt",), 15),
    BadInput("keys wiped out", LOANS, cells(FEBRUARY, "loan_id", ""), "held back", ("of loan_id", "empty keys"), 15),
    BadInput(
        "one key for all", LOANS, cells(FEBRUARY, "loan_id", "L"), "held back", ("2023-02", "share their key"), 15
    ),
    BadInput(
        "start dates as numbers", LOANS, cells(FEBRUARY, "loan_start_date", "44958"), "held back", ("start_date",), 15
    ),
    BadInput("a cell of 10 MB", ATTRIBUTES, cell(8, "Name", "x" * 10_000_000), "held back", ("of Name", "10,000,"), 15),
    BadInput("a very long line", CLICKS, cell(8, "Customer_ID", "C" * 20_000), "held back", ("20,000 char",), 15),
)

QUARANTINED = (
    BadInput("a conflicting duplicate", LOANS, _contradicted(8), "quarantined", ("key_is_unique",), 19),
    BadInput("a blank key", LOANS, cell(8, "loan_id", ""), "quarantined", ("loan_id_is_readable",), 19),
    BadInput("a key of blanks", LOANS, cell(8, "loan_id", "   "), "quarantined", ("loan_id_is_readable",), 19),
    BadInput(
        "a placeholder as customer",
        ATTRIBUTES,
        cell(8, "Customer_ID", "___"),
        "quarantined",
        ("Customer_ID_is_readable",),
        19,
    ),
    BadInput(
        "a start date that cannot be",
        LOANS,
        cell(8, "loan_start_date", "2023-02-31"),
        "quarantined",
        ("loan_start_date_is_readable",),
        19,
    ),
    *(
        BadInput(name, LOANS, cell(8, "snapshot_date", day), "quarantined", ("snapshot_date_is_readable",), 19)
        for name, day in {
            "an impossible date": "2023-02-30",
            "29 February of a common year": "2023-02-29",
            "month 13": "2023-13-01",
            "year 0": "0000-01-01",
        }.items()
    ),
    BadInput(
        "a start after the snapshot",
        LOANS,
        cell(8, "loan_start_date", "2023-03-01"),
        "quarantined",
        ("loan_starts_before_its_snapshot",),
        19,
    ),
    BadInput(
        "a start in year 9999",
        LOANS,
        cell(8, "loan_start_date", "9999-12-31"),
        "quarantined",
        ("loan_starts_before_its_snapshot",),
        19,
    ),
    BadInput("a negative tenure", LOANS, cell(8, "tenure", "-10"), "quarantined", ("tenure_is_positive",), 19),
    BadInput("a tenure of zero", LOANS, cell(8, "tenure", "0"), "quarantined", ("tenure_is_positive",), 19),
    BadInput("half a month of tenure", LOANS, cell(8, "tenure", "10.5"), "quarantined", ("tenure_is_readable",), 19),
    BadInput(
        "a tenure beyond 32 bits", LOANS, cell(8, "tenure", "99999999999"), "quarantined", ("tenure_is_readable",), 19
    ),
    BadInput(
        "an amount that is not a number", LOANS, cell(8, "due_amt", "NaN"), "quarantined", ("due_amt_is_readable",), 19
    ),
    BadInput("an infinite amount", LOANS, cell(8, "balance", "inf"), "quarantined", ("balance_is_readable",), 19),
    BadInput(
        "a negative infinity", LOANS, cell(8, "balance", "-Infinity"), "quarantined", ("balance_is_readable",), 19
    ),
    BadInput(
        "an amount that overflows", LOANS, cell(8, "balance", "1e400"), "quarantined", ("balance_is_readable",), 19
    ),
    BadInput(
        "overdue of 1e308",
        LOANS,
        cell(8, "overdue_amt", "1e308"),
        "quarantined",
        ("missed_installments_are_countable",),
        19,
    ),
    BadInput("a negative payment", LOANS, cell(8, "paid_amt", "-5"), "quarantined", ("paid_amt_is_not_negative",), 19),
    BadInput(
        "one amount with a separator",
        LOANS,
        cell(8, "loan_amt", '"10,000"'),
        "quarantined",
        ("loan_amt_is_readable",),
        19,
    ),
    BadInput(
        "an amount with a currency", LOANS, cell(8, "loan_amt", "EUR 5"), "quarantined", ("loan_amt_is_readable",), 19
    ),
    BadInput(
        "an amount in hexadecimal", LOANS, cell(8, "loan_amt", "0x10"), "quarantined", ("loan_amt_is_readable",), 19
    ),
    BadInput("an empty amount", LOANS, cell(8, "overdue_amt", ""), "quarantined", ("overdue_amt_is_readable",), 19),
    BadInput(
        "an instalment out of step",
        LOANS,
        cell(8, "installment_num", "7"),
        "quarantined",
        ("installment_num_equals_months_on_book",),
        19,
    ),
    BadInput(
        "a leap day as start",
        LOANS,
        cell(8, "loan_start_date", "2024-02-29"),
        "quarantined",
        ("loan_starts_before_its_snapshot",),
        19,
    ),
)

REPAIRED = (
    BadInput(
        "blanks around a key",
        LOANS,
        cell(8, "loan_id", " CUS_0x21_2023_02_01 "),
        "repaired",
        ("loan_id_whitespace_stripped",),
    ),
    BadInput(
        "an underscore behind a number", ATTRIBUTES, cell(8, "Age", "40_"), "repaired", ("Age_underscore_stripped",)
    ),
    BadInput("an age of -500", ATTRIBUTES, cell(8, "Age", "-500"), "repaired", ("Age_out_of_range_nulled",)),
    BadInput("an age of 1e308", ATTRIBUTES, cell(8, "Age", "1e308"), "repaired", ("unreadable_number_nulled_Age",)),
    BadInput("an age in words", ATTRIBUTES, cell(8, "Age", "forty"), "repaired", ("unreadable_number_nulled_Age",)),
    BadInput(
        "an age in full-width digits", ATTRIBUTES, cell(8, "Age", "４０"), "repaired", ("unreadable_number_nulled_Age",)
    ),
    BadInput(
        "an infinite debt",
        FINANCIALS,
        cell(8, "Outstanding_Debt", "inf"),
        "repaired",
        ("unreadable_number_nulled_Outstanding_Debt",),
    ),
    BadInput(
        "a placeholder for a mix",
        FINANCIALS,
        cell(8, "Credit_Mix", "_"),
        "repaired",
        ("Credit_Mix_placeholder_nulled",),
    ),
    BadInput(
        "a formula in a category",
        FINANCIALS,
        cell(8, "Credit_Mix", "=1+1"),
        "repaired",
        ("unreadable_text_nulled_Credit_Mix",),
    ),
    BadInput(
        "a click that overflows", CLICKS, cell(8, "fe_1", "1e308"), "repaired", ("unreadable_number_nulled_fe_1",)
    ),
    BadInput("half a click", CLICKS, cell(8, "fe_1", "0.5"), "repaired", ("unreadable_number_nulled_fe_1",)),
)

ACCEPTED = (
    BadInput("an exact duplicate", LOANS, _repeated(8, 1), "accepted"),
    BadInput("every row of a month twice", LOANS, by_rows(lambda rows: [*rows, *rows[16:21]]), "accepted"),
    BadInput("rows in another order", LOANS, by_rows(lambda rows: [rows[0], *rows[:0:-1]]), "accepted"),
    BadInput("SQL in a name", ATTRIBUTES, cell(8, "Name", "Robert'); DROP TABLE loans;--"), "accepted"),
    BadInput("a formula in a name", ATTRIBUTES, cell(8, "Name", "=HYPERLINK(A1)"), "accepted"),
    BadInput("a script in an occupation", ATTRIBUTES, cell(8, "Occupation", "<script>x</script>"), "accepted"),
    BadInput("a template in a customer", ATTRIBUTES, cell(8, "Customer_ID", "{{7*7}}"), "accepted"),
    BadInput("a path in a loan", LOANS, cell(8, "loan_id", "../../etc/passwd"), "accepted"),
    BadInput("unicode in a name", ATTRIBUTES, cell(8, "Name", "Zoë Ōé 张伟 🙂"), "accepted"),
    BadInput("a right-to-left mark", ATTRIBUTES, cell(8, "Name", "\u202eabc"), "accepted"),
    BadInput("a line break in a quoted cell", ATTRIBUTES, cell(8, "Name", '"Ada\nLovelace"'), "accepted"),
    BadInput("doubled quotes in a quoted cell", ATTRIBUTES, cell(8, "Name", '"O""Neil, ""Ada"""'), "accepted"),
    BadInput("numbers in scientific notation", LOANS, cell(8, "loan_amt", "1e4"), "accepted"),
    BadInput("a number with a plus", LOANS, cell(8, "loan_amt", "+10000"), "accepted"),
    BadInput("a balance overpaid", LOANS, cell(8, "balance", "-0.01"), "accepted"),
    BadInput(
        "rows after the book's end", LOANS, by_rows(lambda rows: [*rows, [*rows[1][:-1], "2030-01-01"]]), "accepted"
    ),
    BadInput("rows of the year 9999", LOANS, by_rows(lambda rows: [*rows, [*rows[1][:-1], "9999-12-01"]]), "accepted"),
    BadInput("rows before the book", LOANS, by_rows(lambda rows: [*rows, [*rows[1][:-1], "1999-01-01"]]), "accepted"),
)

CELLS = (*HELD_BACK, *QUARANTINED, *REPAIRED, *ACCEPTED)
