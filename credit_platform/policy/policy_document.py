"""A policy as one document that is kept beside what was made under it, and read back to make it again.

Files people write are read in `load`; this document is for the platform alone.
"""

import json
from pathlib import Path

from pydantic import ValidationError

from credit_platform.errors import PolicyError
from credit_platform.policy.data_quality import DataQualityPolicy
from credit_platform.policy.load import (
    DATA_QUALITY,
    MODEL_CONFIG,
    MONITORING_THRESHOLDS,
    REASON_CODES,
    Policy,
    PolicyTerms,
    completed,
    fingerprint,
    policy_values,
    shipped_values,
)
from credit_platform.policy.monitoring_thresholds import MonitoringThresholds
from credit_platform.policy.reason_codes import ReasonCatalogue
from credit_platform.previous_release import with_new_keys

_FILE_OF = {"model": MODEL_CONFIG, "monitoring": MONITORING_THRESHOLDS, "data": DATA_QUALITY, "reasons": REASON_CODES}


def policy_document(policy: Policy) -> bytes:
    """All values of a policy as JSON bytes that depend on them alone."""
    sections = {"model": policy.model, "monitoring": policy.monitoring, "data": policy.data, "reasons": policy.reasons}
    return (json.dumps(policy_values(sections), sort_keys=True, indent=1) + "\n").encode()


def read_policy_document(content: bytes, terms: PolicyTerms, *, sha256: str, file: Path) -> Policy:
    """The policy of a document that was read from a file and should have this fingerprint.

    A setting that a later release added has its shipped value, which is how that release acts without it; one that was
    renamed has its new name.

    Raises:
        PolicyError: it is no policy of this release, or not the one the file is named for.
    """
    try:
        values = json.loads(content)
        sections = {name: with_new_keys(name, values[key])[0] for key, name in _FILE_OF.items()}
        full = {name: completed(section, shipped_values(name, terms)) for name, section in sections.items()}
        policy = Policy(
            model=terms.config.model_validate(full[MODEL_CONFIG]),
            monitoring=MonitoringThresholds.model_validate(full[MONITORING_THRESHOLDS]),
            data=DataQualityPolicy.model_validate(full[DATA_QUALITY]),
            reasons=ReasonCatalogue.model_validate(full[REASON_CODES]),
            sha256=sha256,
        )
    except (ValidationError, ValueError, LookupError, TypeError) as error:
        raise PolicyError(file=file, key="(whole file)", reason="is no policy this release can read") from error
    # Of the values as they were stored, whatever their keys were called then.
    found = fingerprint(values)
    if found != sha256:
        raise PolicyError(file=file, key="(whole file)", reason=f"is not the policy it is named for, but {found}")
    return policy
