from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
import pytest

from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.loans.features.catalogue import CLICKSTREAM
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.grades import score_points
from credit_platform.scoring.scorecard.scorecard import ScorecardEstimator
from credit_platform.scoring.training.version import FittedVersion, fit_version
from credit_platform.scoring.transformers.binning import WoeBinning
from credit_platform.scoring.transformers.evidence import without_history
from credit_platform.statistics.discrimination import delong_paired_interval, roc_auc
from credit_platform_tests.scoring.scorecard.leaf_sentences import is_true
from credit_platform_tests.scoring.scorecard.points_expression import points_expression

Samples = Mapping[str, pl.DataFrame]
MODEL = "scorecard"


@pytest.fixture(scope="module")
def scorecard(config: ModelConfig, book_samples: Samples) -> FittedVersion:
    return fit_version(MODEL, book_samples["train"], book_samples["validation"], config, portfolio=LOANS)


@pytest.fixture(scope="module")
def estimator(scorecard: FittedVersion) -> ScorecardEstimator:
    assert isinstance(scorecard.estimator, ScorecardEstimator)
    return scorecard.estimator


@pytest.fixture(scope="module")
def unseen(book_samples: Samples) -> pl.DataFrame:
    return pl.concat([book_samples["test"], book_samples["oot"]])


def without(frame: pl.DataFrame) -> pl.DataFrame:
    return without_history(frame, CLICKSTREAM)


def auc_of(version: FittedVersion, frame: pl.DataFrame) -> float:
    auc = roc_auc(frame["label"].to_numpy(), version.predict(frame))
    assert auc is not None
    return auc


def test_without_clickstream_it_ranks_like_one_that_never_knew_it_and_stays_honest(
    scorecard: FittedVersion, config: ModelConfig, book_samples: Samples, unseen: pl.DataFrame
) -> None:
    never = fit_version(
        MODEL, without(book_samples["train"]), without(book_samples["validation"]), config, portfolio=LOANS
    )
    cohort = without(book_samples["oot"])
    assert auc_of(scorecard, cohort) >= auc_of(never, cohort) - 0.01
    assert scorecard.predict(without(unseen)).mean() == pytest.approx(unseen["label"].mean(), abs=0.04)


def test_the_signs_and_the_variance_inflation_of_what_is_kept_are_in_order(estimator: ScorecardEstimator) -> None:
    kept = [one for one in estimator.characteristics if one.dropped is None]
    assert 5 <= len(kept) <= 20
    assert all(one.weight > 0 and (one.variance_inflation or 0) < 5 for one in kept)
    assert all(one.information_value >= 0.02 for one in kept)
    # Every loan is fitted without its clickstream as well, which halves what the evidence can say of all of them.
    strongest = sorted(kept, key=lambda one: one.information_value, reverse=True)[:2]
    assert CLICKSTREAM.feature in {one.feature for one in strongest}


def test_the_exported_points_are_the_scores_of_cohorts_with_and_without_clickstream(
    scorecard: FittedVersion, estimator: ScorecardEstimator, config: ModelConfig, book_samples: Samples
) -> None:
    document = estimator.exports(scorecard.transformer, LOANS.cases.key)["scorecard.json"]
    for sample in ("train", "oot", "without_clickstream"):
        frame = book_samples[sample]
        scored = pl.DataFrame({"p": scorecard.predict(frame)}).select(
            score_points(pl.col("p"), config.scoring.scaling).alias("points")
        )
        assert scored.equals(frame.select(points_expression(document)))


def test_the_sentence_of_every_leaf_is_true_of_its_loans_and_of_no_others(
    scorecard: FittedVersion, book_samples: Samples
) -> None:
    assert isinstance(scorecard.transformer, WoeBinning)
    assert scorecard.transformer.combinations
    for frame in book_samples.values():
        rows = frame.select(LOANS.features.combinable).to_dicts()
        for one in scorecard.transformer.combinations:
            told = [[place for place, leaf in enumerate(one.leaves) if is_true(leaf.sentence, row)] for row in rows]
            assert told == [[place] for place in one.places(frame).tolist()]


def test_what_features_say_together_ranks_loans_without_clickstream_better(
    scorecard: FittedVersion, config: ModelConfig, book_samples: Samples, unseen: pl.DataFrame
) -> None:
    spec = config.models[MODEL]
    plain = config.model_copy(
        update={"models": {MODEL: spec.model_copy(update={"params": {**spec.params, "trees": 0}})}}
    )
    before = fit_version(MODEL, book_samples["train"], book_samples["validation"], plain, portfolio=LOANS)
    label = unseen["label"].to_numpy()
    gain = delong_paired_interval(label, scorecard.predict(without(unseen)), before.predict(without(unseen)))
    assert gain is not None
    assert gain[0] > 0
    assert auc_of(scorecard, unseen) >= auc_of(before, unseen) - 0.003


def test_fine_bins_of_the_evidence_keep_the_ranking_of_the_number_itself(
    scorecard: FittedVersion, book_samples: Samples
) -> None:
    validation = book_samples["validation"]
    place = list(scorecard.transformer.design_features()).index(CLICKSTREAM.feature)
    binned = -scorecard.transformer.design_matrix(validation)[:, place]
    number = scorecard.transformer.evidence[0].total(validation)
    label = validation["label"].to_numpy()
    aucs = [roc_auc(label, values) or 0.0 for values in (binned, number)]
    assert len(np.unique(binned)) >= 20
    assert aucs[0] >= aucs[1] - 0.004
