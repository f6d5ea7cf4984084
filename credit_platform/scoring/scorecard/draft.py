"""A scorecard before it is stored: its bins in every sample, how stable they are, and what is doubtful about them.

Outcomes are those of the training and the validation sample alone: bins chosen by looking at test and out-of-time
cohorts would make the figures too good that the version is judged by. Comparing it with another version belongs to
draft_change, reading samples to the assets, the page to reports.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import erfc, sqrt

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.policy.model_spec import ModelSpec, Parameter
from credit_platform.portfolios.feature_set import Direction
from credit_platform.scoring.scorecard.document import Characteristic, bin_words
from credit_platform.scoring.scorecard.draft_change import DraftChange
from credit_platform.scoring.scorecard.hand_set_bins import bin_warnings, direction_warning, order_warning
from credit_platform.scoring.scorecard.scorecard import MAX_VIF, MIN_IV, ScorecardEstimator
from credit_platform.scoring.scorecard.selection import information_values
from credit_platform.scoring.training.version import FittedVersion
from credit_platform.scoring.training.windows import Windows
from credit_platform.scoring.transformers.binning import WoeBinning, level_values, number_values
from credit_platform.scoring.transformers.bins import UNSEEN_WOE, Bin, LevelBins, NumberBins, PlaceArray
from credit_platform.scoring.transformers.tree_leaves import LeafBins
from credit_platform.statistics.calibration import holm
from credit_platform.statistics.discrimination import delong_interval, roc_auc
from credit_platform.statistics.stability_index import sampling_floor, stability_index

LabelArray = NDArray[np.int8]

TRAIN, VALIDATION, NEWEST = "train", "validation", "newest"
SIGNIFICANCE = 0.05


@dataclass(frozen=True)
class BinInSample:
    """Loans of a bin in one sample, its share of the sample, and the bads; None where outcomes are not looked at."""

    n: int
    share: float
    n_bad: int | None

    @property
    def bad_rate(self) -> float | None:
        """Share of bads; None without loans or outcomes."""
        return self.n_bad / self.n if self.n and self.n_bad is not None else None


@dataclass(frozen=True)
class DraftBin:
    """One bin in words, what it weighs, its points (None where the characteristic is dropped), and its loans."""

    words: str
    bin: Bin
    points: int | None
    is_special: bool
    warning: str | None
    samples: Mapping[str, BinInSample]


@dataclass(frozen=True)
class Inversion:
    """Two neighbouring bins, the safer one of training first, whose bad rates are the other way round in validation.

    `p_value` is that of Pearson's test of two rates, corrected for the neighbours of the characteristic (Holm).
    """

    safer: str
    riskier: str
    p_value: float

    @property
    def is_beyond_chance(self) -> bool:
        """Whether chance alone hardly turns them round."""
        return self.p_value < SIGNIFICANCE


@dataclass(frozen=True)
class ShiftOfBins:
    """Stability index of a sample against training over the bins, and what to expect of two samples of one kind."""

    index: float | None
    by_chance: float | None


@dataclass(frozen=True)
class DraftCharacteristic:
    """One characteristic of the draft.

    Attributes:
        known: Its use or why it is dropped, and what was set by hand.
        bins: In their order; those without any loan in any sample are left out.
        training_iv: Information value on the training sample, in nats; `known` has that of the loans it was fitted on,
            of which those with a history are shown a second time without.
        validation_iv: That of the training's weights of evidence on the validation sample.
        shift: By sample but training.
        inversions: Neighbours that validation turns round.
        warnings: Sentences about what was set by hand.
    """

    known: Characteristic
    bins: tuple[DraftBin, ...]
    training_iv: float
    validation_iv: float
    shift: Mapping[str, ShiftOfBins]
    inversions: tuple[Inversion, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class SampleFacts:
    """Cohorts and loans of one sample; bads and the draft's ROC-AUC with its interval where outcomes are looked at."""

    cohorts: tuple[date, ...]
    n: int
    n_bad: int | None = None
    auc: float | None = None
    auc_interval: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class ScorecardDraft:
    """A scorecard that was fitted as training would, and is stored nowhere; `set_by_hand` is by key of policy."""

    model: str
    alias: str
    month: date
    windows: Windows
    policy_sha256: str
    set_by_hand: Mapping[str, object]
    params: Mapping[str, Parameter]
    samples: Mapping[str, SampleFacts]
    characteristics: tuple[DraftCharacteristic, ...]
    changes: tuple[DraftChange, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        """All warnings about what was set by hand, each with its characteristic."""
        return tuple(
            f"{one.known.feature}: {warning}"
            for one in self.characteristics
            for warning in (*one.warnings, *(f"{each.words}: {each.warning}" for each in one.bins if each.warning))
        )


def sample_facts(version: FittedVersion, loans: pl.DataFrame) -> SampleFacts:
    """What is shown of a sample; outcomes where it has a `label`."""
    cohorts = tuple(loans["snapshot_month"].unique().sort())
    if "label" not in loans.columns:
        return SampleFacts(cohorts, loans.height)
    label, probability = loans["label"].cast(pl.Int8).to_numpy(), version.predict(loans)
    interval = delong_interval(label, probability)
    return SampleFacts(cohorts, loans.height, int(label.sum()), roc_auc(label, probability), interval)


def draft_characteristics(
    version: FittedVersion, spec: ModelSpec, samples: Mapping[str, pl.DataFrame]
) -> tuple[DraftCharacteristic, ...]:
    """Every characteristic of a fitted scorecard, those in use first, each group by information value.

    Args:
        version: The draft.
        spec: The model as it was fitted.
        samples: By `TRAIN`, `VALIDATION` (with their `label`) and, where there are any, `NEWEST`.

    Raises:
        TypeError: the version is no scorecard in points.
    """
    estimator, binning = version.estimator, version.transformer
    if not isinstance(estimator, ScorecardEstimator) or not isinstance(binning, WoeBinning):
        message = f"{version.algorithm} is no scorecard"
        raise TypeError(message)
    found = [
        _characteristic(version, estimator, spec, samples, place=place, bins=bins)
        for place, bins in enumerate(binning.characteristics())
    ]
    return tuple(sorted(found, key=lambda one: (one.known.dropped is not None, -one.training_iv, one.known.feature)))


def _characteristic(
    version: FittedVersion,
    estimator: ScorecardEstimator,
    spec: ModelSpec,
    samples: Mapping[str, pl.DataFrame],
    *,
    place: int,
    bins: NumberBins | LevelBins | LeafBins,
) -> DraftCharacteristic:
    known, evidence = estimator.characteristics[place], version.transformer.evidence

    def places(loans: pl.DataFrame) -> PlaceArray:
        if isinstance(bins, LeafBins):
            return bins.places(loans)
        if isinstance(bins, LevelBins):
            return bins.place_of(level_values(loans, bins.feature))
        return bins.place_of(number_values(loans, bins.feature, evidence))

    at = {name: places(loans) for name, loans in samples.items()}
    label = {
        name: loans["label"].cast(pl.Int8).to_numpy() for name, loans in samples.items() if "label" in loans.columns
    }
    size = len(bins.every_bin)
    n = {name: np.bincount(found, minlength=size) for name, found in at.items()}
    n_bad = {name: np.bincount(at[name], said, minlength=size).astype(np.int64) for name, said in label.items()}
    words = bin_words(bins, "no history" if known.feature in {one.feature for one in evidence} else "missing")
    warnings = bin_warnings(known.by_hand, bins)
    shown = [
        DraftBin(
            words=words[one],
            bin=bins.every_bin[one],
            points=None
            if known.dropped or estimator.scale is None
            else estimator.scale.points_of(place, bins.every_bin[one].woe),
            is_special=isinstance(bins, NumberBins) and len(bins.bins) <= one < size - 1,
            warning=warnings[one],
            samples={
                name: BinInSample(
                    int(counted[one]),
                    float(counted[one] / max(counted.sum(), 1)),
                    int(n_bad[name][one]) if name in n_bad else None,
                )
                for name, counted in n.items()
            },
        )
        for one in range(size)
        if one < len(_ordinary(bins)) or warnings[one] or any(counted[one] for counted in n.values())
    ]
    woe = np.array([one.woe for one in bins.every_bin])
    direction = version.portfolio.features.directions.get(known.feature)
    return DraftCharacteristic(
        known=known,
        bins=tuple(shown),
        training_iv=_information(woe[at[TRAIN]], label[TRAIN]),
        validation_iv=_information(woe[at[VALIDATION]], label[VALIDATION]),
        shift={
            name: ShiftOfBins(
                stability_index(n[TRAIN], counted),
                sampling_floor(int((n[TRAIN] + counted > 0).sum()), int(n[TRAIN].sum()), int(counted.sum())),
            )
            for name, counted in n.items()
            if name != TRAIN
        },
        inversions=tuple(_inversions(bins, words, n[VALIDATION], n_bad[VALIDATION])),
        warnings=tuple(_warnings(known, spec, bins, direction)),
    )


def _ordinary(bins: NumberBins | LevelBins | LeafBins) -> tuple[Bin, ...]:
    """The bins but those of special values, missing, and rare or unseen levels."""
    return bins.every_bin if isinstance(bins, LeafBins) else bins.bins


def _information(woe: NDArray[np.float64], label: LabelArray) -> float:
    return float(information_values(woe[:, None], label)[0])


def _warnings(
    known: Characteristic, spec: ModelSpec, bins: NumberBins | LevelBins | LeafBins, declared: Direction | None
) -> Iterator[str]:
    said = spec.characteristics.get(known.feature)
    if said is None:
        return
    for warning in (order_warning(known.by_hand, bins), direction_warning(said, bins, declared)):
        if warning:
            yield warning
    min_iv, max_vif = float(spec.params.get("min_iv", MIN_IV)), float(spec.params.get("max_vif", MAX_VIF))
    if said.use == "force" and known.information_value < min_iv:
        yield f"forced, although its information value {known.information_value:.4f} is below {min_iv:g}"
    if said.use == "force" and (known.variance_inflation or 0) >= max_vif:
        yield f"forced, although its variance inflation {known.variance_inflation:.1f} is not below {max_vif:g}"


def _inversions(
    bins: NumberBins | LevelBins | LeafBins, words: list[str], n: NDArray[np.int64], n_bad: NDArray[np.int64]
) -> Iterator[Inversion]:
    """Neighbours by value, or by weight of evidence where values have no order; bins without weight are passed over."""
    woe = [one.woe for one in _ordinary(bins)]
    weighing = [place for place, one in enumerate(woe) if one != UNSEEN_WOE and n[place]]
    if not isinstance(bins, NumberBins):
        weighing.sort(key=lambda place: woe[place])
    pairs = [sorted(pair, key=lambda place: -woe[place]) for pair in pairwise(weighing) if woe[pair[0]] != woe[pair[1]]]
    corrected = holm([_p_value(n[pair], n_bad[pair]) for pair in pairs])
    for (safer, riskier), p_value in zip(pairs, corrected, strict=True):
        if n_bad[safer] / n[safer] > n_bad[riskier] / n[riskier]:
            yield Inversion(words[safer], words[riskier], 1.0 if p_value is None else p_value)


def _p_value(n: NDArray[np.int64], n_bad: NDArray[np.int64]) -> float:
    """Two-sided, of Pearson's test that two bad rates are the same; 1 where both samples have one class."""
    rate = n_bad.sum() / n.sum()
    variance = rate * (1 - rate) * (1 / n).sum()
    if variance == 0:
        return 1.0
    difference = n_bad[0] / n[0] - n_bad[1] / n[1]
    return erfc(abs(float(difference)) / sqrt(2 * float(variance)))
