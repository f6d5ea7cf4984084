"""Features of the application itself, and ratios that take them together with what its children say.

Nothing protected is read: no birth, gender or family status, and not the children, family members and companion that
go with it.
"""

import polars as pl

from credit_platform.portfolios.home_credit.features.declared_feature import (
    DeclaredFeature,
    amount,
    category,
    count,
    days,
    number,
    over,
    ratio,
    yes_or_no,
)

_APPLICANTS = "Applicants cannot change it, and it can stand for sex or origin."
_OTHERS = "It is about other people, whose data are not the applicant's to see."
_MOMENT = "When somebody applies says nothing that could be held against anyone."
_BUILDING = "It is about the building, which the applicant neither made nor can change."
_INCOME, _CREDIT, _ANNUITY, _GOODS = (
    pl.col(f"{name}_amount") for name in ("income", "credit", "annuity", "goods_price")
)
_SCORES = tuple(f"external_score_{n}" for n in (1, 2, 3))
_ENQUIRIES = tuple(f"n_enquiries_{span}" for span in ("hour", "day", "week", "month", "quarter", "year"))
_DOCUMENTS = tuple(f"has_document_{n}" for n in range(2, 22))
_ADDRESSES = tuple(
    f"is_{one}_{area}_not_{other}"
    for area in ("region", "city")
    for one, other in (("registered", "home"), ("registered", "work"), ("home", "work"))
)


def _since(column: str) -> pl.Expr:
    return -pl.col(column)


def _n(columns: tuple[str, ...]) -> pl.Expr:
    """How many of some flags are set, or the sum of some counts; null where none is known."""
    is_known = pl.any_horizontal(pl.col(column).is_not_null() for column in columns)
    return pl.when(is_known).then(pl.sum_horizontal(pl.col(column).cast(pl.Int32) for column in columns))


def _building(code: str, name: str, meaning: str) -> DeclaredFeature:
    column = f"building_{name}_mean"
    internal, consumer = f"Building of the home: {meaning}", f"The building you live in: {meaning}"
    return number(code, column, pl.col(column), internal, consumer, unit="normalised", low=0, never_given=_BUILDING)


# fmt: off
OF_APPLICATION: tuple[DeclaredFeature, ...] = (
    amount("APP01", "income_amount", _INCOME, "Income per year", "Your yearly income", direction=-1,
        holds_in_splits=False),
    amount("APP02", "credit_amount", _CREDIT, "Credit applied for", "The amount of credit you asked for"),
    amount("APP03", "annuity_amount", _ANNUITY, "Annuity of the credit", "The annuity of the credit you asked for"),
    amount("APP04", "goods_price_amount", _GOODS, "Price of the goods financed",
        "The price of the goods you want to finance"),
    ratio("APP05", "credit_to_income", over(_CREDIT, _INCOME), "Credit over income per year",
        "The credit you asked for compared with your yearly income"),
    ratio("APP06", "annuity_to_income", over(_ANNUITY, _INCOME), "Annuity over income per year",
        "The annuity compared with your yearly income", direction=1, holds_in_splits=False),
    ratio("APP07", "credit_to_goods_price", over(_CREDIT, _GOODS), "Credit over the price of the goods",
        "The credit you asked for compared with the price of the goods", direction=1),
    ratio("APP08", "credit_term", over(_CREDIT, _ANNUITY), "Credit over annuity, the term in annuities",
        "The time over which you want to pay back"),
    number("EXT01", "external_score_1", pl.col("external_score_1"), "Score of external source 1",
        "What external source 1 reports about you", unit="normalised to 0..1", low=0, direction=-1, is_specific=False),
    number("EXT02", "external_score_2", pl.col("external_score_2"), "Score of external source 2",
        "What external source 2 reports about you", unit="normalised to 0..1", low=0, direction=-1, is_specific=False),
    number("EXT03", "external_score_3", pl.col("external_score_3"), "Score of external source 3",
        "What external source 3 reports about you", unit="normalised to 0..1", low=0, direction=-1, is_specific=False),
    number("EXT04", "external_score_mean", pl.mean_horizontal(_SCORES), "Mean of the external scores",
        "What external sources report about you, on average", unit="normalised to 0..1", low=0, direction=-1,
        is_specific=False),
    number("EXT05", "external_score_min", pl.min_horizontal(_SCORES), "Lowest of the external scores",
        "The least that an external source reports about you", unit="normalised to 0..1", low=0, direction=-1,
        is_specific=False),
    number("EXT06", "external_score_max", pl.max_horizontal(_SCORES), "Highest of the external scores",
        "The most that an external source reports about you", unit="normalised to 0..1", low=0, direction=-1,
        is_specific=False),
    count("EXT07", "n_external_scores", pl.sum_horizontal(pl.col(name).is_not_null() for name in _SCORES),
        "External scores there are", "The number of external sources that know you",
        never_given="A gap in the records of others, which the applicant neither made nor can fill."),
    yes_or_no("EMP01", "is_without_employment", pl.col("is_without_employment"), "Without employment",
        "Whether you are employed"),
    days("EMP02", "days_since_employment", _since("employment_days"), "Days in the present employment",
        "The time you have been with your employer", direction=-1, is_specific=False),
    days("IDE01", "days_since_registration", _since("registration_days"), "Days since the registration changed",
        "The time since you changed your registration", direction=-1, holds_in_splits=False),
    days("IDE02", "days_since_id_document", _since("id_document_days"), "Days since the identity document was issued",
        "The time since your identity document was issued", direction=-1, holds_in_splits=False),
    days("IDE03", "days_since_phone_change", _since("phone_change_days"), "Days since the phone changed",
        "The time since you changed your phone", direction=-1, holds_in_splits=False),
    yes_or_no("OWN01", "has_car", pl.col("has_car"), "Owns a car", "Whether you own a car"),
    number("OWN02", "car_age_years", pl.col("car_age_years"), "Age of the car", "The age of your car", unit="years",
        low=0, direction=1, holds_in_splits=False),
    yes_or_no("OWN03", "has_realty", pl.col("has_realty"), "Owns a house or flat", "Whether you own a house or flat"),
    yes_or_no("CON01", "has_work_phone", pl.col("has_work_phone"), "Phone at work given",
        "Whether you gave a phone number at work"),
    yes_or_no("CON02", "has_home_phone", pl.col("has_home_phone"), "Phone at home given",
        "Whether you gave a phone number at home"),
    yes_or_no("CON03", "has_email", pl.col("has_email"), "E-mail address given", "Whether you gave an e-mail address"),
    number("REG01", "region_population_rate", pl.col("region_population_rate"), "Population of the region",
        "The region you live in: its population", unit="normalised to 0..1", low=0, never_given=_APPLICANTS),
    number("REG02", "region_and_city_rating", pl.col("region_and_city_rating"), "Rating of the region with its city",
        "The city you live in: our rating", unit="rating, 1 is best", never_given=_APPLICANTS),
    yes_or_no("ADR01", "is_registered_region_not_work", pl.col("is_registered_region_not_work"),
        "Registered in another region than at work", "Whether you work in the region you are registered in"),
    yes_or_no("ADR02", "is_registered_city_not_home", pl.col("is_registered_city_not_home"),
        "Registered in another city than at home", "Whether you live in the city you are registered in"),
    yes_or_no("ADR03", "is_registered_city_not_work", pl.col("is_registered_city_not_work"),
        "Registered in another city than at work", "Whether you work in the city you are registered in"),
    yes_or_no("ADR04", "is_home_city_not_work", pl.col("is_home_city_not_work"), "Home in another city than work",
        "Whether you work in the city you live in"),
    number("TIM01", "application_hour", pl.col("application_hour"), "Hour of the application",
        "The hour at which you applied", unit="hours", low=0, never_given=_MOMENT),
    count("DOC01", "n_documents", _n(_DOCUMENTS), "Documents handed in", "The number of documents you handed in"),
    yes_or_no("DOC02", "has_document_3", pl.col("has_document_3"), "Document 3 handed in",
        "Whether you handed in document 3"),
    yes_or_no("DOC03", "has_document_6", pl.col("has_document_6"), "Document 6 handed in",
        "Whether you handed in document 6"),
    count("ENQ01", "n_enquiries_month", pl.col("n_enquiries_month"), "Enquiries at the bureau in the month before",
        "The number of enquiries about you in the last month"),
    count("ENQ02", "n_enquiries_quarter", pl.col("n_enquiries_quarter"),
        "Enquiries at the bureau in the quarter before", "The number of enquiries about you in the last three months"),
    count("ENQ03", "n_enquiries_year", pl.col("n_enquiries_year"), "Enquiries at the bureau in the year before",
        "The number of enquiries about you in the last year"),
    count("ENQ04", "n_enquiries", _n(_ENQUIRIES), "Enquiries at the bureau in all spans",
        "The number of enquiries about you that the credit bureau reports"),
    count("SOC01", "n_social_circle_seen_30dpd", pl.col("n_social_circle_seen_30dpd"),
        "People around the applicant near 30 days past due", "People you know who were late by up to 30 days",
        never_given=_OTHERS),
    count("SOC02", "n_social_circle_defaults_30dpd", pl.col("n_social_circle_defaults_30dpd"),
        "People around the applicant 30 days past due", "People you know who were late by 30 days",
        never_given=_OTHERS),
    _building("BLD01", "apartments", "apartments"),
    _building("BLD02", "years_since_built", "years since it was built"),
    _building("BLD03", "elevators", "lifts"),
    _building("BLD04", "floors_max", "most floors"),
    _building("BLD05", "living_area", "area that is lived in"),
    number("BLD06", "building_total_area_mode", pl.col("building_total_area_mode"), "Building of the home: total area",
        "The building you live in: total area", unit="normalised", low=0, never_given=_BUILDING),
    category("CAT01", "contract_type", "Kind of contract", "The kind of credit you asked for"),
    category("CAT02", "income_type", "Where the income comes from", "Where your income comes from",
        never_given="A pension or a leave can stand for age or sex."),
    category("CAT03", "education", "Highest education", "Your education"),
    category("CAT04", "housing_type", "Kind of housing", "The home you live in"),
    category("CAT05", "occupation", "Occupation", "The work you do", never_given=_APPLICANTS),
    category("CAT06", "organisation_type", "Kind of organisation worked for", "The organisation you work for",
        never_given=_APPLICANTS),
    category("CAT07", "building_wall_material", "Building of the home: material of the walls",
        "The building you live in: its walls", never_given=_BUILDING),
)
# Over the row of an application joined with what its children say; they come last.
OF_ALL: tuple[DeclaredFeature, ...] = (
    ratio("ALL01", "bureau_debt_to_income", over(pl.col("bureau_debt_amount"), _INCOME),
        "Debt at other lenders over income per year", "What you owe other lenders compared with your yearly income",
        direction=1, holds_in_splits=False),
    ratio("ALL02", "bureau_annuity_to_income", over(pl.col("bureau_annuity_amount"), _INCOME),
        "Annuities at other lenders over income per year",
        "The annuities you pay other lenders compared with your yearly income"),
    ratio("ALL03", "credit_to_previous_credit_max", over(_CREDIT, pl.col("previous_credit_amount_max")),
        "Credit applied for over the largest earlier one",
        "The credit you asked for compared with your largest earlier one"),
    ratio("ALL04", "annuity_to_previous_annuity_mean", over(_ANNUITY, pl.col("previous_annuity_amount_mean")),
        "Annuity over the mean of earlier ones", "The annuity compared with those of your earlier credits"),
)
# fmt: on
