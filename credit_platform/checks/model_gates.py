"""Gates of models: whether the version trained as of a month is fit to go into production, one check per gate.

They warn: a version that fails stays candidate, and nothing else waits for it. What a gate measures and its limit is
written in scoring.promotion; here the stored version is read and its gates are told to people.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

import dagster as dg

from credit_platform.assets.models.training import POLICY
from credit_platform.checks.monthly import SHIPPED, monthly_check
from credit_platform.errors import ModelStoreError
from credit_platform.lake.governance.promotions import PromotionLog
from credit_platform.lake.tables.monthly import Lake
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.data_quality import CheckPolicy
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.portfolio import MonthResult, Words
from credit_platform.scoring.governance.promotion import GateResult, gate_results
from credit_platform.texts import yaml_beside


@dataclass(frozen=True)
class _Kind:
    """A check: the gate behind it, what is true when all is well, and what to do when it is yellow."""

    check: str
    gate: str
    holds: str
    otherwise: str


@cache
def _kinds() -> tuple[_Kind, ...]:
    return yaml_beside(__file__, "model_gates.yaml", tuple[_Kind, ...])


def model_gate_checks(
    axis: MonthlyAxis, config: ModelConfig, words: Words, policy: CheckPolicy = SHIPPED
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
                f"{kind.holds} When it is yellow, {kind.otherwise.format(words=words)} "
                "A version whose gates all pass may be put in force."
            ),
            built=_Trained(model),
        )
        for model in config.models
        for kind in (*_kinds(), *(_of_floor(metric) for metric in config.gates.min_oot))
    ]


def _of_floor(metric: str) -> _Kind:
    """The check of a floor of another metric than the ROC-AUC."""
    first = _kinds()[0]
    return _Kind(
        f"out_of_time_{metric}_reaches_the_floor",
        f"min_oot_{metric}",
        f"{metric} on the out-of-time cohort reaches gates.min_oot.{metric}.",
        first.otherwise,
    )


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
