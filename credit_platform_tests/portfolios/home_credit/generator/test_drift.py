"""Every drift changes the new applications and nothing before; what needs a calendar is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from credit_platform.errors import SettingsError
from credit_platform.months import add_months
from credit_platform.portfolios.drift import Drift, DriftKind
from credit_platform.portfolios.drifted_rows import changed_form
from credit_platform.portfolios.home_credit.generator.book import HomeCreditBook
from credit_platform.portfolios.home_credit.generator.drift import (
    APPLICATION_FORM,
    DARK_SOURCE,
    MISSING_COLUMNS,
    REFUSED,
)
from credit_platform.portfolios.home_credit.generator.home_credit_generator import GENERATOR

BOOK = HomeCreditBook(n_months=6, cases_per_month=300, seed=5)
START = BOOK.months[-1]


def drifted(kind: DriftKind, strength: float = 0.7) -> dict[str, pl.DataFrame]:
    return dict(replace(BOOK, drifts=(Drift(kind, START, strength),)).rows(START))


def mean(files: dict[str, pl.DataFrame], column: str) -> float:
    return float(np.nanmean(files["application_test"][column].cast(pl.Float64).to_numpy()))


@pytest.mark.parametrize("kind", GENERATOR.drifts)
def test_applications_with_an_outcome_stay_as_they_were(kind: DriftKind) -> None:
    book = replace(BOOK, drifts=(Drift(kind, START, 1.0),))
    for name, rows in book.rows(BOOK.first_month).items():
        usual = BOOK.rows(BOOK.first_month)[name]
        if name != "application_test":
            assert_frame_equal(rows, usual)


def test_a_covariate_drift_brings_younger_people_with_lower_scores_and_keeps_the_process() -> None:
    usual, made = dict(BOOK.rows(START)), drifted(DriftKind.COVARIATE)
    for column in ("EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3"):
        assert mean(made, column) < mean(usual, column) - 0.03
    assert mean(made, "DAYS_BIRTH") > mean(usual, "DAYS_BIRTH") + 700


def test_missing_cells_have_the_share_asked_for() -> None:
    made = drifted(DriftKind.MISSINGNESS, 0.7)
    for column in MISSING_COLUMNS:
        assert made["application_test"][column].null_count() / BOOK.cases_per_month > 0.6, column


def test_a_dark_source_has_no_rows_of_new_applications() -> None:
    usual, made = BOOK.rows(START), drifted(DriftKind.SOURCE_DARK, 0.1)
    assert made.pop(DARK_SOURCE).is_empty()
    assert all(rows.equals(usual[name]) for name, rows in made.items())


def test_a_schema_change_is_one_of_the_file_of_new_applications() -> None:
    expected = BOOK.rows(START)["application_test"]
    for strength in (0.2, 0.7, 1.0):
        made = drifted(DriftKind.SCHEMA_CHANGE, strength)["application_test"]
        assert_frame_equal(made, changed_form(expected, APPLICATION_FORM, strength))
        assert made.columns != expected.columns


def test_every_kind_is_either_generated_or_refused_with_a_reason() -> None:
    assert set(GENERATOR.drifts) | set(REFUSED) == set(DriftKind)
    assert not set(GENERATOR.drifts) & set(REFUSED)


@pytest.mark.parametrize("kind", REFUSED)
def test_a_drift_that_needs_a_calendar_or_an_outcome_is_refused(kind: DriftKind) -> None:
    with pytest.raises(SettingsError, match=REFUSED[kind]):
        replace(BOOK, drifts=(Drift(kind, START, 0.7),))


def test_a_drift_can_only_begin_with_the_new_applications() -> None:
    with pytest.raises(SettingsError, match=r"no calendar.*Choose 2021-06"):
        replace(BOOK, drifts=(Drift(DriftKind.COVARIATE, add_months(START, -1), 0.7),))
    with pytest.raises(SettingsError, match="no new applications"):
        replace(BOOK, n_months=5, drifts=(Drift(DriftKind.COVARIATE, BOOK.months[4], 0.7),))
