"""How the files of a source are written, and whether it may leave a month out: `sources` of model_config.yaml.

Shapes and the rules a value must obey; reading a file by them belongs to `lake.raw`, finding them out to `map`.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Literal, Self

from pydantic import Field, SerializerFunctionWrapHandler, field_validator, model_serializer, model_validator

from credit_platform.errors import PolicyError
from credit_platform.policy.policy_section import PolicySection

_DIRECTIVES = frozenset("YymbBdeHMSf%")
_YEAR, _MONTH, _DAY = frozenset("Yy"), frozenset("mbB"), frozenset("de")

Decimal = Literal[".", ","]
Thousands = Literal[",", ".", " ", "'"]


def date_directives(written: str) -> list[str]:
    """The letters behind the percent signs of a date format, in order."""
    return re.findall(r"%(.?)", written)


def has_day(written: str) -> bool:
    """Whether a date format has a day; without one the first of the month is meant."""
    return bool(_DAY & set(date_directives(written)))


def _require_date_format(written: str) -> None:
    found = date_directives(written)
    parts = [sum(letter in kind for letter in found) for kind in (_YEAR, _MONTH, _DAY)]
    if not set(found) <= _DIRECTIVES or parts[:2] != [1, 1] or parts[2] > 1:
        message = f'{written!r} is no date format; write year and month once each, as in "%d.%m.%Y", "%m%Y", "%b-%Y"'
        raise ValueError(message)


class FileForm(PolicySection):
    """How a lender writes the files of a source. As shipped: the contract's own columns, comma-separated, UTF-8.

    Attributes:
        files: pattern of the files' names in the raw folder; None: names that begin with the source's.
        columns: the contract's column to the file's: its name, its position (from 1) where there is no header, or null
            where the file has none. Others have the contract's name. Empty: the header is exactly the contract's.
        has_header: whether the first line of a CSV file has the names.
        date_format: how dates are written, for all columns or by column; None: ISO, or d/M/yy throughout.
        decimal: the sign before the decimals of numbers.
        thousands: the sign between groups of three digits; a blank also stands for a no-break space.
        units: texts around numbers that are left out (`%`, `$`, `months`).
        encoding: of CSV text, by its name in Python.
        delimiter: between the cells of CSV text.
    """

    files: Annotated[str, Field(min_length=1)] | None = None
    columns: Mapping[str, str | int | None] = Field(default_factory=dict)
    has_header: bool = True
    date_format: str | Mapping[str, str] | None = None
    decimal: Decimal = "."
    thousands: Thousands | None = None
    units: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(strict=False)] = ()
    encoding: str = "utf-8"
    delimiter: str = ","

    @field_validator("files")
    @classmethod
    def _is_a_name(cls, value: str | None) -> str | None:
        if value is not None and (re.search(r"[/\\]|\*\*", value) or value.startswith(".")):
            message = f"{value!r} must be the name of files in the raw folder, such as 'tape_*.csv'"
            raise ValueError(message)
        return value

    @field_validator("columns", mode="before")
    @classmethod
    def _names_columns(cls, value: object) -> object:
        for ours, theirs in value.items() if isinstance(value, Mapping) else ():
            is_column = theirs is None or (isinstance(theirs, str | int) and not isinstance(theirs, bool))
            if not is_column or theirs == "" or (isinstance(theirs, int) and theirs < 1):
                message = f"{ours} is {theirs!r}; write the file's column in quotes, its position from 1, or null"
                raise ValueError(message)
        return value

    @field_validator("date_format")
    @classmethod
    def _is_a_date_format(cls, value: str | Mapping[str, str] | None) -> str | Mapping[str, str] | None:
        for written in value.values() if isinstance(value, Mapping) else (value,):
            if written is not None:
                _require_date_format(written)
        return value

    @field_validator("encoding")
    @classmethod
    def _is_an_encoding(cls, value: str) -> str:
        try:
            "a".encode(value)
        except (LookupError, UnicodeError):
            message = f"{value!r} is no encoding of text; write utf-8, cp1252, latin-1 or utf-16"
            raise ValueError(message) from None
        return value

    @field_validator("delimiter")
    @classmethod
    def _is_a_delimiter(cls, value: str) -> str:
        if not re.fullmatch(r"[\t\x20-\x7e]", value) or value.isalnum() or value in "\"'.-+_":
            message = (
                f'{value!r} is no delimiter; write one sign such as ";" or "|", and a tab as "\\t" in double quotes'
            )
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if self.thousands == self.decimal:
            message = f"thousands and decimal are both {self.decimal!r}"
            raise ValueError(message)
        by_position = [ours for ours, theirs in self.columns.items() if isinstance(theirs, int)]
        named = [ours for ours, theirs in self.columns.items() if isinstance(theirs, str)]
        if (by_position and self.has_header) or (named and not self.has_header):
            message = f"columns.{(by_position if self.has_header else named)[0]} is given by " + (
                "its position, which needs has_header: false" if self.has_header else "name, which needs a header"
            )
            raise ValueError(message)
        if not self.has_header and not self.columns:
            message = "has_header is false, so columns must give the position of every column"
            raise ValueError(message)
        return self

    @model_serializer(mode="wrap")
    def _without_defaults(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        # A policy that maps nothing has the fingerprint it had before there were maps.
        fields, values = FileForm.model_fields, handler(self)
        usual = {name: known.get_default(call_default_factory=True) for name, known in fields.items()}
        return {key: value for key, value in values.items() if key not in usual or getattr(self, key) != usual[key]}


class SourcePolicy(FileForm):
    """How the files of a source are written, and whether an empty month is an error (required) or a warning."""

    required: bool


def require_columns(form: FileForm, known: Mapping[str, bool], *, file: str, key: str) -> None:
    """Refuse a map of columns that the source does not have, or without those that it needs.

    Raises:
        PolicyError: it is such a map; names file, key and reason.
    """
    dates = form.date_format if isinstance(form.date_format, Mapping) else {}
    for section, column in [*(("columns", one) for one in form.columns), *(("date_format", one) for one in dates)]:
        if column not in known:
            reason = f"is no column of the source; it has {', '.join(get_close_matches(column, known, n=1) or known)}"
            raise PolicyError(file=file, key=f"{key}.{section}.{column}", reason=reason)
    for column, is_needed in known.items():
        if is_needed and column in form.columns and form.columns[column] is None:
            reason = "cannot be null: no row is of use without it; name the file's column"
            raise PolicyError(file=file, key=f"{key}.columns.{column}", reason=reason)
        if not form.has_header and column not in form.columns:
            reason = "is missing; without a header every column needs a position, or null"
            raise PolicyError(file=file, key=f"{key}.columns.{column}", reason=reason)
