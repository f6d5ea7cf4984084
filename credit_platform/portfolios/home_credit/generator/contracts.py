"""The contracts that came of approved applications of before: their plan, how long they run, how they are used.

Applications belong to `previous_applications`; instalments and months of contracts have modules of their own.
"""

from dataclasses import dataclass

import numpy as np

from credit_platform.portfolios.home_credit.generator.distributions import (
    Flags,
    Floats,
    Integers,
    happens,
    happens_leaning,
    logistic,
)

DAYS_PER_INSTALMENT = 30
# Written where a day is not known or is still to come.
NO_DAY = 365_243.0
_EARLY_RATE, _USED_RATE, _DRAWN_RATE, _ENDED_CARD_RATE, _INSURED_RATE = 0.35, 0.62, 0.6, 0.2, 0.38
# Some contracts have no days in the file of applications.
_KNOWN_RATE = 0.962


@dataclass(frozen=True, eq=False)
class Contracts:
    """What came of approved applications, one value each.

    Attributes:
        applications: The place of its application among those of the chunk.
        parents: The place of its applicant in the chunk.
        is_card: Whether a card, which has no instalments agreed on.
        trouble: How badly it is paid.
        decided: Day of the decision before the application.
        first_due: Day of the first instalment.
        agreed: Instalments agreed on.
        kept: Instalments until it ends, fewer where it is repaid early.
        amount: Annuity, of a card its limit.
        use: Share of its limit that the customer of a card usually uses; 0 where it is never used.
    """

    applications: Integers
    parents: Integers
    is_card: Flags
    trouble: Floats
    decided: Integers
    first_due: Integers
    agreed: Integers
    kept: Integers
    amount: Floats
    use: Floats


def draw_contracts(
    approved: Integers,
    *,
    parents: Integers,
    is_card: Flags,
    trouble: Floats,
    decided: Floats,
    agreed: Integers,
    amount: Floats,
    rng: np.random.Generator,
) -> Contracts:
    """The contracts of the approved among all applications of a chunk; some end early."""
    n, own_trouble = approved.size, trouble[approved]
    is_early = happens_leaning(_EARLY_RATE, -0.3, own_trouble, rng)
    part = np.where(is_early, rng.uniform(0.15, 0.9, n), 1.0)
    use = logistic(0.5 + 0.9 * own_trouble + rng.standard_normal(n))
    return Contracts(
        applications=approved,
        parents=parents[approved],
        is_card=is_card[approved],
        trouble=own_trouble,
        decided=decided[approved].astype(np.int64),
        first_due=(decided[approved] + 30 + rng.geometric(0.35, n)).astype(np.int64),
        agreed=agreed[approved],
        kept=np.ceil(agreed[approved] * part).astype(np.int64),
        amount=amount[approved],
        use=np.where(is_card[approved] & happens(_USED_RATE, n, rng), use, 0.0),
    )


def days_of_contracts(contracts: Contracts, n_applications: int, rng: np.random.Generator) -> dict[str, Floats]:
    """What applications say of their contract, NaN for those without one and for some others."""
    own, size, is_card = contracts.applications, contracts.applications.size, contracts.is_card
    first = contracts.first_due.astype(np.float64)
    last = first + DAYS_PER_INSTALMENT * (contracts.kept - 1.0)
    ended = np.where(is_card, happens(_ENDED_CARD_RATE, size, rng), last < 0)
    ended_on = np.where(is_card, np.minimum(first * rng.uniform(0, 0.9, size), -1).round(), last)
    terminated = ended_on + rng.integers(1, 12, size)
    is_drawn = is_card & happens(_DRAWN_RATE, size, rng)
    columns: dict[str, Floats] = {
        "DAYS_FIRST_DRAWING": np.where(is_drawn, np.minimum(contracts.decided + 8.0, -1), NO_DAY),
        "DAYS_FIRST_DUE": np.where(is_card & ~is_drawn, NO_DAY, first),
        "DAYS_LAST_DUE_1ST_VERSION": np.where(is_card, NO_DAY, first + DAYS_PER_INSTALMENT * (contracts.agreed - 1)),
        "DAYS_LAST_DUE": np.where(ended, ended_on, NO_DAY),
        "DAYS_TERMINATION": np.where(ended & (terminated < 0), terminated, NO_DAY),
        "NFLAG_INSURED_ON_APPROVAL": happens(np.where(is_card, 0.0, _INSURED_RATE), size, rng).astype(np.float64),
    }
    is_known, filled = happens(_KNOWN_RATE, size, rng), dict[str, Floats]()
    for name, values in columns.items():
        filled[name] = np.full(n_applications, np.nan)
        filled[name][own[is_known]] = values[is_known]
    return filled
