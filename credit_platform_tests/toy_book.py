"""The raw files of the gym: two sources of twenty months, made by a process whose sense can be turned round.

What the book is, is said in toy_portfolio.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from credit_platform.months import add_months
from credit_platform.schemas.cleaning.table_cleaning import source_columns
from credit_platform_tests.toy_portfolio import GymContracts, GymMembers

FIRST, MONTHS, A_MONTH = date(2023, 1, 1), 20, 150


def write_gym(raw: Path, *, turns: date | None = None) -> None:
    """Write both sources of all months; from the cohort `turns` on, low fees are cancelled in place of high ones."""
    raw.mkdir(parents=True)
    draw = np.random.default_rng(7)
    contracts: list[tuple[str, ...]] = []
    members: list[tuple[str, ...]] = []
    for cohort in (add_months(FIRST, n) for n in range(MONTHS)):
        fee, distance = draw.uniform(10, 90, A_MONTH), draw.exponential(5, A_MONTH)
        sign = -1 if turns is not None and cohort >= turns else 1
        odds = sign * (fee - 50) / 12 + (distance - 5) / 10 - 0.5
        is_bad = draw.random(A_MONTH) < 1 / (1 + np.exp(-odds))
        for age in range(3):
            month = add_months(cohort, age)
            if month > add_months(FIRST, MONTHS - 1):
                continue
            for n in range(A_MONTH):
                name = f"{cohort:%y%m}-{n}"
                bad = int(is_bad[n] and age == 2)
                contracts.append((f"C{name}", f"M{name}", str(age), f"{fee[n]:.2f}", str(bad), f"{month}"))
                members.append((f"M{name}", f"{distance[n]:.2f}", f"{month}"))
    for name, rows, schema in (("gym_contracts", contracts, GymContracts), ("gym_members", members, GymMembers)):
        columns = [*source_columns(schema)[1:], "snapshot_date"]
        frame = pl.DataFrame(rows, schema=columns, orient="row")
        frame.select(source_columns(schema)).write_csv(raw / f"{name}.csv")
