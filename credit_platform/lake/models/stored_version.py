"""Versions as they are used: verified, and read once for as long as one object lives, a run's or a command's.

A later run reads again and so notices a file that has changed since. Storing and verifying belong to `model_store`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from credit_platform.errors import ModelStoreError
from credit_platform.lake.layout import Layout
from credit_platform.lake.models.model_store import RESTORE, ModelStore
from credit_platform.lake.models.version_metadata import METADATA, VersionMetadata
from credit_platform.months import parse_month
from credit_platform.policy.model_config import ModelConfig
from credit_platform.scoring.training.version import FittedVersion
from credit_platform.scoring.training.windows import Windows


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
