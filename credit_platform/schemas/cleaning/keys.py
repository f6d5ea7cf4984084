"""How the text of a cell begins to be read: characters nobody sees, words for a missing value, keys written as numbers.

What a number or a category means is read in `cells`.
"""

import re

import polars as pl

from credit_platform.schemas.cleaning.rule import CleaningRule

SOURCE = "source."  # the cell as it came
TEXT = "text."  # what one sees of it; null when nothing is left
KEY = "key."  # the same of a key, which has no blanks and is no placeholder

# Stand-ins that mean nothing else in this trade, then what programs write for a missing value, whatever its case.
PLACEHOLDERS = ("!@9#%8", "#F%$D@*&8", "NM", "__10000__", "__-333333333333333333333333333__")
_WORDS = (
    "nan,-nan,null,nul,nil,none,na,n/a,n.a.,n.a,n-a,nat,missing,unknown,undefined,not available,not applicable,"
    "not provided,no data,blank,empty"
)
_MARKS = (
    r"#n/a,#na,#n/a n/a,#null!,#ref!,#value!,#name?,#num!,#div/0!,<na>,<null>,<none>,<missing>,<blank>,(null),(none),"
    r"(missing),(blank),(empty),[null],\n,n\a,1.#qnan,-1.#ind"
)
MISSING_WORDS = (*_WORDS.split(","), *_MARKS.split(","))
MISSING = "a placeholder for a missing value"
_PLACEHOLDER = rf"(?i)^(?:_+|[-–—−]+|\?+|\.+|{'|'.join(map(re.escape, (*PLACEHOLDERS, *MISSING_WORDS)))})$"
# Zero width, soft hyphens, byte order marks, marks of direction, controls; tabs and line ends are blanks.
_INVISIBLE = r"[\p{Cf}\p{Cc}\x{34f}\x{115f}\x{1160}\x{3164}\x{fe00}-\x{fe0f}&&[^\t\n\r]]"
_OTHER_BLANK = r"[\p{Zs}&&[^ ]]"  # no-break spaces and blanks of other widths
# What a key looks like when nothing about it needs a closer look: no blank, no placeholder, no number but digits.
PLAIN_KEY = r"^(?:[A-Za-z][A-Za-z_-]*[0-9][A-Za-z0-9_-]*|[0-9]+)$"
_WITH_DECIMALS = r"^-?[0-9]+\.0*$"
# As programs write it: one digit before the point, and a point or a sign of the exponent.
_SCIENTIFIC = r"^-?[0-9](?:\.[0-9]+[eE]\+?|[eE]\+)[0-9]+$"
_LARGEST = 2.0**53  # whole numbers beyond are not exact as a float


def visible(cell: pl.Expr, *, blank: str = " ") -> pl.Expr:
    """A text without the characters nobody sees and without blanks around it, null when nothing is left.

    Args:
        cell: the text.
        blank: what a no-break space within it becomes.
    """
    seen = cell.str.replace_all(_INVISIBLE, "").str.replace_all(_OTHER_BLANK, blank).str.strip_chars()
    return pl.when(seen != "").then(seen)


def means_missing(text: pl.Expr) -> pl.Expr:
    """Whether a text is a stand-in for a missing value."""
    return text.str.contains(_PLACEHOLDER)


def key_without_decimals(key: pl.Expr) -> pl.Expr:
    """A key's digits where it is a whole number written `1000.0` or `1.0E+03`; any other text as it is."""
    number = key.cast(pl.Float64, strict=False)
    is_exact = key.str.contains(_SCIENTIFIC) & (number == number.round()) & (number.abs() < _LARGEST)
    digits = pl.when(is_exact).then(number).cast(pl.Int64, strict=False).cast(pl.String)
    return (
        pl.when(key.str.contains(_WITH_DECIMALS)).then(key.str.replace(r"\.0*$", "")).otherwise(digits.fill_null(key))
    )


def key_of(cell: pl.Expr) -> pl.Expr:
    """A key as every source is to write it, null where the cell has none."""
    return key_without_decimals(_key_text(cell))


def _key_text(cell: pl.Expr) -> pl.Expr:
    seen = visible(cell, blank="")
    return pl.when(~means_missing(seen)).then(seen)


def plain_key(cell: pl.Expr) -> pl.Expr:
    """A key straight from the source, null when it needs a closer look."""
    return pl.when(cell.str.contains(PLAIN_KEY)).then(cell)


def text(column: str) -> pl.Expr:
    """The cell without surrounding blanks and invisible characters, null when nothing is left, as `text.<column>`."""
    return visible(pl.col(SOURCE + column)).alias(TEXT + column)


def key_text(column: str) -> pl.Expr:
    """The cell as a key is read, as `key.<column>`: a step of its own, as its digits are looked for many times."""
    return _key_text(pl.col(SOURCE + column)).alias(KEY + column)


def is_placeholder(column: str) -> pl.Expr:
    """Whether the source wrote a stand-in for a missing value."""
    return means_missing(pl.col(TEXT + column))


def identifier(column: str) -> pl.Expr:
    """An identifier as every source is to write it, over `key.<column>`; null when blank or a placeholder."""
    return key_without_decimals(pl.col(KEY + column))


def plain_identifier(column: str) -> pl.Expr:
    """An identifier straight from the source, null when it needs a closer look."""
    return plain_key(pl.col(SOURCE + column))


def whitespace_stripped(column: str, *values: str) -> CleaningRule:
    """The rule that mends what nobody sees in a cell's text; `values` are the nullable silver columns made of it."""
    return CleaningRule(
        name=f"{column}_whitespace_stripped",
        column=column,
        condition="blanks before or after the text, no-break spaces, or characters that nobody sees",
        remedy="removed",
        applies=pl.col(SOURCE + column) != pl.col(TEXT + column),
        strategy="repair",
        values=values,
    )


def identifier_repairs(column: str) -> tuple[CleaningRule, ...]:
    """The rules that mend an identifier, so that every source writes it alike."""
    cell = pl.col(TEXT + column)
    digits_restored = CleaningRule(
        name=f"{column}_digits_restored",
        column=column,
        condition="a whole number with decimals or in scientific notation",
        remedy="its digits",
        applies=key_without_decimals(cell) != cell,
        strategy="repair",
    )
    return (whitespace_stripped(column), digits_restored)
