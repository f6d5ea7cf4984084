"""The params that an entry with `algorithm: xgboost` may set.

XGBoost passes over a name it does not know without a word, so names are checked here. What it makes of the values
belongs to XGBoost; rows, threads, seed, objective and constraints are the platform's.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from credit_platform.policy.policy_section import PolicySection

_Fraction = Annotated[float, Field(gt=0, le=1)]
_NotNegative = Annotated[float, Field(ge=0)]
_Count = Annotated[int, Field(ge=0)]


class XGBoostParams(PolicySection):
    """Names as in XGBoost's scikit-learn class; what is not set is as XGBoost has it."""

    n_estimators: Annotated[int, Field(ge=1)] = 100
    learning_rate: _Fraction | None = None
    max_depth: _Count | None = None
    max_leaves: _Count | None = None
    grow_policy: Literal["depthwise", "lossguide"] | None = None
    min_child_weight: _NotNegative | None = None
    gamma: _NotNegative | None = None
    subsample: _Fraction | None = None
    colsample_bytree: _Fraction | None = None
    colsample_bylevel: _Fraction | None = None
    colsample_bynode: _Fraction | None = None
    reg_alpha: _NotNegative | None = None
    reg_lambda: _NotNegative | None = None
    max_delta_step: _NotNegative | None = None
    max_bin: Annotated[int, Field(ge=2)] | None = None
    tree_method: Literal["hist", "approx", "exact"] | None = None
    scale_pos_weight: Annotated[float, Field(gt=0)] | None = None


def fault_in(params: Mapping[str, object]) -> str | None:
    """What is wrong with the params of an entry, named; None where nothing is.

    >>> fault_in({"max_depth": 3, "subsample": 0.8})
    >>> fault_in({"max_dept": 3})
    'max_dept is no parameter of xgboost; did you mean max_depth?'
    """
    known = list(XGBoostParams.model_fields)
    for name in params:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(known)}"
            return f"{name} is no parameter of xgboost; {hint}"
    if empty := [name for name, value in params.items() if value is None]:
        return f"{empty[0]} has no value; leave it out for XGBoost's own"
    try:
        XGBoostParams.model_validate(dict(params))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        return f"{first['loc'][0]}: {first['msg'][0].lower()}{first['msg'][1:]}, not {first['input']!r}"
    return None
