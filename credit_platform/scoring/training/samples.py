"""Development samples: features of some cohorts beside the outcome of the same loans, and their classes evened out.

Evening out shifts the odds that a model learns; the calibrator puts them right again, on loans that are left as they
are. Which cohorts form which sample is decided in `windows`; reading files belongs to the assets.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.errors import TrainingError
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.scoring.estimators.estimator import Design
from credit_platform.scoring.training.windows import SampleRole
from credit_platform.scoring.transformers.transformer import missing_columns, model_columns

_NEIGHBOURS = 5  # as Chawla et al. (2002)


def attach_labels(features: pl.LazyFrame, labels: pl.LazyFrame, *, case_key: str) -> pl.LazyFrame:
    """Features at application with the label read at maturity, one row per labelled loan, in the order of `case_key`.

    A loan that left the book before maturity has no label and is not in a sample. An id may be used again once its loan
    has left, so a loan is known by its cohort too.
    """
    outcome = labels.select(case_key, "label", snapshot_month="cohort")
    keys = ["snapshot_month", case_key]
    return features.join(outcome, on=keys, how="inner", validate="1:1").sort(keys)


def shared_customers(samples: Mapping[SampleRole, pl.DataFrame], *, customer: str) -> dict[SampleRole, int]:
    """By sample but the first: its customers that an earlier sample has as well."""
    known: set[str] = set()
    found: dict[SampleRole, int] = {}
    for role, sample in samples.items():
        mine = set(sample[customer])
        found[role] = len(mine & known)
        known |= mine
    return dict(list(found.items())[1:])


def left_out(sample: pl.DataFrame, earlier: Iterable[pl.DataFrame], *, customer: str) -> pl.DataFrame:
    """The loans of a sample whose customers no earlier sample has."""
    return sample.join(
        pl.concat(other.select(customer) for other in earlier), on=customer, how="anti", maintain_order="left"
    )


def require_size(model: str, sample: str, frame: pl.DataFrame, min_samples: int, cases: str) -> None:
    """Refuse a sample that says nothing about a model.

    Raises:
        TrainingError: it has fewer loans; names the sample.
    """
    if frame.height < min_samples:
        counts = f"{frame.height} {cases}, {int(frame['label'].fill_null(0).sum())} of them bad"
        raise TrainingError(
            model=model,
            reason=f"its {sample} sample has {counts}; selection.min_samples asks for {min_samples}",
            fix="Choose longer windows, or lower selection.min_samples in model_config.yaml.",
        )


def checked_sample(
    model: str, sample: str, frame: pl.DataFrame, min_samples: int, portfolio: Portfolio
) -> pl.DataFrame:
    """The sample in its canonical order, if a model can be fitted on it.

    Raises:
        TrainingError: a column is missing, a loan has no label, there are too few loans or only one class.
    """
    keys = ("snapshot_month", portfolio.cases.key)
    missing = missing_columns(frame, (*keys, "label", *model_columns(portfolio.features)))
    if missing:
        reason, fix = f"its {sample} sample lacks {', '.join(missing)}", "Rebuild gold/feature_store for its months."
        raise TrainingError(model=model, reason=reason, fix=fix)
    n, unlabelled = frame.height, frame["label"].null_count()
    n_bad = int(frame["label"].fill_null(0).sum())
    counts = f"its {sample} sample has {n} {portfolio.words.cases}, {n_bad} of them bad"
    if unlabelled:
        fix = "Join gold/label_store, and take mature cohorts only."
        raise TrainingError(model=model, reason=f"{counts} and {unlabelled} without a label", fix=fix)
    require_size(model, sample, frame, min_samples, portfolio.words.cases)
    if n_bad in {0, n}:
        fix = "Choose windows whose cohorts have both goods and bads."
        raise TrainingError(model=model, reason=f"{counts}; a model needs both classes", fix=fix)
    return frame.sort(keys).rechunk()


def rebalance(design: Design, kind: Literal["none", "downsample", "smote"], *, seed: int) -> Design:
    """A training design with as many loans of one class as of the other; the same seed gives the same design.

    Args:
        design: Training loans of both classes.
        kind: `downsample` draws as many loans of the larger class as the smaller one has; `smote` adds loans to the
            smaller one, each on the line between one of its loans and one of that loan's nearest neighbours within the
            class (Chawla et al. 2002); `none` changes nothing.
        seed: Of the draw.
    """
    if kind == "none":
        return design
    bads, goods = np.flatnonzero(design.label == 1), np.flatnonzero(design.label == 0)
    smaller, larger = (bads, goods) if len(bads) < len(goods) else (goods, bads)
    random = np.random.default_rng(seed)
    if kind == "downsample":
        kept = np.sort(np.concatenate([smaller, random.choice(larger, len(smaller), replace=False)]))
        return Design(np.ascontiguousarray(design.values[kept]), design.label[kept])
    made = _between_neighbours(design.values[smaller], len(larger) - len(smaller), random)
    label = np.full(len(made), design.label[smaller[0]], dtype=np.int8)
    return Design(np.vstack([design.values, made]), np.concatenate([design.label, label]))


def _between_neighbours(values: NDArray[np.float64], n: int, random: np.random.Generator) -> NDArray[np.float64]:
    from sklearn.neighbors import NearestNeighbors

    wanted = min(_NEIGHBOURS, len(values) - 1)
    start = random.integers(0, len(values), n)
    if not wanted:  # a single loan has no neighbour and is repeated
        return values[start]
    # A tree compares loan by loan; the brute way multiplies matrices, whose last bit depends on the machine's threads.
    near = NearestNeighbors(n_neighbors=wanted + 1, algorithm="kd_tree").fit(values)
    _, places = near.kneighbors(values)
    neighbours = places[:, 1:]  # the nearest is the loan itself or its equal
    end = neighbours[start, random.integers(0, wanted, n)]
    return values[start] + random.random(n)[:, None] * (values[end] - values[start])
