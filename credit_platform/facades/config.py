"""What the platform is told: the settings and the policy of a book, under the document's names.

Changing anything is done in the environment and in the policy files; reading the environment belongs to `settings`.
"""

from dataclasses import dataclass, field
from pathlib import Path

from credit_platform.cli.doctor.data import data_findings
from credit_platform.cli.doctor.findings import DoctorFinding
from credit_platform.cli.doctor.machine import check_foreign_words
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.settings import Settings, dagster_home, load_settings


@dataclass(frozen=True)
class Config:
    """The settings of a book. Made without any, they are read from the environment.

    Raises:
        SettingsError: a variable or platform.yaml has a wrong value.
        PolicyError: a policy file has one.
    """

    settings: Settings = field(default_factory=load_settings)

    @property
    def portfolio(self) -> str:
        """The kind of book."""
        return self.settings.portfolio_name

    @property
    def data_dir(self) -> Path:
        """Where tables are written: in place of a working schema."""
        return self.settings.data_dir

    @property
    def raw_dir(self) -> Path:
        """Where files are delivered: in place of a staging area."""
        return self.settings.raw_dir

    @property
    def churn_window(self) -> int | None:
        """Days after a month in which a customer who buys nothing has churned; None where the label has no window."""
        return self.settings.policy.model.label.model_dump().get("window_days")

    @property
    def retrain_threshold(self) -> float | None:
        """The value of the primary metric below which a version is retrained, where the environment sets one."""
        return self.settings.overrides.retrain_below

    @property
    def retraining_floors(self) -> dict[str, str]:
        """By metric the value below which policy retrains a version, or the share of its out-of-time result."""
        floors = {}
        for name, metric in self.settings.policy.monitoring.metrics.items():
            share, floor = metric.business_share_of_oot, metric.business_threshold
            if metric.on_business_breach == "retrain" and (share is not None or floor is not None):
                floors[name] = f"{floor:g}" if share is None else f"{share:.0%} of the out-of-time result"
        return floors

    @property
    def foreign_words(self) -> dict[str, str]:
        """Environment words of similar pipelines that are set and not used here, each with what takes its place."""
        return dict(self.settings.foreign_words)

    def validate(self) -> list[DoctorFinding]:
        """What is wrong or worth knowing about these settings and the folders they name, as `doctor` says it."""
        found = [*check_foreign_words(self.foreign_words), *data_findings(self.settings, self._home)]
        return [finding for finding in found if finding.level != "ok"]

    @property
    def _home(self) -> Path:
        return dagster_home(self.settings)


@dataclass(frozen=True)
class FeatureConfig:
    """The features of a kind of book: what models may read. A feature is added in the book's folder."""

    NUMERICAL_COLS: tuple[str, ...]
    CATEGORICAL_COLS: tuple[str, ...]
    directions: dict[str, int]
    reasons: dict[str, str]

    @classmethod
    def of(cls, portfolio: Portfolio) -> "FeatureConfig":
        """Those of a portfolio: the two lists, where more means riskier (+1) or safer (-1), and each one's meaning."""
        features = portfolio.features
        return cls(
            NUMERICAL_COLS=features.numeric,
            CATEGORICAL_COLS=features.categorical,
            directions=dict(features.directions),
            reasons={name: str(said["internal"]) for name, said in features.reasons.items()},
        )
