from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
import pytest

from credit_platform.assets.models.judgement import is_restorable
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.loans.features.catalogue import CLICKSTREAM
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.evaluation.evaluation import UNSEEN, auc_by_sample, evaluate, evaluate_version, null_rate
from credit_platform.scoring.governance.promotion import CandidateResult, decide_promotion
from credit_platform.scoring.predictions import score_loans
from credit_platform.scoring.training.version import FittedVersion, fit_version
from credit_platform.scoring.transformers.evidence import without_history
from credit_platform.statistics.calibration import calibration_line
from credit_platform.statistics.discrimination import roc_auc
from credit_platform.statistics.reference import Reference
from credit_platform_tests.benchmark.discrimination import BARS

Samples = Mapping[str, pl.DataFrame]
ROLES = ("train", "validation", "test", "oot")


@pytest.fixture(scope="module")
def book_version(model: str, config: ModelConfig, book_samples: Samples) -> FittedVersion:
    return fit_version(model, book_samples["train"], book_samples["validation"], config, portfolio=LOANS)


def test_the_out_of_time_auc_clears_the_bar_and_no_gate_fails(
    book_version: FittedVersion, config: ModelConfig, book_samples: Samples
) -> None:
    metrics = evaluate(book_version, {role: book_samples[role] for role in ROLES}, cut_off=0.5)
    auc = auc_by_sample(metrics)
    out_of_time = auc["oot"]
    assert out_of_time is not None
    assert out_of_time >= 0.945
    candidate = CandidateResult(
        roc_auc=auc,
        null_rate=null_rate(book_samples["train"], book_version.features),
        artifacts_load_back=is_restorable(book_version, book_samples["oot"]),
    )
    decision = decide_promotion(candidate, None, config=config)
    assert decision.promote
    assert decision.failed_gates == ()


def test_the_bars_of_ranking_and_calibration_are_met(
    book_version: FittedVersion, model: str, config: ModelConfig, book_samples: Samples
) -> None:
    evaluation = evaluate_version(
        book_version,
        {"test": book_samples["test"], "oot": book_samples["oot"]},
        config=config,
        cut_off=book_version.cut_off(config),
    )
    auc = auc_by_sample(evaluation.metrics)
    bars = BARS.get(model, BARS["scorecard"])
    assert (auc["test"] or 0) >= bars["test"]
    assert (auc["oot"] or 0) >= bars["oot"]
    unseen = evaluation.metrics.filter(sample_role=UNSEEN, metric="calibration_slope")
    assert unseen["ci_low"].item() <= 1.15
    assert unseen["ci_high"].item() >= 0.85
    assert set(evaluation.grades.filter(sample_role=UNSEEN)["status"]) <= {"ok", "insufficient"}


def test_the_probabilities_of_unseen_cohorts_are_honest(book_version: FittedVersion, book_samples: Samples) -> None:
    unseen = pl.concat([book_samples["test"], book_samples["oot"]])
    assert book_version.predict(unseen).mean() == pytest.approx(unseen["label"].mean(), abs=0.03)


def test_without_the_clickstream_the_model_degrades_and_stays_calibrated(
    book_version: FittedVersion, book_samples: Samples
) -> None:
    unseen = pl.concat([book_samples["test"], book_samples["oot"]])
    without = without_history(unseen, CLICKSTREAM)
    auc = auc_by_sample(evaluate(book_version, {"oot": without}, cut_off=0.5))["oot"]
    assert auc is not None
    # A scorecard may not weigh a feature against its own bins, which without the clickstream costs it about 0.02.
    assert auc >= (0.74 if book_version.algorithm == "scorecard" else 0.75)
    assert book_version.predict(without).mean() == pytest.approx(unseen["label"].mean(), abs=0.05)


def test_without_the_clickstream_it_ranks_as_one_trained_without_and_is_as_honest(
    book_version: FittedVersion, model: str, config: ModelConfig, book_samples: Samples
) -> None:
    without = {role: without_history(book_samples[role], CLICKSTREAM) for role in ROLES}
    never_had_any = fit_version(model, without["train"], without["validation"], config, portfolio=LOANS)
    out_of_time = [
        roc_auc(without["oot"]["label"].to_numpy(), version.predict(without["oot"]))
        for version in (book_version, never_had_any)
    ]
    assert (out_of_time[0] or 0) >= (out_of_time[1] or 1) - 0.01
    unseen = pl.concat([without["test"], without["oot"]])
    line = calibration_line(unseen["label"].to_numpy(), book_version.predict(unseen))
    assert line is not None
    assert line.slope.low <= 1.15
    assert line.slope.high >= 0.85


def test_cohorts_that_truly_lost_the_clickstream_are_scored(
    book_version: FittedVersion, config: ModelConfig, book_samples: Samples
) -> None:
    scored = score_loans(
        book_version,
        book_samples["without_clickstream"],
        model_version="v",
        role="post",
        provenance="live",
        config=config,
        reasons=LOANS.load_policy().reasons,
    )
    assert scored.height == book_samples["without_clickstream"].height > 300
    assert set(scored["sources_present"]) == {"attributes+financials"}
    assert scored["default_probability"].mean() == pytest.approx(0.29, abs=0.06)


def test_the_reference_finds_the_out_of_time_cohort_sound(book_version: FittedVersion, book_samples: Samples) -> None:
    reference = Reference.from_json(book_version.reference)
    now = np.array(reference.probability.count(pl.Series(book_version.predict(book_samples["oot"])))) + 0.5
    then = np.array(reference.probability.counts) + 0.5
    shares = now / now.sum(), then / then.sum()
    assert ((shares[0] - shares[1]) * np.log(shares[0] / shares[1])).sum() < 0.25


def test_training_on_the_book_twice_gives_the_same_bytes(
    book_version: FittedVersion, model: str, config: ModelConfig, book_samples: Samples
) -> None:
    again = fit_version(
        model,
        book_samples["train"].sample(fraction=1, shuffle=True, seed=8),
        book_samples["validation"].reverse(),
        config,
        portfolio=LOANS,
    )
    assert again.artifacts() == book_version.artifacts()
