"""The file that the recipe of a portfolio reads: leases of fourteen months, made by a process that is known.

What the recipe must come to stands in test_recipes.
"""

from __future__ import annotations

from datetime import date

import numpy as np

from credit_platform.months import add_months


def leases() -> list[str]:
    """Lines of a book of fourteen months in which a high rate and a low deposit lead to an early return."""
    draw, first, months, n_leases = np.random.default_rng(3), date(2023, 1, 1), 14, 120
    lines: list[str] = []
    for cohort in range(months):
        rate, deposit = draw.uniform(100, 900, n_leases), draw.exponential(1000, n_leases)
        is_bad = draw.random(n_leases) < 1 / (1 + np.exp((deposit - 1000) / 800 - (rate - 500) / 100))
        lines += [
            f"L{cohort}-{n},D{cohort}-{n},{age},{rate[n]:.2f},{deposit[n]:.2f},{int(is_bad[n] and age == 3)},"
            f"{add_months(first, cohort + age)}"
            for age in range(min(4, months - cohort))
            for n in range(n_leases)
        ]
    return lines
