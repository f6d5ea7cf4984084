"""What a drafted scorecard would change against another version: ranking, characteristics, points and decisions.

Both are held against each other on validation loans, never on later ones. What the bins are belongs to draft.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.scoring.governance.head_to_head import HeadToHead, RankedBy, compare_versions
from credit_platform.scoring.grades import decision
from credit_platform.scoring.scorecard.document import Characteristic
from credit_platform.scoring.scorecard.scorecard import ScorecardEstimator
from credit_platform.scoring.training.version import FittedVersion

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class RankingChange:
    """ROC-AUC of the draft and of the other version on the same loans, with DeLong's paired interval of the gain."""

    loans: str
    n: int
    n_bad: int
    draft_auc: float | None
    other_auc: float | None
    interval: tuple[float, float] | None

    @property
    def gain(self) -> float | None:
        """The draft's minus the other's; None where a class is missing."""
        return None if self.draft_auc is None or self.other_auc is None else self.draft_auc - self.other_auc


@dataclass(frozen=True)
class DecisionsChanged:
    """Loans that one version declines and the other approves; of bads None where outcomes are not looked at."""

    loans: str
    n: int
    approved_before: int
    approved_now: int
    now_declined: int
    now_declined_bad: int | None
    now_approved: int
    now_approved_bad: int | None


@dataclass(frozen=True)
class CharacteristicChange:
    """A characteristic that is used otherwise: its bins, and points counted from those of a bin that weighs nothing.

    Attributes:
        feature: Its name.
        before: How the other version uses it; None where it does not have it.
        now: How the draft does.
        bins_before: Bins of the other version.
        bins_now: Bins of the draft.
        iv_before: Information value of these bins on the other's training loans, in nats; None without bins.
        iv_now: On those of the draft.
        mean_points: Mean absolute change over the loans compared on.
        most_points: Largest absolute change of any of them.
    """

    feature: str
    before: Characteristic | None
    now: Characteristic | None
    bins_before: int
    bins_now: int
    iv_before: float | None
    iv_now: float | None
    mean_points: float
    most_points: int


@dataclass(frozen=True, eq=False)
class DraftChange:
    """The draft against one other version, on validation loans of the `cohorts` that the other was not trained on.

    `characteristics` are those that differ; None where the other version has no points.
    """

    against: str
    cohorts: tuple[date, ...]
    left_out: tuple[date, ...]
    rankings: tuple[RankingChange, ...]
    decisions: tuple[DecisionsChanged, ...]
    characteristics: tuple[CharacteristicChange, ...] | None


def draft_change(
    draft: FittedVersion,
    other: FittedVersion,
    loans: Mapping[str, pl.DataFrame],
    *,
    against: str,
    cut_offs: tuple[float, float],
    trained_on: Sequence[date] = (),
) -> DraftChange:
    """Hold a draft against another version.

    Args:
        draft: The draft.
        other: The other version.
        loans: What they are compared on, by its name in words: the validation loans first, with their `label`; others
            without a label are compared by decisions alone.
        against: What the other version is called.
        cut_offs: From which default probability on the draft declines a loan, and from which the other version.
        trained_on: Cohorts that the other version was trained on; their loans are left out.

    Raises:
        ModelStoreError: the loans lack a column one of them was trained on.
    """
    validation = next(iter(loans.values()))
    cohorts = validation["snapshot_month"].unique().sort().to_list()
    kept = {name: sample.filter(~pl.col("snapshot_month").is_in(list(trained_on))) for name, sample in loans.items()}
    kept = {name: sample for name, sample in kept.items() if sample.height}
    pairs = {
        name: compare_versions(
            draft, other, _labelled(sample), incumbent_version=against, by=RankedBy(cut_offs=cut_offs)
        )
        for name, sample in kept.items()
    }
    known = {name for name, sample in kept.items() if "label" in sample.columns}
    return DraftChange(
        against=against,
        cohorts=tuple(cohort for cohort in cohorts if cohort not in trained_on),
        left_out=tuple(cohort for cohort in cohorts if cohort in trained_on),
        rankings=tuple(_ranking(name, pair) for name, pair in pairs.items() if name in known),
        decisions=tuple(_decisions(name, pair, has_label=name in known) for name, pair in pairs.items()),
        characteristics=_characteristics(draft, other, validation),
    )


def _labelled(loans: pl.DataFrame) -> pl.DataFrame:
    return loans if "label" in loans.columns else loans.with_columns(label=pl.lit(0, pl.Int8))


def _ranking(name: str, pair: HeadToHead) -> RankingChange:
    interval = pair.difference(0.95)
    return RankingChange(name, pair.n, int(pair.label.sum()), pair.candidate_auc, pair.incumbent_auc, interval)


def _decisions(name: str, pair: HeadToHead, *, has_label: bool) -> DecisionsChanged:
    both = pl.DataFrame({"now": pair.candidate_probability, "before": pair.incumbent_probability})
    declined = both.select(
        decision(pl.col(name), cut_off).alias(name) == "decline"
        for name, cut_off in zip(both.columns, pair.by.cut_offs, strict=True)
    )
    now, before, bad = declined["now"].to_numpy(), declined["before"].to_numpy(), pair.label == 1
    return DecisionsChanged(
        loans=name,
        n=pair.n,
        approved_before=int((~before).sum()),
        approved_now=int((~now).sum()),
        now_declined=int((now & ~before).sum()),
        now_declined_bad=int((now & ~before & bad).sum()) if has_label else None,
        now_approved=int((~now & before).sum()),
        now_approved_bad=int((~now & before & bad).sum()) if has_label else None,
    )


def _characteristics(
    draft: FittedVersion, other: FittedVersion, loans: pl.DataFrame
) -> tuple[CharacteristicChange, ...] | None:
    now, before = _Card.of(draft, loans), _Card.of(other, loans)
    if now is None or before is None:
        return None
    nothing = np.zeros(loans.height)
    changes = []
    for feature in dict.fromkeys((*now.points, *before.points)):
        moved = np.abs(now.points.get(feature, nothing) - before.points.get(feature, nothing))
        change = CharacteristicChange(
            feature=feature,
            before=before.known.get(feature),
            now=now.known.get(feature),
            bins_before=before.bins.get(feature, 0),
            bins_now=now.bins.get(feature, 0),
            iv_before=before.information.get(feature),
            iv_now=now.information.get(feature),
            mean_points=float(moved.mean()) if loans.height else 0.0,
            most_points=int(moved.max()) if loans.height else 0,
        )
        uses = {one is not None and one.dropped is None for one in (change.before, change.now)}
        if change.most_points or len(uses) > 1 or (uses == {True} and change.bins_before != change.bins_now):
            changes.append(change)
    return tuple(sorted(changes, key=lambda one: (-one.mean_points, one.feature)))


@dataclass(frozen=True, eq=False)
class _Card:
    """By feature of a scorecard: its use, its bins, their value, and each loan's points beyond one without weight."""

    known: Mapping[str, Characteristic]
    bins: Mapping[str, int]
    information: Mapping[str, float]
    points: Mapping[str, FloatArray]

    @classmethod
    def of(cls, version: FittedVersion, loans: pl.DataFrame) -> "_Card | None":
        from credit_platform.scoring.transformers.binning import WoeBinning

        estimator, binning = version.estimator, version.transformer
        if not isinstance(estimator, ScorecardEstimator) or not isinstance(binning, WoeBinning):
            return None
        if estimator.scale is None:
            return None
        points = estimator.scale.points(binning.design_matrix(loans)) - np.asarray(estimator.scale.base)
        return cls(
            known={one.feature: one for one in estimator.characteristics},
            bins={one.feature: len(one.every_bin) for one in binning.characteristics()},
            information={one.feature: sum(each.iv for each in one.every_bin) for one in binning.characteristics()},
            points={one.feature: points[:, place] for place, one in enumerate(estimator.characteristics)},
        )
