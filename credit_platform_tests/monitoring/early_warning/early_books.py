"""Loans that begin to pay, drawn from a known process, for tests of early labels and reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl

from credit_platform.months import add_months, month_range
from credit_platform.policy.model_config import LabelPolicy
from credit_platform.portfolios.loans.portfolio import LOANS

FIRST = date(2022, 1, 1)
LABEL_MOB = 6
MISSED_FROM = 5


def label_config() -> LabelPolicy:
    return LOANS.load_policy().model.label


@dataclass(frozen=True)
class Drift:
    """From cohort number `onset` on the score tells only `rank` of the risk, and all risks move by `shift`."""

    onset: int = 1000
    rank: float = 1.0
    shift: float = 0.0


NO_DRIFT = Drift()


@dataclass
class Book:
    """Snapshots and predictions of monthly cohorts whose defaulters miss instalment k with chance k/5."""

    n_cohorts: int
    loans_per_month: int = 300
    seed: int = 1
    drift: Drift = field(default_factory=Drift)
    roles: dict[date, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        parts = [self._cohort(rng, number) for number in range(self.n_cohorts)]
        self.snapshots = pl.concat([snapshots for snapshots, _ in parts])
        self.scored = pl.concat([scored for _, scored in parts])

    @property
    def months(self) -> list[date]:
        return month_range(FIRST, add_months(FIRST, self.n_cohorts - 1))

    def _cohort(self, rng: np.random.Generator, number: int) -> tuple[pl.DataFrame, pl.DataFrame]:
        drift = self.drift if number >= self.drift.onset else NO_DRIFT
        month, n = add_months(FIRST, number), self.loans_per_month
        told, untold = rng.normal(size=n), rng.normal(size=n)
        risk = 1.75 * (drift.rank * told + np.sqrt(1 - drift.rank**2) * untold) - 1.35 + drift.shift
        is_default = rng.uniform(size=n) < 1 / (1 + np.exp(-risk))
        loans = [f"{month:%Y-%m}-{loan:04}" for loan in range(n)]
        scored = pl.DataFrame(
            {
                "snapshot_month": month,
                "loan_id": loans,
                "default_probability": 1 / (1 + np.exp(1.35 - 1.75 * told)),
                "model_version": "2022-01-01-known",
                "sample_role": self.roles.get(month, "post"),
                "provenance": "live",
                "sources_present": "financials",
            },
        )
        behind = np.zeros(n, dtype=np.int64)
        rows = []
        for mob in range(LABEL_MOB + 1):
            is_missed = (rng.uniform(size=n) < mob / MISSED_FROM) & is_default
            behind = (behind + 1) * is_missed
            rows.append(self._snapshots(loans, month, mob, behind))
        return pl.concat(rows), scored

    @staticmethod
    def _snapshots(loans: list[str], month: date, mob: int, behind: np.ndarray) -> pl.DataFrame:
        snapshot = add_months(month, mob)
        first_missed = [add_months(snapshot, -int(missed)) if missed else None for missed in behind]
        return pl.DataFrame(
            {
                "snapshot_month": snapshot,
                "snapshot_date": snapshot,
                "loan_id": loans,
                "customer_id": loans,
                "loan_start_date": month,
                "balance_amount": 500.0,
                "mob": mob,
                "first_missed_date": first_missed,
                "dpd": 30 * behind,
            },
            schema_overrides={"mob": pl.Int32, "dpd": pl.Int32, "first_missed_date": pl.Date},
        )
