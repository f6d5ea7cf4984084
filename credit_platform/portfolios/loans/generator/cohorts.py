"""One cohort of a generated book: its customers, the truth about them, and the months of its loans and clickstream.

A cohort is drawn whole from the seed and its own index, so it is the same in whichever month it is needed. Which
cohorts a month is made of belongs to the book.
"""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.months import add_months
from credit_platform.portfolios.drift import Drift, DriftKind, strength_of
from credit_platform.portfolios.loans.generator.applicants import draw_applicants
from credit_platform.portfolios.loans.generator.customer_keys import (
    cohort_capacity,
    customer_ids,
    customer_numbers,
    loan_ids,
    social_security_numbers,
)
from credit_platform.portfolios.loans.generator.customer_names import draw_names
from credit_platform.portfolios.loans.generator.customer_rows import attribute_rows, financial_rows
from credit_platform.portfolios.loans.generator.default_process import (
    DefaultProcess,
    channel_means,
    credit_index,
    default_probability,
    strain_probability,
    turned_index,
)
from credit_platform.portfolios.loans.generator.delivery import recorded_late
from credit_platform.portfolios.loans.generator.dirt import ATTRIBUTES_DIRT, FINANCIALS_DIRT, soil
from credit_platform.portfolios.loans.generator.drift import odds_factor, volume_factor
from credit_platform.portfolios.loans.generator.randomness import Draw, generator
from credit_platform.portfolios.loans.generator.repayments import draw_missed_in_a_row, loan_rows

N_CHANNELS = 20
# A month's files need the cohorts of the ten months before it and of the two years after it, with room to spare.
_COHORTS_KEPT = 48
# How many applicants are drawn for each loan where good and bad ones are then kept in another proportion.
_CROWD = 4


@dataclass(frozen=True, eq=False)
class Cohort:
    """The customers who apply in one month, sorted by key.

    Attributes:
        index: Months since the first month of the book.
        month: The month of application.
        numbers: Running number of each customer in the book.
        truth: One row per customer: `customer_id`, `loan_id`, the true features, `is_strained`, `default_probability`,
            `is_default`.
        channel_means: Fixed mean of every clickstream channel, customers by channels.
        behind: Missed instalments in a row at months 0 to 10, customers by months.
    """

    index: int
    month: date
    numbers: NDArray[np.int64]
    truth: pl.DataFrame
    channel_means: NDArray[np.float32]
    behind: NDArray[np.int8]


@lru_cache(maxsize=_COHORTS_KEPT)
def draw_cohort(
    *,
    seed: int,
    index: int,
    first_month: date,
    loans_per_month: int,
    process: DefaultProcess,
    drifts: tuple[Drift, ...] = (),
    has_leak: bool = False,
) -> Cohort:
    """The cohort that applies `index` months after the first; its size is Poisson around `loans_per_month`.

    `drifts` are those in force for it; with a leak its clickstream is made from its outcome.
    """
    month = add_months(first_month, index)
    size = generator(seed, index, Draw.SIZE).poisson(loans_per_month * volume_factor(drifts, month))
    size = min(max(size, 1), cohort_capacity(loans_per_month))
    odds = odds_factor(drifts, month)
    people = _draw_people(size, seed=seed, index=index, process=process, drifts=drifts, odds=odds, has_leak=has_leak)
    size = people.truth.height
    behind = draw_missed_in_a_row(people.truth["is_default"].to_numpy(), generator(seed, index, Draw.REPAYMENTS))
    numbers = customer_numbers(index, size, loans_per_month)
    customers = customer_ids(numbers)
    truth = people.truth.with_columns(customers, loan_ids(customers, month))
    order = customers.arg_sort().to_numpy()
    return Cohort(index, month, numbers[order], truth[order], people.channel_means[order], behind[order])


@dataclass(frozen=True, eq=False)
class _People:
    """Applicants with what becomes of them, before they have keys."""

    truth: pl.DataFrame
    channel_means: NDArray[np.float32]


def _draw_people(
    size: int,
    *,
    seed: int,
    index: int,
    process: DefaultProcess,
    drifts: tuple[Drift, ...],
    odds: float,
    has_leak: bool,
) -> _People:
    """Applicants, whether they are strained, whether they default, and the level of their clickstream."""
    if odds != 1.0:
        crowd = _draw_people(
            size * _CROWD, seed=seed, index=index, process=process, drifts=drifts, odds=1.0, has_leak=has_leak
        )
        is_default = crowd.truth["is_default"].to_numpy()
        kept = generator(seed, index, Draw.SELECTION).random(is_default.size) < _acceptance(is_default, odds)
        chosen = np.flatnonzero(kept)[:size] if kept.any() else np.arange(1)
        chance = pl.col("default_probability")
        truth = crowd.truth[chosen].with_columns(default_probability=chance * odds / (1 - chance + chance * odds))
        return _People(truth, crowd.channel_means[chosen])
    shift, turn = strength_of(drifts, DriftKind.COVARIATE), strength_of(drifts, DriftKind.CONCEPT)
    applicants = draw_applicants(size, generator(seed, index, Draw.APPLICANTS), shift=shift)
    traits = generator(seed, index, Draw.TRAITS)
    credit = credit_index(applicants, process)
    is_strained = traits.random(size) < strain_probability(credit, process)
    turned = turned_index(applicants, process) if turn else 0.0
    probability = default_probability(credit, is_strained, process, turn=turn, turned=turned)
    is_default = traits.random(size) < probability
    means = channel_means(is_default if has_leak else is_strained, process, traits)
    truth = applicants.with_columns(
        is_strained=pl.Series(is_strained), default_probability=pl.Series(probability), is_default=pl.Series(is_default)
    )
    return _People(truth, means)


def _acceptance(is_default: NDArray[np.bool_], odds: float) -> NDArray[np.float64]:
    """The chance with which each of a crowd is kept, so that the odds of default are multiplied by `odds`."""
    return np.where(is_default, min(1.0, odds), min(1.0, 1.0 / odds))


def attributes_of(cohort: Cohort, seed: int) -> pl.DataFrame:
    """The cohort's rows of the attributes file, with their dirt."""
    names = draw_names(cohort.truth.height, generator(seed, cohort.index, Draw.NAMES))
    clean = attribute_rows(
        cohort.truth, names=names, numbers=social_security_numbers(cohort.numbers), snapshot=cohort.month
    )
    return soil(clean, ATTRIBUTES_DIRT, generator(seed, cohort.index, Draw.ATTRIBUTES_DIRT))


def financials_of(cohort: Cohort, seed: int) -> pl.DataFrame:
    """The cohort's rows of the financials file, with their dirt."""
    clean = financial_rows(cohort.truth, snapshot=cohort.month)
    return soil(clean, FINANCIALS_DIRT, generator(seed, cohort.index, Draw.FINANCIALS_DIRT))


def loans_of(cohort: Cohort, installment: int, *, seed: int, lateness: float = 0.0) -> pl.DataFrame:
    """The cohort's rows of the loan file, `installment` months after the start; `lateness` of late recording."""
    behind = cohort.behind
    if lateness:
        behind = recorded_late(behind, installment=installment, strength=lateness, seed=seed, cohort=cohort.index)
    return loan_rows(
        loans=cohort.truth["loan_id"],
        customers=cohort.truth["customer_id"],
        behind=behind,
        start=cohort.month,
        snapshot=add_months(cohort.month, installment),
        installment=installment,
    )


def clickstream_of(cohort: Cohort, seed: int, *, month_index: int, month: date, noise_sd: float) -> pl.DataFrame:
    """The cohort's rows of the clickstream file in one month: fixed means and noise of that month, whole numbers."""
    rng = generator(seed, cohort.index, Draw.CLICKSTREAM, month_index)
    noise = rng.standard_normal(cohort.channel_means.shape, dtype=np.float32)
    readings = np.rint(cohort.channel_means + np.float32(noise_sd) * noise).astype(np.int16)
    columns = {f"fe_{channel + 1}": readings[:, channel] for channel in range(N_CHANNELS)}
    return pl.DataFrame(columns).select(
        pl.all().cast(pl.String),
        cohort.truth["customer_id"].alias("Customer_ID"),
        pl.lit(month.isoformat()).alias("snapshot_date"),
    )
