"""Feedback: the rules that clean it. The words are personal and stay in bronze; silver has how they sound.

How a comment is read is written in `sentiment`; what is counted of comments belongs to the features.
"""

from dataclasses import replace

import polars as pl

from credit_platform.months import source_date
from credit_platform.portfolios.churn.sources.due_rows import FEEDBACK_DUE
from credit_platform.portfolios.churn.sources.raw_lines import FeedbackLines
from credit_platform.portfolios.churn.sources.sentiment import sentiment_of
from credit_platform.portfolios.churn.sources.silver import Feedback
from credit_platform.portfolios.source import Source
from credit_platform.schemas.cleaning.cells import (
    SOURCE,
    TEXT,
    NumberCell,
    date_is_readable,
    identifier_is_readable,
    key_is_unique,
)
from credit_platform.schemas.cleaning.keys import identifier, identifier_repairs
from credit_platform.schemas.cleaning.rule import CleaningRule
from credit_platform.schemas.cleaning.table import TableCleaning
from credit_platform.schemas.cleaning.table_cleaning import source_columns
from credit_platform.schemas.source_cells import SourceCells

_KEYS = ("customer_id", "feedback_id")
_DELIVERED = NumberCell.of(Feedback, "sentiment", "sentiment")

REPAIRS: tuple[CleaningRule, ...] = (
    *(rule for column in _KEYS for rule in identifier_repairs(column)),
    *_DELIVERED.rules(),
)
REJECTIONS: tuple[CleaningRule, ...] = (
    *(identifier_is_readable(column, column) for column in _KEYS),
    date_is_readable("feedback_date"),
    key_is_unique("feedback_id"),
)

FEEDBACK_RAW = replace(
    Source.cleaned_by(
        TableCleaning(
            source_columns=source_columns(FeedbackLines),
            columns=tuple(Feedback.column_names()),
            key=("feedback_id",),
            cells=(_DELIVERED.number(),),
            values={
                **{column: identifier(column) for column in _KEYS},
                "feedback_date": source_date(f"{SOURCE}feedback_date"),
                "has_words": pl.col(f"{TEXT}comment").is_not_null(),
                "sentiment": pl.coalesce(_DELIVERED.value(), sentiment_of(pl.col(f"{TEXT}comment"))),
            },
            repairs=REPAIRS,
            rejections=REJECTIONS,
        ),
        name="feedback_raw",
        bronze=FeedbackLines,
        table="feedback",
        silver=Feedback,
        due=FEEDBACK_DUE,
    ),
    cells=SourceCells(key=("feedback_id",), numbers=("sentiment",), dates=("feedback_date",)),
    date="feedback_date",
    optional_columns=("sentiment",),
)
