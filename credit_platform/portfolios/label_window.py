"""Another window of the label than the files of a policy say, as a variable of the environment may ask for.

What a window is belongs to the label of each book that has one; reading the environment to `settings`.
"""

from dataclasses import replace

from pydantic import ValidationError

from credit_platform.errors import SettingsError
from credit_platform.policy.load import Policy, completed, fingerprint, policy_values

WINDOW_KEY = "window_days"


def with_label_window(policy: Policy, days: int) -> Policy:
    """The policy with a window of some days, all that follows from it and a fingerprint of its own.

    Raises:
        SettingsError: the label cannot have such a window.
    """
    values = completed({"label": {WINDOW_KEY: days}}, policy.model.model_dump(mode="json"))
    try:
        model = type(policy.model).model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingsError(
            name="CHURN_WINDOW", reason=f"{first['msg']}, not {days}", fix="Correct the value and start again."
        ) from error
    sections = {"model": model, "monitoring": policy.monitoring, "data": policy.data, "reasons": policy.reasons}
    return replace(policy, model=model, sha256=fingerprint(policy_values(sections)))
