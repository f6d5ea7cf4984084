"""Versions as they are used: verified, and read once for as long as one object lives, a command or a run.

What `metadata.json` says may all be missing, since versions of earlier releases lack what was added later; None is not
known. A later run reads the files again. Storing and verifying belong to `model_store`, decisions to `governance`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from math import inf
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, model_validator

from credit_platform.errors import ModelStoreError
from credit_platform.lake.layout import Layout
from credit_platform.lake.models.model_store import RESTORE, ModelStore, to_json
from credit_platform.months import month_key, parse_month
from credit_platform.policy.model_config import ModelConfig
from credit_platform.scoring.governance.promotion import CandidateResult
from credit_platform.scoring.training.version import FittedVersion
from credit_platform.scoring.training.windows import SampleRole, Windows
from credit_platform.statistics.intervals import Interval

METADATA = "metadata.json"
_WITHOUT = "without_"
_SAMPLES: tuple[SampleRole, ...] = ("train", "validation", "test", "oot")

Month = Annotated[
    date,
    BeforeValidator(lambda value: parse_month(value) if isinstance(value, str) else value),
    PlainSerializer(month_key),
]


class _Part(BaseModel):
    # A later release may say more.
    model_config = ConfigDict(frozen=True, extra="allow")


class SampleWindows(_Part):
    """The cohorts of each sample, and where they come from: relative, absolute or triggered windows."""

    kind: str | None = None
    train: tuple[Month, ...] = ()
    validation: tuple[Month, ...] = ()
    test: tuple[Month, ...] = ()
    oot: tuple[Month, ...] = ()


class SampleSize(_Part):
    """The cases of a sample, and those of them with the event."""

    n: int | None = None
    n_bad: int | None = None


class SharedCustomers(_Part):
    """Customers of a sample that an earlier sample has as well, and what policy does about them."""

    policy: str | None = None
    validation: int | None = None
    test: int | None = None
    oot: int | None = None


class MetricRow(_Part):
    """A metric on a sample with its interval; a row of `scoring.evaluation.evaluation.EVALUATION_SCHEMA`."""

    sample_role: str
    metric: str
    value: float | None
    ci_low: float | None = None
    ci_high: float | None = None
    n: int | None = None
    n_bad: int | None = None


class SourceAvailability(_Part):
    """What the availability gate said of a source when the version was trained: passed, failed or unknown, and why."""

    status: str
    reason: str


class NewestMix(_Part):
    """The version judged as the newest cohorts had sources when it was trained.

    Attributes:
        cohorts: those after its samples, up to the month it was trained as of.
        present: share of their cases that have each source, by its short name.
        sample: likewise of the out-of-time sample, nothing taken from it.
        lost: by source that these cohorts have less of, the share of a sample's cases with it that had to lose it.
        metrics: on the samples with sources taken away from as many cases as had to lose them.
    """

    cohorts: tuple[Month, ...] = ()
    present: Mapping[str, float] = {}
    sample: Mapping[str, float] = {}
    lost: Mapping[str, float] = {}
    metrics: tuple[MetricRow, ...] = ()


class VersionMetadata(_Part):
    """The metadata of one version.

    Attributes:
        availability: by source; empty for versions stored before there was the gate.
        newest_mix: what it is judged by; None for versions stored before there was such a figure.
        without: metrics on the out-of-time sample with a group of evidence taken away, by the name of the group; stored
            as `without_<group>`.
        reason_mix: reason to cases of the validation sample that have it.
        failed_gates: the gates it failed under the policy it was trained under, by name.
        rebalancing: how the training loans were rebalanced; None where they were left as they are.
        set_by_hand: what was set by hand of its characteristics, by key of policy; None for versions stored before
            anything could be.
    """

    model: str | None = None
    alias: str | None = None
    algorithm: str | None = None
    as_of: Month | None = None
    windows: SampleWindows = SampleWindows()
    samples: Mapping[str, SampleSize] = {}
    shared_customers: SharedCustomers = SharedCustomers()
    availability: Mapping[str, SourceAvailability] = {}
    metrics: tuple[MetricRow, ...] = ()
    newest_mix: NewestMix | None = None
    without: Mapping[str, tuple[MetricRow, ...]] = {}
    reason_mix: Mapping[str, int] | None = None
    oot_null_rate: float | None = None
    artifacts_load_back: bool = False
    failed_gates: tuple[str, ...] | None = None
    params: Mapping[str, object] = {}
    rebalancing: Mapping[str, object] | None = None
    set_by_hand: Mapping[str, object] | None = None
    random_seed: int | None = None
    label_def: str | None = None
    policy_sha256: str | None = None
    libraries: Mapping[str, str] = {}

    @model_validator(mode="before")
    @classmethod
    def _gather_groups(cls, content: object) -> object:
        if not isinstance(content, Mapping):
            return content
        groups = {str(name) for name in content if str(name).startswith(_WITHOUT)}
        if not groups:
            return content
        without = {name.removeprefix(_WITHOUT): content[name] for name in groups}
        return {name: value for name, value in content.items() if name not in groups} | {"without": without}

    @classmethod
    def from_bytes(cls, content: bytes) -> VersionMetadata:
        """The metadata as stored.

        Raises:
            ValueError: it is no JSON, or a value has another type.
        """
        return cls.model_validate(json.loads(content))

    def to_bytes(self) -> bytes:
        """As it is stored; what was not given is left out."""
        content = self.model_dump(exclude_unset=True)
        without = content.pop("without", {})
        return to_json(content | {f"{_WITHOUT}{group}": rows for group, rows in without.items()})

    def roc_auc(self, sample: SampleRole) -> MetricRow | None:
        """The ROC-AUC on a sample; None where the version was not measured on it."""
        return _auc(self.metrics, sample)

    def judged_auc(self, sample: SampleRole) -> MetricRow | None:
        """The ROC-AUC on a sample as the newest cohorts have sources; as it is where that is not known."""
        return _auc((self.newest_mix or NewestMix()).metrics, sample) or self.roc_auc(sample)

    def baseline_auc(self, present: Mapping[str, float], *, within: float = inf) -> MetricRow | None:
        """The out-of-time ROC-AUC under the mix of sources that is nearest to that of some cases.

        Args:
            present: share of the cases that have each source, by its short name.
            within: how far, over all sources together, the shares may be from that mix; None where they are farther.
        """
        mix = self.newest_mix
        if mix is None:
            return self.roc_auc("oot")
        known = [(mix.present, mix.metrics), (mix.sample, self.metrics)]
        known += [({**mix.sample, group: 0.0}, rows) for group, rows in self.without.items() if group in mix.sample]

        def distance(one: tuple[Mapping[str, float], Sequence[MetricRow]]) -> float:
            return sum(abs(one[0].get(source, 0.0) - present.get(source, 0.0)) for source in {*one[0], *present})

        nearest = min((one for one in known if one[0]), key=distance, default=known[1])
        return _auc(nearest[1], "oot") if distance(nearest) <= within else None

    @property
    def scarcer_sources(self) -> tuple[str, ...]:
        """The sources of which the newest cohorts had less than its samples, so that other figures are judged."""
        return () if self.newest_mix is None else tuple(self.newest_mix.lost)

    @property
    def failed_sources(self) -> tuple[str, ...]:
        """The sources that the availability gate failed."""
        return tuple(source for source, found in self.availability.items() if found.status == "failed")

    @property
    def result(self) -> CandidateResult:
        """What gates are held against; what is not known counts as not reached."""
        measured = {sample: row for sample in _SAMPLES if (row := self.judged_auc(sample)) is not None}
        newest = (self.newest_mix or NewestMix()).metrics
        return CandidateResult(
            roc_auc={sample: row.value for sample, row in measured.items()},
            null_rate=self.oot_null_rate,
            scarcer_sources=self.scarcer_sources,
            out_of_time={row.metric: row.value for row in (*self.metrics, *newest) if row.sample_role == "oot"},
            artifacts_load_back=self.artifacts_load_back,
            intervals={
                sample: Interval(row.ci_low, row.ci_high)
                for sample, row in measured.items()
                if row.ci_low is not None and row.ci_high is not None
            },
        )


def _auc(rows: Sequence[MetricRow], sample: str) -> MetricRow | None:
    return next((row for row in rows if (row.sample_role, row.metric) == (sample, "roc_auc")), None)


@dataclass(frozen=True, eq=False)
class StoredVersion:
    """A verified version: its files as they were stored, and what they say."""

    layout: Layout
    model: str
    version: str
    files: Mapping[str, bytes]
    manifest: Mapping[str, object]
    _fitted: dict[str, FittedVersion] = field(default_factory=dict)

    @cached_property
    def metadata(self) -> VersionMetadata:
        """What it says of its making and its results.

        Raises:
            ModelStoreError: it was stored without, or with something else.
        """
        try:
            return VersionMetadata.from_bytes(self.files[METADATA])
        except (KeyError, ValueError) as error:
            raise self._refused(reason=f"its {METADATA} cannot be read: {error}") from error

    @property
    def as_of(self) -> date:
        """The month it was trained as of, which its name begins with."""
        return parse_month(self.version[:10])

    @property
    def windows(self) -> Windows:
        """The cohorts of its samples.

        Raises:
            ModelStoreError: its metadata does not say them.
        """
        said = self.metadata.windows
        windows = Windows(said.train, said.validation, said.test, said.oot)
        if not all(vars(windows).values()):
            raise self._refused(reason=f"its {METADATA} does not say the cohorts of every sample")
        return windows

    def fitted(self, config: ModelConfig) -> FittedVersion:
        """The version ready to score. Raises as `load_version` does, to which `config` names the algorithm."""
        from credit_platform.scoring.training.version import load_version

        algorithm = config.models[self.model].algorithm
        if algorithm not in self._fitted:
            self._fitted[algorithm] = load_version(
                self.model, self.files, portfolio=self.layout.portfolio, algorithm=algorithm, version=self.version
            )
        return self._fitted[algorithm]

    def _refused(self, *, reason: str) -> ModelStoreError:
        return ModelStoreError(model=self.model, version=self.version, reason=reason, fix=RESTORE)


class Versions:
    """The versions of one data folder; each is read and verified the first time it is asked for."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._read: dict[tuple[str, str], StoredVersion] = {}

    def read(self, model: str, version: str) -> StoredVersion:
        """A version. Raises as `ModelStore.verified` does."""
        if (model, version) not in self._read:
            manifest, files = ModelStore(self._layout).verified(model, version)
            self._read[model, version] = StoredVersion(self._layout, model, version, files, manifest)
        return self._read[model, version]
