"""Applications of before at this lender, and the contracts that came of them.

Instalments and months of the contracts have modules of their own; how badly somebody pays comes from `applicants`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.portfolios.home_credit.generator.applicants import Applicants
from credit_platform.portfolios.home_credit.generator.distributions import (
    Flags,
    Floats,
    Integers,
    Leaning,
    NumberColumn,
    Quantiles,
    choose,
    happens,
    happens_leaning,
    interpolated,
    leaning,
    level,
    logistic,
    optional,
    places_within,
)
from credit_platform.portfolios.home_credit.generator.keys import MOST_CHILDREN
from credit_platform.texts import yaml_beside

# Written where a day is not known or lies ahead.
NO_DAY = 365_243.0
DAYS_PER_INSTALMENT = 30
_KNOWN_RATE, _MORE_APPLICATIONS, _SPREAD = 0.951, 3.95, 1.5
_DAYS_APPROVED: Quantiles = (-2922, -2850, -2640, -1620, -770, -345, -95, -25, -2)
_DAYS_CARD: Quantiles = (-2922, -2850, -2700, -2000, -1150, -480, -120, -30, -2)
_DAYS_OTHERS: Quantiles = (-2922, -2780, -2250, -830, -370, -190, -46, -12, -1)
CARD, POS, CASH = "Revolving loans", "Consumer loans", "Cash loans"
_PRODUCTS = {"Mobile": "mobile", "Connectivity": "mobile", "Consumer electronics": "household"}
_PRODUCTS |= {"Furniture": "industry", "Construction": "industry", "Clothing": "industry", "Industry": "industry"}


@dataclass(frozen=True)
class PreviousColumns:
    """The content of previous.yaml."""

    types: Leaning
    statuses: Mapping[str, Leaning]
    reject_reasons: Leaning
    purposes: Leaning
    suites: Leaning
    goods: Leaning
    channels: Mapping[str, Leaning]
    industries: Leaning
    yields: Mapping[str, Leaning]
    terms: Mapping[str, Leaning]
    amounts: Mapping[str, NumberColumn]
    clients: Leaning
    days: Leaning


@cache
def _columns() -> PreviousColumns:
    return yaml_beside(__file__, "previous.yaml", PreviousColumns)


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


@dataclass(frozen=True, eq=False)
class PreviousApplications:
    """The applications of before of one chunk.

    Attributes:
        parents: The place of its applicant in the chunk.
        places: Its place among those of its applicant.
        rows: The columns of the file after the two keys.
        contracts: The contracts that came of them.
    """

    parents: Integers
    places: Integers
    rows: pl.DataFrame
    contracts: Contracts


def draw_previous(applicants: Applicants, rng: np.random.Generator) -> PreviousApplications:
    """The applications of before; one in twenty applicants has none."""
    said = _columns()
    more = rng.poisson(rng.gamma(_SPREAD, _MORE_APPLICATIONS / _SPREAD, applicants.n))
    counts = np.where(happens(_KNOWN_RATE, applicants.n, rng), np.minimum(1 + more, MOST_CHILDREN), 0)
    parents = np.repeat(np.arange(applicants.n), counts)
    trouble, n = leaning(applicants.trouble[parents], 0.8, rng), parents.size
    kind = choose(said.types, trouble, rng)
    is_pos, is_cash, is_card = kind == POS, kind == CASH, kind == CARD
    status = _by(kind, said.statuses, leaning(applicants.trouble[parents], 0.95, rng), rng)
    is_approved, is_refused = status == "Approved", status == "Refused"
    is_blank = (status == "Canceled") & happens(0.97, n, rng) | (
        is_refused & happens(np.where(is_pos, 0.5, 0.15), n, rng)
    )
    decided = _days_of_decisions(is_approved, is_card, level(leaning(trouble, 0.12, rng)))
    agreed = _by(kind, said.terms, trouble, rng).astype(np.int64)
    wanted = _amounts(kind, said.amounts, trouble, rng)
    has_down = ~is_blank & happens(np.where(is_pos, 0.97, 0.1), n, rng)
    down_rate = np.where(has_down & is_pos & happens(0.52, n, rng), np.minimum(rng.gamma(1.5, 0.08, n), 0.9), 0.0)
    down = np.rint(wanted * down_rate * 2) / 2
    credit = np.where(
        is_card, wanted, np.rint((wanted - down) * np.where(is_cash, 1.12, 1.04) * rng.uniform(0.93, 1.07, n) * 2) / 2
    )
    price = 1 + 0.012 * agreed * rng.uniform(0.6, 1.4, n)
    annuity = np.where(is_card, credit / 20, credit * price / np.maximum(agreed, 1))
    annuity = np.round(annuity / 0.045) * 0.045
    applied = np.where(is_blank | (is_card & happens(0.6, n, rng)), 0.0, wanted)
    contracts = _contracts(
        is_approved, parents, is_card, trouble, decided, agreed, np.where(is_card, credit, annuity), rng
    )
    goods = np.where(is_pos, choose(said.goods, trouble, rng), "XNA")
    yields = np.where(is_blank, "XNA", _by(kind, said.yields, trouble, rng))
    is_sold_across = happens(np.where(is_cash, 0.79, 0.7), n, rng)
    industry = np.where(
        is_pos, choose(said.industries, trouble, rng), np.where(happens(0.05, n, rng), "Connectivity", "XNA")
    )
    rows = {
        "NAME_CONTRACT_TYPE": kind,
        "AMT_ANNUITY": optional(annuity.round(3), is_blank),
        "AMT_APPLICATION": applied,
        "AMT_CREDIT": np.where(is_blank, 0.0, credit),
        "AMT_DOWN_PAYMENT": optional(down, ~has_down),
        "AMT_GOODS_PRICE": optional(wanted, is_blank | (applied == 0)),
        "WEEKDAY_APPR_PROCESS_START": choose(said.days, trouble, rng),
        "HOUR_APPR_PROCESS_START": np.clip(np.rint(12.5 + 3.3 * rng.standard_normal(n)), 0, 23).astype(np.int64),
        "FLAG_LAST_APPL_PER_CONTRACT": np.where(happens(0.995, n, rng), "Y", "N"),
        "NFLAG_LAST_APPL_IN_DAY": happens(0.9965, n, rng).astype(np.int64),
        "RATE_DOWN_PAYMENT": optional(down_rate, ~has_down),
        **_rates(is_pos & is_approved, rng),
        "NAME_CASH_LOAN_PURPOSE": np.where(is_cash, choose(said.purposes, trouble, rng), "XAP"),
        "NAME_CONTRACT_STATUS": status,
        "DAYS_DECISION": decided.astype(np.int64),
        "NAME_PAYMENT_TYPE": _payment(is_card | is_blank, rng),
        "CODE_REJECT_REASON": _reasons(status, trouble, rng),
        "NAME_TYPE_SUITE": _emptied(choose(said.suites, trouble, rng), happens(0.49, n, rng)),
        "NAME_CLIENT_TYPE": choose(said.clients, trouble, rng),
        "NAME_GOODS_CATEGORY": goods,
        "NAME_PORTFOLIO": np.where(
            is_blank, "XNA", np.select([is_pos, is_cash, is_card], ["POS", "Cash", "Cards"], "XNA")
        ),
        "NAME_PRODUCT_TYPE": np.where(is_blank | is_pos, "XNA", np.where(is_sold_across, "x-sell", "walk-in")),
        "CHANNEL_TYPE": _by(kind, said.channels, trouble, rng),
        "SELLERPLACE_AREA": _places(is_pos, rng),
        "NAME_SELLER_INDUSTRY": industry,
        "CNT_PAYMENT": optional(agreed.astype(np.float64), is_blank),
        "NAME_YIELD_GROUP": yields,
        "PRODUCT_COMBINATION": _emptied(
            _product(kind, is_blank, is_sold_across, yields, industry, rng), happens(2e-4, n, rng)
        ),
        **_days(contracts, n, rng),
    }
    return PreviousApplications(
        parents=parents, places=places_within(counts), rows=pl.DataFrame(rows, nan_to_null=True), contracts=contracts
    )


def _days_of_decisions(is_approved: Flags, is_card: Flags, levels: Floats) -> Floats:
    """Approvals are older than the rest, those of cards the oldest."""
    days = [interpolated(quantiles, levels) for quantiles in (_DAYS_CARD, _DAYS_APPROVED, _DAYS_OTHERS)]
    return np.rint(np.select([is_approved & is_card, is_approved], days[:2], days[2]))


def _by(
    kind: NDArray[np.str_], weights: Mapping[str, Leaning], driver: Floats, rng: np.random.Generator
) -> NDArray[np.str_]:
    """A value for every row with the weights of its kind."""
    return np.select([kind == name for name in weights], [choose(own, driver, rng) for own in weights.values()], "")


def _amounts(
    kind: NDArray[np.str_], amounts: Mapping[str, NumberColumn], trouble: Floats, rng: np.random.Generator
) -> Floats:
    """What was applied for: round sums of cash and of cards, prices of goods."""
    drawn = np.select([kind == name for name in amounts], [own.draw(-trouble, rng) for own in amounts.values()], 0.0)
    return np.where(kind == POS, np.rint(drawn * 2) / 2, np.maximum(np.rint(drawn / 22_500), 1) * 22_500)


def _contracts(
    is_approved: Flags,
    parents: Integers,
    is_card: Flags,
    trouble: Floats,
    decided: Floats,
    agreed: Integers,
    amount: Floats,
    rng: np.random.Generator,
) -> Contracts:
    """The contracts of approved applications; some end early."""
    own = np.flatnonzero(is_approved)
    is_early = happens_leaning(0.3, -0.3, trouble[own], rng)
    is_used = is_card[own] & happens(0.62, own.size, rng)
    use = logistic(0.5 + 0.9 * trouble[own] + rng.standard_normal(own.size))
    part = np.where(is_early, rng.uniform(0.15, 0.9, own.size), 1.0)
    first_due = decided[own] + 30 + rng.geometric(0.35, own.size)
    return Contracts(
        applications=own,
        parents=parents[own],
        is_card=is_card[own],
        trouble=trouble[own],
        decided=decided[own].astype(np.int64),
        first_due=first_due.astype(np.int64),
        agreed=agreed[own],
        kept=np.ceil(agreed[own] * part).astype(np.int64),
        amount=amount[own],
        use=np.where(is_used, use, 0.0),
    )


def _days(contracts: Contracts, n: int, rng: np.random.Generator) -> dict[str, Floats]:
    """The days of contracts and their insurance, empty for other applications and for some contracts."""
    own, size = contracts.applications, contracts.applications.size
    is_card, first = contracts.is_card, contracts.first_due.astype(np.float64)
    agreed_last = first + DAYS_PER_INSTALMENT * (contracts.agreed - 1)
    last = first + DAYS_PER_INSTALMENT * (contracts.kept - 1.0)
    ended = np.where(is_card, happens(0.2, size, rng), last < 0)
    ended_on = np.where(is_card, np.minimum(first * rng.uniform(0, 0.9, size), -1).round(), last)
    terminated = ended_on + rng.integers(1, 12, size)
    drawn = is_card & happens(0.6, size, rng)
    columns = {
        "DAYS_FIRST_DRAWING": np.where(drawn, np.minimum(contracts.decided + 8.0, -1), NO_DAY),
        "DAYS_FIRST_DUE": np.where(is_card & ~drawn, NO_DAY, first),
        "DAYS_LAST_DUE_1ST_VERSION": np.where(is_card, NO_DAY, agreed_last),
        "DAYS_LAST_DUE": np.where(ended, ended_on, NO_DAY),
        "DAYS_TERMINATION": np.where(ended & (terminated < 0), terminated, NO_DAY),
        "NFLAG_INSURED_ON_APPROVAL": happens(np.where(is_card, 0.0, 0.38), size, rng).astype(np.float64),
    }
    is_known, filled = happens(0.962, size, rng), {}
    for name, values in columns.items():
        filled[name] = np.full(n, np.nan)
        filled[name][own[is_known]] = values[is_known]
    return filled


def _rates(is_known: Flags, rng: np.random.Generator) -> dict[str, Floats]:
    """Interest rates, which almost no row has."""
    is_empty = ~(is_known & happens(0.0099, is_known.size, rng))
    primary, privileged = 0.15 + 0.06 * rng.beta(2, 3, is_known.size), 0.6 + 0.3 * rng.beta(3, 1, is_known.size)
    return {
        "RATE_INTEREST_PRIMARY": optional(primary, is_empty),
        "RATE_INTEREST_PRIVILEGED": optional(privileged, is_empty),
    }


def _payment(is_unknown: Flags, rng: np.random.Generator) -> NDArray[np.str_]:
    ways = {"Cash through the bank": (0.985, 0.0), "Non-cash from your account": (0.013, 0.0)}
    ways |= {"Cashless from the account of the employer": (0.002, 0.0)}
    return np.where(
        is_unknown | happens(0.12, is_unknown.size, rng), "XNA", choose(ways, np.zeros(is_unknown.size), rng)
    )


def _reasons(status: NDArray[np.str_], trouble: Floats, rng: np.random.Generator) -> NDArray[np.str_]:
    reasons = choose(_columns().reject_reasons, trouble, rng)
    return np.where(status == "Refused", reasons, np.where(status == "Unused offer", "CLIENT", "XAP"))


def _places(is_pos: Flags, rng: np.random.Generator) -> Integers:
    """The size of the shop, -1 where there is none."""
    shop: Quantiles = (0, 4, 13, 30, 80, 500, 2700, 4500, 9999)
    sizes = np.rint(interpolated(shop, rng.random(is_pos.size)))
    return np.where(is_pos | happens(0.1, is_pos.size, rng), sizes, -1).astype(np.int64)


def _emptied(texts: NDArray[np.str_], is_empty: Flags) -> pl.Series:
    return pl.select(pl.when(pl.Series(~is_empty)).then(pl.Series(texts))).to_series()


def _product(
    kind: NDArray[np.str_],
    is_blank: Flags,
    is_sold_across: Flags,
    yields: NDArray[np.str_],
    industry: NDArray[np.str_],
    rng: np.random.Generator,
) -> NDArray[np.str_]:
    """The name of the product, put together of its parts."""
    words = {"high": "high", "middle": "middle", "low_normal": "low", "low_action": "low", "XNA": "middle"}
    price = np.select([yields == name for name in words], list(words.values()), "")
    cash = np.strings.add(np.where(is_sold_across, "Cash X-Sell: ", "Cash Street: "), price)
    interest = np.where((yields == "low_action") | happens(0.1, kind.size, rng), " without interest", " with interest")
    goods = np.select([industry == name for name in _PRODUCTS], list(_PRODUCTS.values()), "other")
    goods = np.where((goods == "other") & (interest == " without interest"), "others", goods)
    pos = np.strings.add(np.strings.add("POS ", goods), interest)
    card = np.where(is_sold_across, "Card X-Sell", "Card Street")
    return np.select([kind == POS, kind == CARD, is_blank | (kind == "XNA")], [pos, card, "Cash"], cash)
