"""The months that cases are given where the data have no calendar: a section of such a book's model_config.yaml.

Which case is given which month belongs to `lake.raw.case_months`.
"""

from datetime import date
from typing import Annotated

from pydantic import BeforeValidator, Field

from credit_platform.months import as_month
from credit_platform.policy.policy_section import MonthCount, PolicySection


class AssignedCohortPolicy(PolicySection):
    """Cohorts drawn by a seeded hash: `labelled` months from `first` on, then `unlabelled` ones.

    Attributes:
        first: the first month.
        labelled: months over which cases with a label are spread, each label evenly.
        unlabelled: later months, over which cases without one are spread.
        seed: other seeds give other cohorts.
    """

    first: Annotated[date, BeforeValidator(as_month)]
    labelled: MonthCount
    unlabelled: MonthCount
    seed: Annotated[int, Field(ge=0)] = 0
