"""Where the versions of a model stand: what a person who moves one, or asks about one, has to know.

Read from the audit log, the model store and the months there are; moving a version belongs to `promotion` and
`rollback`.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from credit_platform.assets.models.training import POLICY
from credit_platform.cli.book import Book
from credit_platform.errors import LifeCycleError
from credit_platform.lake.governance.audit import AuditLog
from credit_platform.lake.governance.promotions import PromotionLog
from credit_platform.lake.models.stored_version import StoredVersion
from credit_platform.months import add_months, month_range, parse_month
from credit_platform.scoring.governance.life_cycle import (
    Decision,
    PeriodInForce,
    Role,
    period_of,
    periods_in_force,
    roles,
)
from credit_platform.scoring.governance.promotion import Recommendation, failed_gates
from credit_platform.scoring.training.version import FittedVersion


@dataclass(frozen=True)
class ModelVersions:
    """The versions of one model as the audit log has them when it is first asked."""

    book: Book
    model: str

    @cached_property
    def decisions(self) -> list[Decision]:
        """Every decision, of all models, in order. Raises AuditError where the log was tampered with."""
        return AuditLog(self.book.lake.layout).decisions()

    @cached_property
    def periods_in_force(self) -> list[PeriodInForce]:
        """The periods_in_force of the model's versions."""
        return periods_in_force(self.decisions, self.model)

    @cached_property
    def newest_scored(self) -> date | None:
        """The book's present: the newest month whose loans the model has scored."""
        months = self.book.lake.months(f"prediction/{self.model}")
        return months[-1] if months else None

    @property
    def present(self) -> date | None:
        """The newest month scored, or before any is, the newest of which there is a version."""
        trained = [decision.month for decision in self.decisions if decision.model == self.model]
        return self.newest_scored or max(trained, default=None)

    @property
    def roles(self) -> dict[str, Role]:
        """The role of every version in the book's present."""
        return {} if self.present is None else roles(self.decisions, self.model, self.present)

    @cached_property
    def recommended(self) -> dict[str, Recommendation]:
        """What a person is advised to do about versions that policy left to people. Raises AuditError."""
        records = [one for one in PromotionLog(self.book.lake.layout).records() if one.model == self.model]
        newest = {record.model_version: record.recommended for record in records if record.actor == POLICY}
        return {version: advice for version, advice in newest.items() if advice is not None}

    @property
    def open_cohorts(self) -> list[date]:
        """Months that are scored and whose outcome is not known."""
        if self.newest_scored is None:
            return []
        lag = self.book.settings.policy.model.label.lag_months
        first = max(add_months(self.newest_scored, 1 - lag), self.book.axis.first_scoring)
        return month_range(first, self.newest_scored)

    def period_of(self, month: date) -> PeriodInForce | None:
        """The period a month falls into; None before the first."""
        return period_of(self.periods_in_force, month)

    def read(self, version: str) -> StoredVersion:
        """Read and verify a version. Raises ModelStoreError and AuditError."""
        return self.book.lake.versions.read(self.model, version)

    def load(self, version: str) -> FittedVersion:
        """Give a version back from its files. Raises ModelStoreError and AuditError."""
        return self.read(version).fitted(self.book.settings.policy.model)

    def failed_gates(self, version: str) -> dict[str, str]:
        """The gates a version fails under the policy of today, with a sentence each. Raises as `read`."""
        return failed_gates(self.read(version).metadata.result, self.book.settings.policy.model.gates)

    def refused(self, version: str, *, reason: str, fix: str) -> LifeCycleError:
        """The error that says why a version cannot be moved."""
        return LifeCycleError(model=self.model, version=version, reason=reason, fix=fix)

    def require_effective(self, version: str, month: date, *, option: str) -> None:
        """Refuse a month from which on a version cannot be in force.

        Raises:
            LifeCycleError: the version was not trained yet, or the outcome of cohorts scored since is known.
        """
        as_of = trained_as_of(version)
        if month <= as_of:
            raise self.refused(
                version,
                reason=f"it was trained as of {as_of:%Y-%m} and knows outcomes that nobody knew in {month:%Y-%m}",
                fix=f"Say {option} {add_months(as_of, 1):%Y-%m} or later.",
            )
        first_open = self.open_cohorts[0] if self.open_cohorts else None
        if first_open is not None and self.periods_in_force and month < first_open:
            raise self.refused(
                version,
                reason=f"the outcome of the cohort of {month:%Y-%m} is known; its scores stay as they were",
                fix=f"Say {option} {first_open:%Y-%m} or later.",
            )


def trained_as_of(version: str) -> date:
    """The month a version was trained as of, which its name begins with."""
    return parse_month(version[:10])
