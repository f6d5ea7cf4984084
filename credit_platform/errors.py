"""The one family of errors the platform raises.

Every class takes its culprits as data and builds its own message, which names the table, the month, the culprit and the
fix. Errors of libraries do not belong here: let them pass, or wrap them where the user's fix is known.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path


def _months(months: Sequence[date]) -> str:
    names = [month.strftime("%Y-%m") for month in months]
    return ", ".join(names) if len(names) <= 6 else f"{', '.join(names[:3])}, ... {names[-1]} ({len(names)} months)"


class CreditPlatformError(Exception):
    """Any failure the platform explains to its user."""


class SettingsError(CreditPlatformError):
    """A setting or the book's platform.yaml is wrong."""

    def __init__(self, *, name: str, reason: str, fix: str) -> None:
        super().__init__(f"{name}: {reason}. {fix}")


class PolicyError(CreditPlatformError):
    """A policy file holds a wrong value."""

    def __init__(self, *, file: Path | str, key: str, reason: str) -> None:
        self.file, self.key, self.reason = str(file), key, reason
        super().__init__(f"{file}: {key}: {reason}")


class SourceError(CreditPlatformError):
    """A source file is missing or cannot be used as it is."""

    def __init__(self, *, source: str, culprit: str, reason: str, fix: str) -> None:
        self.source, self.culprit = source, culprit
        super().__init__(f"source {source}: {culprit}: {reason}. {fix}")


class WithheldError(CreditPlatformError):
    """A library failed on rows that hold personal data; its own words may quote them and are left out."""

    def __init__(self, *, table: str, error: str, place: str) -> None:
        super().__init__(
            f"{table}: {error} at {place}. What it says is withheld, as the source has personal columns. Look for "
            "cells out of place in the newest delivery; if there are none, report this as a defect."
        )


class StorageError(CreditPlatformError):
    """A file cannot be written or read because the disk, or who else uses it, does not let it be."""

    def __init__(
        self,
        *,
        file: Path | str,
        reason: str,
        fix: str = "What was there before is unchanged; make room, or name another data folder in CREDIT_DATA_DIR, and "
        "run the same again.",
        done: str = "written",
        number: int | None = None,
    ) -> None:
        self.file, self.number = file, number
        super().__init__(f"{file} cannot be {done}: {reason}. {fix}")


class MissingMonthsError(CreditPlatformError):
    """A table lacks months that a step needs."""

    def __init__(self, *, table: str, months: Sequence[date]) -> None:
        self.table, self.months = table, tuple(months)
        super().__init__(
            f"{table} has no file for {_months(months) or 'any month'}. "
            f"Materialize {table} for these months first (credit-platform backfill --from ... --to ...)."
        )


class TableError(CreditPlatformError):
    """A table was about to be written in a state its contract forbids."""

    def __init__(self, *, table: str, months: Sequence[date], reason: str, fix: str) -> None:
        self.table, self.months = table, tuple(months)
        super().__init__(f"{table}, {_months(months)}: {reason}. {fix}")


class WindowError(CreditPlatformError):
    """A training window cannot be formed as of a month."""

    def __init__(self, *, as_of: date, reason: str, fix: str) -> None:
        self.as_of = as_of
        super().__init__(f"training as of {as_of:%Y-%m}: {reason}. {fix}")


class TrainingError(CreditPlatformError):
    """A model cannot be fitted on the sample it was given."""

    def __init__(self, *, model: str, reason: str, fix: str) -> None:
        super().__init__(f"model {model}: {reason}. {fix}")


class MissingExtraError(CreditPlatformError):
    """A library is not installed that only some books need."""

    def __init__(self, *, extra: str, needed_by: str) -> None:
        super().__init__(
            f"{extra} is not installed, and {needed_by} needs it. Install the extra: make extra-{extra}, or "
            f"pip install 'credit-platform[{extra}]'."
        )


class ReplayError(CreditPlatformError):
    """A month, or one of its tables, cannot be made again as it was known."""

    def __init__(self, *, month: date, reason: str, fix: str) -> None:
        self.month, self.reason, self.fix = month, reason, fix
        super().__init__(f"replay as of {month:%Y-%m}: {reason}. {fix}")


class ModelStoreError(CreditPlatformError):
    """A stored model version is missing, damaged or not what its manifest says."""

    def __init__(self, *, model: str, version: str, reason: str, fix: str) -> None:
        self.model, self.version = model, version
        super().__init__(f"model {model}, version {version}: {reason}. {fix}")


class CaseError(CreditPlatformError):
    """A case cannot be explained."""

    def __init__(self, *, noun: str, case: str, reason: str, fix: str) -> None:
        self.case = case
        super().__init__(f"{noun} {case}: {reason}. {fix}")


class NoVersionInForceError(CreditPlatformError):
    """No version of a model is in force in a month."""

    def __init__(self, *, model: str, month: date, fix: str) -> None:
        self.model, self.month = model, month
        super().__init__(f"model {model} has no version in force in {month:%Y-%m}. {fix}")


class MigrationError(CreditPlatformError):
    """A data folder is to be brought to the names of this release first, or cannot be."""

    def __init__(self, *, folder: Path, reason: str, fix: str) -> None:
        self.folder = folder
        super().__init__(f"{folder}: {reason}. {fix}")


class BackupError(CreditPlatformError):
    """A backup cannot be written, or not be restored from."""

    def __init__(self, *, file: Path, reason: str, fix: str) -> None:
        self.file = file
        super().__init__(f"{file}: {reason}. {fix}.")


class AuditError(CreditPlatformError):
    """The audit log is not as it was written, so nothing may rest on it."""

    def __init__(self, *, file: Path, reason: str) -> None:
        self.file = file
        super().__init__(
            f"{file} cannot be trusted: {reason}. Restore it and the head beside it from a backup, and find out who "
            "changed it; `credit-platform audit verify` names everything that is wrong with it."
        )


class LifeCycleError(CreditPlatformError):
    """A version cannot be moved to the role a person asks for."""

    def __init__(self, *, model: str, version: str, reason: str, fix: str) -> None:
        self.model, self.version = model, version
        super().__init__(f"model {model}, version {version}: {reason}. {fix}")
