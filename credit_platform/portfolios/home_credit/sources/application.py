"""The applications: every column of their files, and silver/applications.

`TARGET` is the outcome and no feature; files of applications that are to be scored do not have it.
"""

import dataframely as dy
import polars as pl

from credit_platform.portfolios.home_credit.sources.due_rows import APPLICATIONS_DUE
from credit_platform.portfolios.home_credit.sources.raw_column import (
    NO_DAY,
    RawColumn,
    amount,
    code,
    count,
    flag,
    identifier_of,
    number,
    past_days,
    text,
)
from credit_platform.portfolios.home_credit.sources.raw_table import bronze_of, cleaning_of, silver_of, source_of
from credit_platform.schemas.cleaning.cells import SOURCE
from credit_platform.schemas.cleaning.keys import means_missing, visible
from credit_platform.schemas.cleaning.rule import CleaningRule

# What a column of the building says, by its name in the file; each comes as mean, mode and median of the building.
BUILDING = {
    "APARTMENTS": ("apartments", "Apartments"),
    "BASEMENTAREA": ("basement_area", "Area of the basement"),
    "YEARS_BEGINEXPLUATATION": ("years_in_use", "Years since the building was first used"),
    "YEARS_BUILD": ("years_since_built", "Years since the building was built"),
    "COMMONAREA": ("common_area", "Area that is shared"),
    "ELEVATORS": ("elevators", "Lifts"),
    "ENTRANCES": ("entrances", "Entrances"),
    "FLOORSMAX": ("floors_max", "Most floors"),
    "FLOORSMIN": ("floors_min", "Fewest floors"),
    "LANDAREA": ("land_area", "Area of the land"),
    "LIVINGAPARTMENTS": ("living_apartments", "Apartments that are lived in"),
    "LIVINGAREA": ("living_area", "Area that is lived in"),
    "NONLIVINGAPARTMENTS": ("other_apartments", "Apartments that are not lived in"),
    "NONLIVINGAREA": ("other_area", "Area that is not lived in"),
}
_MEASURES = {"AVG": ("mean", "mean"), "MODE": ("mode", "mode"), "MEDI": ("median", "median")}
DOCUMENTS = tuple(range(2, 22))
# The part of a year in which the bureau was asked about the applicant, each without the parts before it.
ENQUIRIES = {"HOUR": "hour", "DAY": "day", "WEEK": "week", "MON": "month", "QRT": "quarter", "YEAR": "year"}
_ADDRESSES = {"REG": "registered", "LIVE": "home", "WORK": "work"}


def _rate(source: str, name: str, meaning: str) -> RawColumn:
    return number(source, name, meaning, "normalised to 0..1", (0, 1))


def _building() -> tuple[RawColumn, ...]:
    return tuple(
        _rate(f"{source}_{measure}", f"building_{name}_{suffix}", f"{meaning} of the home's building, {said}")
        for measure, (suffix, said) in _MEASURES.items()
        for source, (name, meaning) in BUILDING.items()
    )


def _address(one: str, other: str, area: str) -> RawColumn:
    first, second = _ADDRESSES[one], _ADDRESSES[other]
    name = f"is_{first}_{area.lower()}_not_{second}"
    said = f"Whether the {first} address is in another {area.lower()} than the {second} address"
    return flag(f"{one}_{area}_NOT_{other}_{area}", name, said)


def _social_circle(days: int) -> tuple[RawColumn, RawColumn]:
    seen = f"People around the applicant seen to be {days} days past due or near it"
    bad = f"People around the applicant who defaulted, {days} days past due"
    return (
        count(f"OBS_{days}_CNT_SOCIAL_CIRCLE", f"n_social_circle_seen_{days}dpd", seen),
        count(f"DEF_{days}_CNT_SOCIAL_CIRCLE", f"n_social_circle_defaults_{days}dpd", bad),
    )


COLUMNS: tuple[RawColumn, ...] = (
    identifier_of("SK_ID_CURR", "application_id", "the application", is_key=True),
    code(
        "TARGET", "target", "1 when the applicant had difficulties paying, else 0; null where it is not known",
        {"0": 0, "0.0": 0, "1": 1, "1.0": 1}, is_optional=True),
    text("NAME_CONTRACT_TYPE", "contract_type", "Cash loan or revolving loan"),
    text("CODE_GENDER", "gender", "Gender as recorded; protected"),
    flag("FLAG_OWN_CAR", "has_car", "Whether the applicant owns a car"),
    flag("FLAG_OWN_REALTY", "has_realty", "Whether the applicant owns a house or flat"),
    count("CNT_CHILDREN", "n_children", "Children; close to family status, which is protected"),
    amount("AMT_INCOME_TOTAL", "income_amount", "Income per year"),
    amount("AMT_CREDIT", "credit_amount", "Credit applied for"),
    amount("AMT_ANNUITY", "annuity_amount", "Annuity of the credit"),
    amount("AMT_GOODS_PRICE", "goods_price_amount", "Price of the goods that are financed"),
    text("NAME_TYPE_SUITE", "companion", "Who came along to apply; close to family status, which is protected"),
    text("NAME_INCOME_TYPE", "income_type", "Where the income comes from"),
    text("NAME_EDUCATION_TYPE", "education", "Highest education"),
    text("NAME_FAMILY_STATUS", "family_status", "Family status; protected"),
    text("NAME_HOUSING_TYPE", "housing_type", "How the applicant is housed"),
    number("REGION_POPULATION_RELATIVE", "region_population_rate", "Population of the home's region",
        "normalised to 0..1", (0, 1)),
    past_days("DAYS_BIRTH", "birth_days", "Birth; protected"),
    past_days("DAYS_EMPLOYED", "employment_days", "Begin of the present employment", nulls=(NO_DAY,)),
    past_days("DAYS_REGISTRATION", "registration_days", "Last change of the registration"),
    past_days("DAYS_ID_PUBLISH", "id_document_days", "Issue of the identity document"),
    number("OWN_CAR_AGE", "car_age_years", "Age of the car", "years", (0, 120)),
    flag("FLAG_MOBIL", "has_mobile_phone", "Whether a mobile phone was given"),
    flag("FLAG_EMP_PHONE", "has_employer_phone", "Whether the employer's phone was given"),
    flag("FLAG_WORK_PHONE", "has_work_phone", "Whether a phone at work was given"),
    flag("FLAG_CONT_MOBILE", "is_mobile_phone_reachable", "Whether the mobile phone could be reached"),
    flag("FLAG_PHONE", "has_home_phone", "Whether a phone at home was given"),
    flag("FLAG_EMAIL", "has_email", "Whether an e-mail address was given"),
    text("OCCUPATION_TYPE", "occupation", "Occupation"),
    count("CNT_FAM_MEMBERS", "n_family_members", "Members of the family; close to family status, which is protected"),
    count("REGION_RATING_CLIENT", "region_rating", "The lender's rating of the region, 1 is best", low=-1, high=10),
    count("REGION_RATING_CLIENT_W_CITY", "region_and_city_rating",
        "The lender's rating of the region with its city, 1 is best", low=-1, high=10),
    text("WEEKDAY_APPR_PROCESS_START", "application_weekday", "Weekday of the application"),
    number("HOUR_APPR_PROCESS_START", "application_hour", "Hour of the application", "hours", (0, 24)),
    *(_address(one, other, area) for area in ("REGION", "CITY")
        for one, other in (("REG", "LIVE"), ("REG", "WORK"), ("LIVE", "WORK"))),
    text("ORGANIZATION_TYPE", "organisation_type", "Kind of organisation the applicant works for"),
    *(_rate(f"EXT_SOURCE_{n}", f"external_score_{n}", f"Score of external source {n}") for n in (1, 2, 3)),
    *_building(),
    text("FONDKAPREMONT_MODE", "building_repair_fund", "Account for repairs of the home's building"),
    text("HOUSETYPE_MODE", "building_type", "Type of the home's building"),
    _rate("TOTALAREA_MODE", "building_total_area_mode", "Total area of the home's building, mode"),
    text("WALLSMATERIAL_MODE", "building_wall_material", "Material of the walls of the home's building"),
    flag("EMERGENCYSTATE_MODE", "is_building_in_emergency", "Whether the home's building is in a state of emergency"),
    *_social_circle(30),
    *_social_circle(60),
    past_days("DAYS_LAST_PHONE_CHANGE", "phone_change_days", "Last change of the phone"),
    *(flag(f"FLAG_DOCUMENT_{n}", f"has_document_{n}", f"Whether document {n} was handed in") for n in DOCUMENTS),
    *(count(f"AMT_REQ_CREDIT_BUREAU_{source}", f"n_enquiries_{span}",
        f"Enquiries at the credit bureau in the {span} before, without shorter spans")
        for source, span in ENQUIRIES.items()),
    RawColumn("snapshot_date", "", "Day of the application, of lenders with a calendar", "bronze", is_optional=True),
)  # fmt: skip
_ALSO = {
    "customer_id": dy.String(min_length=1, description="Identifier of the customer: the application's own"),
    "is_without_employment": dy.Bool(description=f"Whether the applicant has no employment: DAYS_EMPLOYED is {NO_DAY}"),
}
_EMPLOYED = "DAYS_EMPLOYED"
_ApplicationLinesColumns = bronze_of(COLUMNS)
_CreditApplicationsColumns = silver_of(COLUMNS, _ALSO)


class ApplicationLines(_ApplicationLinesColumns):
    """One row per line of an application file, untouched."""


class CreditApplications(_CreditApplicationsColumns):
    """One row per application: what was asked for, by whom, and the outcome where it is known."""


def _target_is_readable() -> CleaningRule:
    delivered = visible(pl.col(f"{SOURCE}TARGET"))
    return CleaningRule(
        name="TARGET_is_zero_or_one",
        column="TARGET",
        condition="neither 0, 1 nor missing",
        remedy="row quarantined",
        applies=pl.col("target").is_null() & ~means_missing(delivered),
        strategy="quarantine",
    )


def _is_without_employment() -> pl.Expr:
    days = visible(pl.col(SOURCE + _EMPLOYED)).str.strip_chars_end("_").cast(pl.Float64, strict=False)
    return (days == NO_DAY).fill_null(value=False)


APPLICATION_CLEANING = cleaning_of(
    COLUMNS,
    CreditApplications,
    derived={"customer_id": pl.col("application_id"), "is_without_employment": _is_without_employment()},
    rejections=(_target_is_readable(),),
    keeps_order=False,
)
APPLICATION = source_of(
    "application",
    "applications",
    COLUMNS,
    (ApplicationLines, CreditApplications),
    APPLICATION_CLEANING,
    due=APPLICATIONS_DUE,
    volume=pl.len(),
)
