"""What every section of a policy file obeys, and the kinds of number that several of them use.

The sections themselves stand in the modules of their files.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
OpenShare = Annotated[float, Field(gt=0, lt=1)]
# A century: longer ones lead out of the calendar.
MOST_MONTHS = 1200
MonthCount = Annotated[int, Field(ge=1, le=MOST_MONTHS)]


class PolicySection(BaseModel):
    """One section of a policy file: frozen, without unknown keys, without silent conversions."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
