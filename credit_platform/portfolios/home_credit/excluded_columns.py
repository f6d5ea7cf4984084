"""The columns of the seven sources that no model reads, each with the reason.

Which features models read is declared in the modules of `features`.
"""

IDENTITY = "identifies an application, a credit or a contract, and says nothing about risk"
OUTCOME = "the outcome that is predicted"
DATE = "says when an application was made: it files it under a month, and is no feature"
PROTECTED = "a personal characteristic no decision may rest on; read to compare groups of applicants, never to score"
FAMILY = "goes with family status, which is protected, so it could stand for it"
REASONS = {
    **dict.fromkeys(("SK_ID_CURR", "SK_ID_BUREAU", "SK_ID_PREV"), IDENTITY),
    "TARGET": OUTCOME,
    "snapshot_date": DATE,
    **dict.fromkeys(("CODE_GENDER", "DAYS_BIRTH", "NAME_FAMILY_STATUS"), PROTECTED),
    **dict.fromkeys(("CNT_CHILDREN", "CNT_FAM_MEMBERS", "NAME_TYPE_SUITE"), FAMILY),
}
