"""The rows of previous_application of one chunk: applications of before at this lender.

What came of the approved ones belongs to `contracts`; how badly somebody pays comes from `applicants`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from credit_platform.portfolios.home_credit.generator.applicants import Applicants
from credit_platform.portfolios.home_credit.generator.contracts import Contracts, days_of_contracts, draw_contracts
from credit_platform.portfolios.home_credit.generator.distributions import (
    Flags,
    Floats,
    Integers,
    Leaning,
    NumberColumn,
    Quantiles,
    Texts,
    choose,
    emptied,
    happens,
    interpolated,
    leaning,
    level,
    optional,
    places_within,
)
from credit_platform.portfolios.home_credit.generator.keys import MOST_CHILDREN
from credit_platform.texts import yaml_beside

_KNOWN_RATE, _MORE_APPLICATIONS, _SPREAD = 0.951, 3.95, 1.5
_DAYS_APPROVED: Quantiles = (-2922, -2850, -2640, -1620, -770, -345, -95, -25, -2)
_DAYS_CARD: Quantiles = (-2922, -2800, -2600, -1660, -920, -420, -110, -30, -2)
_DAYS_OTHERS: Quantiles = (-2922, -2780, -2250, -830, -370, -190, -46, -12, -1)
_CARD, _POS, _CASH = "Revolving loans", "Consumer loans", "Cash loans"
_ROUND = 22_500.0
_PRODUCTS = {"Mobile": "mobile", "Connectivity": "mobile", "Consumer electronics": "household"}
_PRODUCTS |= {"Furniture": "industry", "Construction": "industry", "Clothing": "industry", "Industry": "industry"}

# The columns of previous_application after the keys.
_ORDER = (
    *("NAME_CONTRACT_TYPE", "AMT_ANNUITY", "AMT_APPLICATION", "AMT_CREDIT", "AMT_DOWN_PAYMENT", "AMT_GOODS_PRICE"),
    *("WEEKDAY_APPR_PROCESS_START", "HOUR_APPR_PROCESS_START", "FLAG_LAST_APPL_PER_CONTRACT"),
    *("NFLAG_LAST_APPL_IN_DAY", "RATE_DOWN_PAYMENT", "RATE_INTEREST_PRIMARY", "RATE_INTEREST_PRIVILEGED"),
    *("NAME_CASH_LOAN_PURPOSE", "NAME_CONTRACT_STATUS", "DAYS_DECISION", "NAME_PAYMENT_TYPE", "CODE_REJECT_REASON"),
    *("NAME_TYPE_SUITE", "NAME_CLIENT_TYPE", "NAME_GOODS_CATEGORY", "NAME_PORTFOLIO", "NAME_PRODUCT_TYPE"),
    *("CHANNEL_TYPE", "SELLERPLACE_AREA", "NAME_SELLER_INDUSTRY", "CNT_PAYMENT", "NAME_YIELD_GROUP"),
    *("PRODUCT_COMBINATION", "DAYS_FIRST_DRAWING", "DAYS_FIRST_DUE", "DAYS_LAST_DUE_1ST_VERSION", "DAYS_LAST_DUE"),
    *("DAYS_TERMINATION", "NFLAG_INSURED_ON_APPROVAL"),
)


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
    payments: Leaning
    days: Leaning


@cache
def _columns() -> PreviousColumns:
    return yaml_beside(__file__, "previous.yaml", PreviousColumns)


@dataclass(frozen=True, eq=False)
class DrawnPrevious:
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


def draw_previous(applicants: Applicants, rng: np.random.Generator) -> DrawnPrevious:
    """The applications of before; one in twenty applicants has none."""
    said = _columns()
    more = rng.poisson(rng.gamma(_SPREAD, _MORE_APPLICATIONS / _SPREAD, applicants.n))
    counts = np.where(happens(_KNOWN_RATE, applicants.n, rng), np.minimum(1 + more, MOST_CHILDREN), 0)
    parents = np.repeat(np.arange(applicants.n), counts)
    trouble, n = leaning(applicants.trouble[parents], 0.8, rng), parents.size
    kind = choose(said.types, trouble, rng)
    is_card, is_pos = kind == _CARD, kind == _POS
    status = _by(kind, said.statuses, leaning(applicants.trouble[parents], 0.95, rng), rng)
    is_approved = status == "Approved"
    blank_rate = np.select([status == "Canceled", status == "Refused"], [0.97, np.where(is_pos, 0.5, 0.15)], 0.0)
    is_blank = happens(blank_rate, n, rng)
    decided = _days_of_decisions(is_approved, is_card, level(leaning(trouble, 0.12, rng)))
    agreed = _by(kind, said.terms, trouble, rng).astype(np.int64)
    amounts, credit, annuity = _amounts(kind, is_blank, agreed, trouble, rng=rng)
    contracts = draw_contracts(
        np.flatnonzero(is_approved),
        parents=parents,
        is_card=is_card,
        trouble=trouble,
        decided=decided,
        agreed=agreed,
        amount=np.where(is_card, credit, annuity),
        rng=rng,
    )
    columns = {
        "NAME_CONTRACT_TYPE": kind,
        **amounts,
        **_texts(kind, status, is_blank, trouble, rng=rng),
        **_rates(is_pos & is_approved, rng),
        "HOUR_APPR_PROCESS_START": np.clip(np.rint(12.5 + 3.3 * rng.standard_normal(n)), 0, 23).astype(np.int64),
        "NFLAG_LAST_APPL_IN_DAY": happens(0.9965, n, rng).astype(np.int64),
        "DAYS_DECISION": decided.astype(np.int64),
        "SELLERPLACE_AREA": _places(is_pos, rng),
        "CNT_PAYMENT": optional(agreed.astype(np.float64), is_blank),
        **days_of_contracts(contracts, n, rng),
    }
    rows = pl.DataFrame(columns, nan_to_null=True).select(_ORDER)
    return DrawnPrevious(parents=parents, places=places_within(counts), rows=rows, contracts=contracts)


def _days_of_decisions(is_approved: Flags, is_card: Flags, levels: Floats) -> Floats:
    """Approvals are older than the rest, those of cards the oldest."""
    days = [interpolated(quantiles, levels) for quantiles in (_DAYS_CARD, _DAYS_APPROVED, _DAYS_OTHERS)]
    return np.rint(np.select([is_approved & is_card, is_approved], days[:2], days[2]))


def _by(kind: Texts, weights: Mapping[str, Leaning], driver: Floats, rng: np.random.Generator) -> Texts:
    """A value for every row with the weights of its kind."""
    return np.select([kind == name for name in weights], [choose(own, driver, rng) for own in weights.values()], "")


def _amounts(
    kind: Texts, is_blank: Flags, agreed: Integers, trouble: Floats, *, rng: np.random.Generator
) -> tuple[dict[str, Floats], Floats, Floats]:
    """The columns of amounts; and credit and annuity of every application, also where the file does not say them."""
    said, n = _columns().amounts, kind.size
    is_card, is_pos = kind == _CARD, kind == _POS
    drawn = np.select([kind == name for name in said], [own.draw(-trouble, rng) for own in said.values()], 0.0)
    wanted = np.where(is_pos, np.rint(drawn * 2) / 2, np.maximum(np.rint(drawn / _ROUND), 1) * _ROUND)
    has_down = ~is_blank & happens(np.where(is_pos, 0.97, 0.1), n, rng)
    down_rate = np.where(has_down & is_pos & happens(0.52, n, rng), np.minimum(rng.gamma(1.5, 0.08, n), 0.9), 0.0)
    down = np.rint(wanted * down_rate * 2) / 2
    with_insurance = (wanted - down) * np.where(kind == _CASH, 1.12, 1.04) * rng.uniform(0.93, 1.07, n)
    credit = np.where(is_card, wanted, np.rint(with_insurance * 2) / 2)
    price = 1 + 0.012 * agreed * rng.uniform(0.6, 1.4, n)
    annuity = np.where(is_card, credit / 20, credit * price / np.maximum(agreed, 1))
    annuity = (np.rint(annuity / 0.045) * 0.045).round(3)
    applied = np.where(is_blank | (is_card & happens(0.6, n, rng)), 0.0, wanted)
    columns = {
        "AMT_ANNUITY": optional(annuity, is_blank),
        "AMT_APPLICATION": applied,
        "AMT_CREDIT": np.where(is_blank, 0.0, credit),
        "AMT_DOWN_PAYMENT": optional(down, ~has_down),
        "AMT_GOODS_PRICE": optional(wanted, is_blank | (applied == 0)),
        "RATE_DOWN_PAYMENT": optional(down_rate, ~has_down),
    }
    return columns, credit, annuity


def _texts(
    kind: Texts, status: Texts, is_blank: Flags, trouble: Floats, *, rng: np.random.Generator
) -> dict[str, Texts | pl.Series]:
    """The columns of texts; an application that came to nothing early says little."""
    said, n = _columns(), kind.size
    is_pos, is_cash, is_card = kind == _POS, kind == _CASH, kind == _CARD
    portfolio = np.select([is_blank, is_pos, is_cash, is_card], ["XNA", "POS", "Cash", "Cards"], "XNA")
    sale = np.where(happens(np.where(is_cash, 0.79, 0.7), n, rng), "x-sell", "walk-in")
    yields = np.where(is_blank, "XNA", _by(kind, said.yields, trouble, rng))
    other_industry = np.where(happens(0.05, n, rng), "Connectivity", "XNA")
    industry = np.where(is_pos, choose(said.industries, trouble, rng), other_industry)
    payment = choose(said.payments, trouble, rng)
    is_refused, is_unused = status == "Refused", status == "Unused offer"
    reasons = np.select([is_refused, is_unused], [choose(said.reject_reasons, trouble, rng), "CLIENT"], "XAP")
    product = pl.Series(_products(kind, is_blank, sale, yields, industry=industry, rng=rng))
    return {
        "WEEKDAY_APPR_PROCESS_START": choose(said.days, trouble, rng),
        "FLAG_LAST_APPL_PER_CONTRACT": np.where(happens(0.995, n, rng), "Y", "N"),
        "NAME_CASH_LOAN_PURPOSE": np.where(is_cash, choose(said.purposes, trouble, rng), "XAP"),
        "NAME_CONTRACT_STATUS": status,
        "NAME_PAYMENT_TYPE": np.where(is_card | is_blank | happens(0.12, n, rng), "XNA", payment),
        "CODE_REJECT_REASON": reasons,
        "NAME_TYPE_SUITE": emptied(pl.Series(choose(said.suites, trouble, rng)), happens(0.49, n, rng)),
        "NAME_CLIENT_TYPE": choose(said.clients, trouble, rng),
        "NAME_GOODS_CATEGORY": np.where(is_pos, choose(said.goods, trouble, rng), "XNA"),
        "NAME_PORTFOLIO": portfolio,
        "NAME_PRODUCT_TYPE": np.where(is_blank | is_pos, "XNA", sale),
        "CHANNEL_TYPE": _by(kind, said.channels, trouble, rng),
        "NAME_SELLER_INDUSTRY": industry,
        "NAME_YIELD_GROUP": yields,
        "PRODUCT_COMBINATION": emptied(product, happens(2e-4, n, rng)),
    }


def _rates(is_known: Flags, rng: np.random.Generator) -> dict[str, Floats]:
    """Interest rates, which almost no row has."""
    is_empty = ~(is_known & happens(0.0099, is_known.size, rng))
    primary, privileged = 0.15 + 0.06 * rng.beta(2, 3, is_known.size), 0.6 + 0.3 * rng.beta(3, 1, is_known.size)
    return {
        "RATE_INTEREST_PRIMARY": optional(primary, is_empty),
        "RATE_INTEREST_PRIVILEGED": optional(privileged, is_empty),
    }


def _places(is_pos: Flags, rng: np.random.Generator) -> Integers:
    """The size of the shop, -1 where there is none."""
    shop: Quantiles = (0, 4, 13, 30, 80, 500, 2700, 4500, 9999)
    sizes = np.rint(interpolated(shop, rng.random(is_pos.size)))
    return np.where(is_pos | happens(0.1, is_pos.size, rng), sizes, -1).astype(np.int64)


def _products(
    kind: Texts, is_blank: Flags, sale: Texts, yields: Texts, *, industry: Texts, rng: np.random.Generator
) -> Texts:
    """Names of products, put together of their parts."""
    words = {"high": "high", "middle": "middle", "low_normal": "low", "low_action": "low", "XNA": "middle"}
    price = np.select([yields == name for name in words], list(words.values()), "")
    across = sale == "x-sell"
    cash = np.strings.add(np.where(across, "Cash X-Sell: ", "Cash Street: "), price)
    interest = np.where((yields == "low_action") | happens(0.1, kind.size, rng), " without interest", " with interest")
    goods = np.select([industry == name for name in _PRODUCTS], list(_PRODUCTS.values()), "other")
    goods = np.where((goods == "other") & (interest == " without interest"), "others", goods)
    pos = np.strings.add(np.strings.add("POS ", goods), interest)
    card = np.where(across, "Card X-Sell", "Card Street")
    return np.select([kind == _POS, kind == _CARD, is_blank | (kind == "XNA")], [pos, card, "Cash"], cash)
