"""The rows of the application files of one chunk, columns in the files' order and of the files' kinds of numbers.

The rows have no keys and no outcome yet. Dwellings have a module of their own; who applies belongs to `applicants`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from credit_platform.portfolios.home_credit.generator.applicants import Applicants, CreditProcess
from credit_platform.portfolios.home_credit.generator.buildings import (
    BUILDING_COLUMNS,
    BuildingMeasure,
    building_columns,
)
from credit_platform.portfolios.home_credit.generator.distributions import (
    Flags,
    Floats,
    Leaning,
    NumberColumn,
    Quantiles,
    choose,
    emptied,
    happens,
    happens_leaning,
    interpolated,
    leaning,
    level,
    logistic,
    optional,
)
from credit_platform.texts import yaml_beside

# Written instead of days where there is no employment.
NO_EMPLOYMENT = 365_243
_REGION_DIGITS, _REGIONS = 6, 80
_ROUND, _FINE = 22_500.0, 4_500.0
# The third external score takes about this many values.
_THIRD_SCORE_VALUES = 800
_CAR_RATE, _REALTY_RATE, _REVOLVING_RATE = 0.34, 0.694, 0.095
_SOCIAL = (
    "OBS_30_CNT_SOCIAL_CIRCLE",
    "DEF_30_CNT_SOCIAL_CIRCLE",
    "OBS_60_CNT_SOCIAL_CIRCLE",
    "DEF_60_CNT_SOCIAL_CIRCLE",
)
_ASKED = tuple(f"AMT_REQ_CREDIT_BUREAU_{span}" for span in ("HOUR", "DAY", "WEEK", "MON", "QRT", "YEAR"))
# Of those whom the credit bureau does not know, how many were asked about.
_ASKED_ANYWAY = 0.06
_WHOLE = ("DAYS_ID_PUBLISH", "HOUR_APPR_PROCESS_START")
# The columns of application_test after the key.
APPLICATION_COLUMNS = (
    *("NAME_CONTRACT_TYPE", "CODE_GENDER", "FLAG_OWN_CAR", "FLAG_OWN_REALTY", "CNT_CHILDREN", "AMT_INCOME_TOTAL"),
    *("AMT_CREDIT", "AMT_ANNUITY", "AMT_GOODS_PRICE", "NAME_TYPE_SUITE", "NAME_INCOME_TYPE", "NAME_EDUCATION_TYPE"),
    *("NAME_FAMILY_STATUS", "NAME_HOUSING_TYPE", "REGION_POPULATION_RELATIVE", "DAYS_BIRTH", "DAYS_EMPLOYED"),
    *("DAYS_REGISTRATION", "DAYS_ID_PUBLISH", "OWN_CAR_AGE", "FLAG_MOBIL", "FLAG_EMP_PHONE", "FLAG_WORK_PHONE"),
    *("FLAG_CONT_MOBILE", "FLAG_PHONE", "FLAG_EMAIL", "OCCUPATION_TYPE", "CNT_FAM_MEMBERS", "REGION_RATING_CLIENT"),
    *("REGION_RATING_CLIENT_W_CITY", "WEEKDAY_APPR_PROCESS_START", "HOUR_APPR_PROCESS_START"),
    *("REG_REGION_NOT_LIVE_REGION", "REG_REGION_NOT_WORK_REGION", "LIVE_REGION_NOT_WORK_REGION"),
    *("REG_CITY_NOT_LIVE_CITY", "REG_CITY_NOT_WORK_CITY", "LIVE_CITY_NOT_WORK_CITY", "ORGANIZATION_TYPE"),
    *("EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3", *BUILDING_COLUMNS, *_SOCIAL, "DAYS_LAST_PHONE_CHANGE"),
    *(f"FLAG_DOCUMENT_{number}" for number in range(2, 22)),
    *_ASKED,
)


@dataclass(frozen=True)
class ApplicationColumns:
    """The content of applications.yaml."""

    numbers: Mapping[str, NumberColumn]
    flags: Mapping[str, tuple[float, float]]
    categories: Mapping[str, Leaning]
    amounts: Mapping[str, NumberColumn]
    credit_to_goods: Leaning
    external: Mapping[str, Quantiles]
    empty: Mapping[str, float]
    buildings: Mapping[str, BuildingMeasure]


@cache
def application_columns() -> ApplicationColumns:
    """How the columns are distributed."""
    return yaml_beside(__file__, "applications.yaml", ApplicationColumns)


def application_rows(
    applicants: Applicants, process: CreditProcess, rng: np.random.Generator, *, buildings: np.random.Generator
) -> pl.DataFrame:
    """One row per applicant."""
    said, quality = application_columns(), applicants.quality
    columns: dict[str, pl.Series] = {}
    for name, column in said.numbers.items():
        columns[name] = pl.Series(column.draw(quality, rng), dtype=pl.Int64 if name in _WHOLE else pl.Float64)
    for name, (share, lean) in said.flags.items():
        columns[name] = _flag(happens_leaning(share, lean, quality, rng))
    columns |= {name: pl.Series(choose(weights, quality, rng)) for name, weights in said.categories.items()}
    columns |= _family(applicants, columns, rng)
    columns |= _work(applicants, columns, rng)
    columns |= _region(columns, quality, rng)
    columns |= _loan(applicants, said, rng)
    columns |= _scores(applicants, process, said, rng)
    columns |= building_columns(said.buildings, columns, quality, buildings)
    columns |= _circle(columns[_SOCIAL[0]].to_numpy(), quality, rng)
    is_owner = happens(_CAR_RATE, applicants.n, rng)
    columns |= {
        "FLAG_OWN_CAR": _yes(is_owner),
        "FLAG_OWN_REALTY": _yes(happens(_REALTY_RATE, applicants.n, rng)),
        "OWN_CAR_AGE": emptied(columns["OWN_CAR_AGE"], ~is_owner),
        "FLAG_MOBIL": _flag(np.ones(applicants.n, dtype=np.bool_)),
    }
    is_unknown = ~applicants.has_bureau & ~happens(_ASKED_ANYWAY, applicants.n, rng)
    columns |= {name: emptied(columns[name].cast(pl.Float64), is_unknown) for name in _ASKED}
    columns |= {name: emptied(columns[name], happens(share, applicants.n, rng)) for name, share in said.empty.items()}
    return pl.DataFrame([columns[name].alias(name) for name in APPLICATION_COLUMNS])


def burden_of(rows: pl.DataFrame) -> Floats:
    """How much each loan asks for, about standardised: the annuity beside the income, and the price of insurance."""
    share = (pl.col("AMT_ANNUITY").fill_null(strategy="mean") / pl.col("AMT_INCOME_TOTAL")).log()
    insurance = (pl.col("AMT_CREDIT") / pl.col("AMT_GOODS_PRICE")).fill_null(1.0)
    burden = 0.35 * (share + 1.9) / 0.71 + 0.94 * (insurance - 1.131) / 0.1185
    return rows.select(burden.alias("burden"))["burden"].to_numpy()


def _flag(is_set: Flags) -> pl.Series:
    return pl.Series(is_set, dtype=pl.Int64)


def _yes(is_set: Flags) -> pl.Series:
    return pl.Series(np.where(is_set, "Y", "N"))


def _family(applicants: Applicants, columns: Mapping[str, pl.Series], rng: np.random.Generator) -> dict[str, pl.Series]:
    """Gender, age, family status and size; the old are widowed more often and have no children at home."""
    n, age = applicants.n, applicants.age
    is_widow = happens(np.clip(0.02 + 0.06 * np.maximum(age + 0.2, 0) ** 1.5, 0, 0.5), n, rng)
    status = np.where(is_widow, "Widow", columns["NAME_FAMILY_STATUS"].to_numpy())
    children = np.minimum(rng.poisson(np.exp(-0.75 - 0.75 * np.maximum(age, -0.8)) * 0.72), 6)
    members = 1 + children + np.isin(status, ("Married", "Civil marriage"))
    return {
        "CODE_GENDER": pl.Series(np.where(happens(1e-5, n, rng), "XNA", np.where(applicants.is_female, "F", "M"))),
        "DAYS_BIRTH": pl.Series(applicants.days_birth, dtype=pl.Int64),
        "NAME_FAMILY_STATUS": pl.Series(status),
        "CNT_CHILDREN": pl.Series(children, dtype=pl.Int64),
        "CNT_FAM_MEMBERS": pl.Series(members, dtype=pl.Float64),
    }


def _work(applicants: Applicants, columns: Mapping[str, pl.Series], rng: np.random.Generator) -> dict[str, pl.Series]:
    """Employment; pensioners have none, so no employer, no occupation and no phone there."""
    n, age_years = applicants.n, -applicants.days_birth / 365.25
    is_pensioner = happens(0.03 + 0.93 * logistic((age_years - 58.0) / 2.6), n, rng)
    is_jobless = is_pensioner | happens(7e-5, n, rng)
    days = NumberColumn((-17900, -11500, -8000, -3200, -1650, -770, -220, -90, 0), quality=-0.42)
    driver = 0.6 * applicants.age + 0.8 * applicants.quality
    employed = np.maximum(days.draw(driver, rng), np.minimum(applicants.days_birth + 16 * 365, -30))
    kind = np.where(is_pensioner, "Pensioner", np.where(is_jobless, "Unemployed", columns["NAME_INCOME_TYPE"]))
    occupation = pl.Series(np.where(is_jobless, "", columns["OCCUPATION_TYPE"]))
    return {
        "NAME_INCOME_TYPE": pl.Series(kind),
        "DAYS_EMPLOYED": pl.Series(np.where(is_jobless, NO_EMPLOYMENT, employed), dtype=pl.Int64),
        "FLAG_EMP_PHONE": _flag(~is_jobless),
        "ORGANIZATION_TYPE": pl.Series(np.where(is_jobless, "XNA", columns["ORGANIZATION_TYPE"])),
        "OCCUPATION_TYPE": emptied(occupation, is_jobless | happens(0.163, n, rng)),
    }


def _region(columns: Mapping[str, pl.Series], quality: Floats, rng: np.random.Generator) -> dict[str, pl.Series]:
    """Regions; the denser ones have the better rating."""
    rating = columns["REGION_RATING_CLIENT"].cast(pl.Int64).to_numpy()
    level_of_region = level(leaning((2.05 - rating) / 0.5, 0.45, rng))
    density = interpolated(
        (0.0003, 0.0025, 0.0049, 0.010006, 0.01885, 0.028663, 0.04622, 0.0725, 0.0725),
        np.rint(level_of_region * _REGIONS) / _REGIONS,
    )
    in_city = np.clip(rating - happens(0.018, quality.size, rng) + happens(0.005, quality.size, rng), 1, 3)
    return {
        "REGION_RATING_CLIENT": pl.Series(rating),
        "REGION_RATING_CLIENT_W_CITY": pl.Series(in_city, dtype=pl.Int64),
        "REGION_POPULATION_RELATIVE": pl.Series(density.round(_REGION_DIGITS)),
    }


def _loan(applicants: Applicants, said: ApplicationColumns, rng: np.random.Generator) -> dict[str, pl.Series]:
    """Income and the loan applied for: price of the goods, credit with its insurance, annuity."""
    n, quality = applicants.n, applicants.quality
    amounts = said.amounts
    wealth = 0.95 * rng.standard_normal(n) - 0.3 * (applicants.is_female - 0.658)
    income = _rounded(amounts["AMT_INCOME_TOTAL"].draw(wealth + 0.15 * quality, rng), rng)
    goods = _rounded(amounts["AMT_GOODS_PRICE"].draw(wealth + 0.3 * quality, rng), rng)
    is_revolving = happens_leaning(_REVOLVING_RATE, 0.25, quality, rng)
    limit = np.rint(amounts["revolving"].draw(wealth, rng) / _ROUND) * _ROUND
    size = (np.log(goods) - 12.95) / 0.72
    ratio = choose(said.credit_to_goods, quality, rng).astype(np.float64)
    credit = np.where(is_revolving, limit, np.rint(goods * ratio * 2) / 2)
    annuity = np.where(
        is_revolving, limit / 20, credit / amounts["term"].draw(0.5 * size + 0.87 * rng.standard_normal(n), rng)
    )
    no_goods = is_revolving & happens(0.009, n, rng)
    return {
        "NAME_CONTRACT_TYPE": pl.Series(np.where(is_revolving, "Revolving loans", "Cash loans")),
        "AMT_INCOME_TOTAL": pl.Series(income),
        "AMT_CREDIT": pl.Series(credit),
        "AMT_ANNUITY": pl.Series(np.rint(annuity / 4.5) * 4.5),
        "AMT_GOODS_PRICE": emptied(pl.Series(np.where(is_revolving, limit, goods)), no_goods),
    }


def _rounded(amounts: Floats, rng: np.random.Generator) -> Floats:
    """Most people name a round amount."""
    step = np.where(happens(0.7, amounts.size, rng), _ROUND, _FINE)
    return np.maximum(np.rint(amounts / step) * step, 25_650.0)


def _scores(
    applicants: Applicants, process: CreditProcess, said: ApplicationColumns, rng: np.random.Generator
) -> dict[str, pl.Series]:
    """The external scores; without a credit bureau there is no third one."""
    n, columns = applicants.n, dict[str, pl.Series]()
    for place, (name, quantiles) in enumerate(said.external.items()):
        by_age = process.age_in_first_score if place == 0 else 0.0
        correlation = process.scores[place]
        noise = np.sqrt(1 - correlation**2 - by_age**2 - 2 * correlation * by_age * process.age_in_quality)
        score = correlation * applicants.quality + by_age * applicants.age + noise * rng.standard_normal(n)
        levels = level(score)
        if place == 2:
            levels = np.rint(levels * _THIRD_SCORE_VALUES) / _THIRD_SCORE_VALUES
        columns[name] = pl.Series(interpolated(quantiles, levels))
    unknown = ~applicants.has_bureau ^ happens(0.02, n, rng)
    columns["EXT_SOURCE_3"] = emptied(columns["EXT_SOURCE_3"], unknown)
    return columns


def _circle(observed: Floats, quality: Floats, rng: np.random.Generator) -> dict[str, pl.Series]:
    """People around the applicant and how many of them defaulted, 30 and 60 days past due."""
    n = observed.size
    defaulted = rng.binomial(observed.astype(np.int64), np.clip(0.1 * np.exp(-0.2 * quality), 0, 0.9))
    observed_60 = np.maximum(observed - happens(0.01, n, rng), 0)
    defaulted_60 = np.minimum(rng.binomial(defaulted, 0.7), observed_60)
    is_empty = happens(0.0033, n, rng)
    values = (observed, defaulted.astype(np.float64), observed_60, defaulted_60.astype(np.float64))
    return {
        name: pl.Series(optional(value, is_empty), nan_to_null=True)
        for name, value in zip(_SOCIAL, values, strict=True)
    }
