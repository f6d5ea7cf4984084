"""Histories of a source as an honest feed makes them, and as one does whose customers were chosen in hindsight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from credit_platform.monitoring.data_quality.availability import Availability, SourceHistory, judge_availability
from credit_platform.months import add_months, month_range
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.statistics.availability import Presence

FIRST, N_MONTHS, LAG = date(2022, 1, 1), 30, 6
AS_OF = add_months(FIRST, N_MONTHS - 1)


@dataclass(frozen=True)
class Feed:
    """A feed over a book of 30 months, read at its end; labels are known six months after the application.

    Attributes:
        cases: per month.
        before: months before the application in which rows begin.
        after: months after it in which they end.
        known: share of customers that the source knows at all.
        visit: chance of a row in a month.
        begins: place of the feed's first month.
        outage: place of the month from which on nobody has rows.
        partial: share of rows kept from that place on, instead of none.
        unrest: standard deviation of the log-odds of `known` between cohorts.
        by_label: what the odds of `known` are multiplied by for bads.
        chosen: share of `known` by the range of cohorts it is for, as a leak has it.
    """

    cases: int = 120
    before: int = 23
    after: int = 3
    known: float = 1.0
    visit: float = 1.0
    begins: int = 0
    outage: int | None = None
    partial: float = 0.0
    unrest: float = 0.0
    by_label: float = 1.0
    chosen: Mapping[tuple[int, int], float] = field(default_factory=dict)

    def history(self, seed: int) -> SourceHistory:
        random = np.random.default_rng(seed)
        cohort = np.repeat(np.arange(N_MONTHS), random.poisson(self.cases, N_MONTHS))
        label = (random.random(cohort.size) < 0.3).astype(float)
        known = np.full(cohort.size, self.known)
        for (low, high), share in self.chosen.items():
            known[(cohort >= low) & (cohort <= high)] = share
        with np.errstate(divide="ignore"):
            odds = known / (1 - known) * np.exp(self.unrest * random.standard_normal(N_MONTHS))[cohort]
            is_known = random.random(cohort.size) < 1 / (1 + 1 / (odds * np.where(label == 1, self.by_label, 1.0)))
        age = np.arange(N_MONTHS) - cohort[:, None]
        has_row = is_known[:, None] & (age >= -self.before) & (age <= self.after)
        has_row &= random.random(has_row.shape) < self.visit
        has_row[:, : self.begins] = False
        if self.outage is not None:
            has_row[:, self.outage :] &= random.random(has_row[:, self.outage :].shape) < self.partial
        label[cohort > N_MONTHS - 1 - LAG] = np.nan
        return SourceHistory(FIRST, Presence(has_row, cohort, label), age == 0)

    def judged(self, seed: int, n_cohorts: int = 18) -> Availability:
        """What the gate says for a version of so many cohorts."""
        last = add_months(AS_OF, -LAG)
        window = month_range(add_months(last, 1 - n_cohorts), last)
        return judge_availability(self.history(seed), window, AS_OF, LOANS.words)


LABELLED = N_MONTHS - 1 - LAG  # place of the newest cohort with a label
HONEST: Mapping[str, Feed] = {
    "covers everybody": Feed(),
    "covers everybody always": Feed(before=99, after=99),
    "half a year before to three months after": Feed(before=5),
    "application and three months after": Feed(before=0),
    "few know it": Feed(known=0.2),
    "rare visits": Feed(known=0.7, visit=0.15, after=12),
    "cohorts differ": Feed(known=0.6, unrest=0.4, visit=0.7),
    "thin files are worse": Feed(known=0.8, by_label=0.6),
    "begins late": Feed(begins=18),
    "an outage before the newest cohorts": Feed(outage=LABELLED + 1),
    "an outage among them, short history": Feed(outage=LABELLED + 4, before=5, known=0.8),
    "an outage long ago": Feed(outage=14),
    "a partial outage": Feed(outage=20, partial=0.3, known=0.8, visit=0.6),
    "small book": Feed(cases=12, known=0.5, visit=0.5),
}
SELECTED: Mapping[str, Feed] = {
    "only labelled customers": Feed(before=99, after=99, chosen={(LABELLED + 1, 99): 0.0}),
    "only labelled customers, short history": Feed(before=5, chosen={(LABELLED + 1, 99): 0.0}),
    "a quarter of the newest": Feed(known=0.9, chosen={(LABELLED + 1, 99): 0.2}),
    "one newest cohort lacks it": Feed(chosen={(N_MONTHS - 1, 99): 0.0}),
    "a cohort without it has matured": Feed(before=99, after=99, chosen={(LABELLED - 2, 99): 0.0}),
    "with rare visits": Feed(known=0.7, visit=0.15, chosen={(LABELLED + 1, 99): 0.0}),
    "small book": Feed(cases=12, chosen={(LABELLED + 1, 99): 0.0}),
    "bads have rows and goods do not": Feed(known=0.5, by_label=8.0),
}
