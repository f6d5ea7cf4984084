"""The cases of a month as applications: the raw rows from which the pipeline made them, as bronze has them."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import polars as pl

from credit_platform.lake.tables.monthly import Lake
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.portfolios.source import Source
from credit_platform.schemas.cleaning.keys import key_of
from credit_platform.serving.application import Decided, RawApplication, RawRow, Refused
from credit_platform.serving.decider import Decider
from credit_platform.serving.raw_features import key_columns, raw_column
from credit_platform_tests.small_book import BookFolders

# What a prediction has of the numbers that must not differ in a bit.
NUMBERS = (
    *("raw_probability", "default_probability", "score", "grade", "decision", "sources_present"),
    *(f"reason_{place}" for place in range(1, 5)),
)
_NEVER_HANDED_IN = {"lms_loan_daily", "feature_clickstream", "sales", "feedback_raw"}


def applications_of(lake: Lake, portfolio: Portfolio, month: date) -> dict[str, RawApplication]:
    """By case key; histories that the lake has are left to it."""
    raw = key_columns(portfolio)
    rows = {
        source.name: _rows_by_owner(lake, portfolio, source, month)
        for source in portfolio.sources
        if source.name not in _NEVER_HANDED_IN
    }
    cases = lake.scan(portfolio.cases.table, [month]).filter(portfolio.cases.is_new).collect()
    found: dict[str, RawApplication] = {}
    for case in cases.iter_rows(named=True):
        key, customer = case[portfolio.cases.key], case[portfolio.cases.customer]
        own = {name: of[customer] for name, of in rows.items() if of[customer] or portfolio.assigned_months}
        found[key] = RawApplication(
            case=key if raw.case else None,
            customer=customer if raw.customer else None,
            day=case.get("snapshot_date") or month,
            rows=own,
        )
    return found


def _rows_by_owner(lake: Lake, portfolio: Portfolio, source: Source, month: date) -> dict[str, list[RawRow]]:
    table, cases = f"bronze/{source.name}", portfolio.cases
    months = [one for one in lake.months(table) if one <= month] if source.date is None else [month]
    rows = lake.scan(table, months).collect()
    column = raw_column(source, cases.customer if key_columns(portfolio).customer else cases.key)
    if column is None and source.link is not None:
        leading = portfolio.source(str(source.link.through))
        links = lake.scan(f"bronze/{leading.name}", months).collect()
        own = str(raw_column(leading, cases.key))
        keys = links.select(key_of(pl.col(source.link.column)).alias("key"), key_of(pl.col(own)).alias("owner"))
        owned = rows.with_columns(key_of(pl.col(source.link.column)).alias("key")).join(
            keys.unique("key"), on="key", how="left", maintain_order="left"
        )
    else:
        owned = rows.with_columns(key_of(pl.col(str(column))).alias("owner"))
    found: dict[str, list[RawRow]] = defaultdict(list)
    for owner, *cells in owned.select("owner", *source.columns).iter_rows():
        # Standing facts are delivered again and again; the newest are known.
        row = dict(zip(source.columns, cells, strict=True))
        found[owner] = [row] if source.date is None else [*found[owner], row]
    return found


def as_json(one: RawApplication, portfolio: Portfolio) -> dict[str, object]:
    """An application as a record of a request."""
    keys = {portfolio.cases.key: one.case, portfolio.cases.customer: one.customer}
    given = {name: key for name, key in keys.items() if key is not None}
    return {**given, "snapshot_date": one.day.isoformat(), **one.rows}


def opened_decider(book: BookFolders) -> Decider:
    """A decider of a finished book."""
    settings = book.settings()
    return Decider(Lake.at(settings.data_dir, portfolio=settings.portfolio), settings.portfolio, settings.policy)


def numbers_of(answers: dict[str, Decided | Refused]) -> dict[str, dict[str, object]]:
    """By case key, the numbers of each prediction; none may be refused."""
    refused = {key: answer for key, answer in answers.items() if isinstance(answer, Refused)}
    assert not refused, refused
    return {
        key: {name: answer.prediction[name] for name in NUMBERS}
        for key, answer in answers.items()
        if isinstance(answer, Decided)
    }
