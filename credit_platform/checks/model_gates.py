"""Gates of models: whether the version trained as of a month is fit to go into production, one check per gate.

They warn: a version that fails stays candidate, and nothing else waits for it. What a gate measures and its limit is
written in scoring.promotion; here the stored version is read and its gates are told to people.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import dagster as dg

from credit_platform.assets.models.training import POLICY
from credit_platform.checks.monthly import SHIPPED, monthly_check
from credit_platform.checks.reporting import MonthResult
from credit_platform.errors import ModelStoreError
from credit_platform.lake.governance.promotions import PromotionLog
from credit_platform.lake.tables.monthly import Lake
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.check_policy import CheckPolicy
from credit_platform.policy.model_config import ModelConfig
from credit_platform.scoring.governance.promotion import GateResult, gate_results


@dataclass(frozen=True)
class _Kind:
    """A check: the gate behind it, what is true when all is well, and what to do when it is yellow."""

    check: str
    gate: str
    holds: str
    otherwise: str


_KINDS = (
    _Kind(
        check="out_of_time_auc_reaches_the_floor",
        gate="min_oot_roc_auc",
        holds="ROC-AUC on the out-of-time cohort reaches gates.min_oot_roc_auc.",
        otherwise="the version ranks loans it never saw too badly: see its page and the data of its cohorts.",
    ),
    _Kind(
        check="test_result_holds_out_of_time",
        gate="max_oot_test_gap",
        holds="ROC-AUC falls from the test sample to the out-of-time cohort by at most gates.max_oot_test_gap.",
        otherwise="the newest cohort is unlike those before it: see monitoring, and train again on shorter windows.",
    ),
    _Kind(
        check="training_result_holds_on_validation",
        gate="max_train_validation_gap",
        holds="ROC-AUC falls from training to validation by at most gates.max_train_validation_gap.",
        otherwise="the version knows its training loans by heart: make the model simpler or the window longer.",
    ),
    _Kind(
        check="features_are_filled",
        gate="max_null_rate",
        holds="At most gates.max_null_rate of the feature cells of the out-of-time cohort are empty.",
        otherwise="a source is missing or broken for that cohort: see gold/feature_store and its checks.",
    ),
    _Kind(
        check="files_give_the_version_back",
        gate="artifacts_load_back",
        holds="The stored files are those that were registered, and give the version back with the same predictions.",
        otherwise="the result names the file: restore the version's folder, or train the month again.",
    ),
)


def model_gate_checks(
    axis: MonthlyAxis, config: ModelConfig, policy: CheckPolicy = SHIPPED
) -> list[dg.AssetChecksDefinition]:
    """The gates of every model, warning."""
    return [
        monthly_check(
            f"model/{model}",
            kind.check,
            _Gate(model, kind.gate, config),
            axis=axis.training_months,
            is_blocking=False,
            policy=policy,
            description=(
                f"{kind.holds} When it is yellow, {kind.otherwise} A version whose gates all pass becomes challenger."
            ),
            built=_Trained(model),
        )
        for model in config.models
        for kind in _KINDS
    ]


@dataclass(frozen=True)
class _Trained:
    """The months of which a model has a version."""

    model: str

    def __call__(self, lake: Lake) -> list[date]:
        return sorted(_latest_versions(lake, self.model))


@dataclass(frozen=True)
class _Gate:
    model: str
    gate: str
    config: ModelConfig

    def __call__(self, lake: Lake, months: Sequence[date]) -> dict[date, MonthResult]:
        versions = _latest_versions(lake, self.model)
        return {month: self._result(lake, month, versions.get(month)) for month in months}

    def _result(self, lake: Lake, month: date, version: str | None) -> MonthResult:
        if version is None:
            said = f"{month:%Y-%m}: no version was trained as of this month; materialize model/{self.model} for it."
            return MonthResult(passed=False, description=said, metadata={})
        try:
            result = next(each for each in self._measured(lake, version) if each.name == self.gate)
        except ModelStoreError as error:
            return MonthResult(False, f"{month:%Y-%m}: {error}", {"model_version": version})  # noqa: FBT003
        metadata: dict[str, int | float | str] = {"model_version": version, "limit": result.bar}
        if result.value is not None:
            metadata["value"] = result.value
        return MonthResult(
            passed=result.passed, description=f"{month:%Y-%m}, version {version}: {result.sentence}", metadata=metadata
        )

    def _measured(self, lake: Lake, version: str) -> list[GateResult]:
        stored = lake.versions.read(self.model, version)
        if self.gate == "artifacts_load_back":
            stored.fitted(self.config)
        return gate_results(stored.metadata.result, self.config.gates)


def _latest_versions(lake: Lake, model: str) -> dict[date, str]:
    """The version last trained as of each month."""
    records = PromotionLog(lake.layout).records()
    return {record.as_of: record.model_version for record in records if (record.model, record.actor) == (model, POLICY)}
