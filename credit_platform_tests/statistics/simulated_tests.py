"""How often tests reject, in samples where there is nothing to find and in samples where there is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from statistics import NormalDist

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.monitoring.fair_lending import measure_fair_lending
from credit_platform.months import add_months
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.champion_challenger.comparison import ComparedFigure, ModelComparison, PairedComparison
from credit_platform.scoring.champion_challenger.decision import decide_challenger
from credit_platform.scoring.governance.head_to_head import HeadToHead, RankedBy
from credit_platform.scoring.grades import grade_table
from credit_platform.statistics.calibration import (
    CalibrationLine,
    WaldEstimate,
    effective_counts,
    hosmer_lemeshow,
    jeffreys_p_value,
    probability_of,
    spiegelhalter,
)
from credit_platform.statistics.deviation_tests import auc_deviation, rate_deviation
from credit_platform.statistics.discrimination import (
    AucSpread,
    auc_spread,
    delong_paired_interval,
    delong_paired_p_value,
    paired_brier_interval,
    roc_auc,
)
from credit_platform.statistics.discrimination import brier as brier_score
from credit_platform.statistics.intervals import Interval
from credit_platform.statistics.many_looks import boundary_of_looks
from credit_platform_tests.monitoring.data_quality.simulated_feeds import Feed
from credit_platform_tests.monitoring_rows import subject, thresholds
from credit_platform_tests.statistics.simulated_coverage import calibration_gap, labelled

LEVEL = 0.05
_TESTS = {"Spiegelhalter": spiegelhalter, "Hosmer-Lemeshow": hosmer_lemeshow}
_RIGHT = CalibrationLine(WaldEstimate(1.0, 0.9, 1.1), WaldEstimate(0.0, -0.1, 0.1), 0)


def calibration_tests(shift: float, *args: float) -> Mapping[str, float]:
    """Rejections by the tests of calibration, of 500 loans whose log-odds are `shift` from right."""
    auc, samples = args if len(args) > 1 else (0.86, *args)
    random, grades = np.random.default_rng(23), LOANS.load_policy().model.scoring.grades
    rejected: Counter[str] = Counter()
    for _ in range(int(samples)):
        label, probability = labelled(random, 500, auc, shift=shift)
        counts = effective_counts(label, probability)
        p_values = {name: found.p_value for name, test in _TESTS.items() if (found := test(label, probability))}
        assert counts is not None
        p_values["Jeffreys test of all loans"] = jeffreys_p_value(*counts, float(probability.mean())) or 0.0
        rejected.update(name for name, p_value in p_values.items() if p_value < LEVEL)
        table = grade_table(label, probability, grades)
        rejected["Jeffreys tests of all grades"] += bool(table["status"].is_in(["warn", "breach"]).any())
        rejected["calibration gap of a group"] += calibration_gap(label, probability)["status"] == "warn"
    kind = "power" if shift else "size"
    names = (*_TESTS, "Jeffreys test of all loans", "Jeffreys tests of all grades", "calibration gap of a group")
    return {f"{kind}, {name}": rejected[name] / int(samples) for name in names}


def adverse_impact(ratio: float, sizes: Sequence[int], samples: int, *, approved: float = 0.8) -> Mapping[str, float]:
    """Warnings of adverse impact; the second group is approved `ratio` as often as the others."""
    random, warned = np.random.default_rng(24), 0
    rates = [approved * (ratio if place == 1 else 1) for place in range(len(sizes))]
    group = np.repeat([f"group {place}" for place in range(len(sizes))], sizes)
    scored = pl.DataFrame({"group": group}).with_columns(
        score=pl.lit(500), label=pl.lit(None, pl.Int8), default_probability=pl.lit(0.2)
    )
    for _ in range(samples):
        is_approved = random.random(len(group)) < np.repeat(rates, sizes)
        decided = scored.with_columns(decision=pl.Series(np.where(is_approved, "approve", "decline")))
        table = measure_fair_lending(decided, subject=subject(), thresholds=thresholds())
        warned += table.filter(metric="adverse_impact_ratio", status="warn").height > 0
    words = "power, adverse impact" if ratio < 1 else "size, adverse impact of any group"
    return {words: warned / samples}


def early_deviations(rate: float, auc: float, samples: int) -> Mapping[str, float]:
    """Departures of a cohort with this bad rate and ROC-AUC from twelve of 12 % bad and 0.87, by figure and level."""
    random = np.random.default_rng(27)
    past = [_early_read(random, 0.12, 0.87) for _ in range(2000)]
    departed: Counter[str] = Counter()
    for _ in range(samples):
        cohort = _early_read(random, rate, auc)
        history = [past[place] for place in random.integers(0, len(past), 12)]
        found = {
            "bad rate": rate_deviation(300, cohort.n_bad, [(300, each.n_bad) for each in history]),
            "ROC-AUC": auc_deviation(cohort, history),
        }
        for figure, deviation in found.items():
            assert deviation is not None
            departed.update(f"early {figure} at {level:g}" for level in (0.05, 0.001) if deviation.p_value <= level)
    kind = "size" if (rate, auc) == (0.12, 0.87) else "power"
    names = [f"early {figure} at {level:g}" for figure in ("bad rate", "ROC-AUC") for level in (0.05, 0.001)]
    return {f"{kind}, {name}": departed[name] / samples for name in names}


def _early_read(random: np.random.Generator, rate: float, auc: float) -> AucSpread:
    label = (random.random(300) < rate).astype(np.int64)
    spread = auc_spread(label, random.normal(label * NormalDist().inv_cdf(auc) * np.sqrt(2), 1))
    assert spread is not None
    return spread


def paired_delong(n: int, samples: int) -> Mapping[str, float]:
    """Rejections by DeLong's paired test of two versions that see the risk through noise of their own."""
    random, rejected = np.random.default_rng(25), 0
    for _ in range(samples):
        p_value = delong_paired_p_value(*_seen(random, n, (0.5, 0.5)))
        rejected += p_value is not None and p_value < LEVEL
    return {"size, DeLong's paired test": rejected / samples}


def paired_bootstrap(n: int, samples: int) -> Mapping[str, float]:
    """Rejections by the paired bootstrap of F1 at the cut-off 0.3, of two such versions, and of one beside a worse."""
    random, rejected = np.random.default_rng(27), Counter[str]()
    for _ in range(samples):
        for name, noises in (("size", (0.5, 0.5)), ("power", (0.5, 3.0))):
            label, *seen = _seen(random, n, noises)
            p_value = HeadToHead("", label.astype(np.int8), *seen, by=RankedBy("f1_score", (0.3, 0.3))).p_value
            rejected[name] += p_value is not None and p_value < LEVEL
    return {f"{name}, paired bootstrap of F1": found / samples for name, found in rejected.items()}


def challenger_looks(champion: float, challenger: float, samples: int) -> Mapping[str, float]:
    """Challengers rejected or promoted at any of twelve looks; a model's number is the noise in what it sees."""
    random = np.random.default_rng(26)
    found: Counter[str] = Counter()
    for _ in range(samples):
        loans = [_seen(random, 400, (champion, challenger)) for _ in range(14)]
        verdicts = {_verdict(loans[max(0, last - 12) : last]) for last in range(3, 15)}
        found.update(verdicts)
    kind = "size" if champion == challenger else "power"
    words = {"reject": "rejected", "promote": "promoted"}
    return {f"{kind}, {word} at any look": found[verdict] / samples for verdict, word in words.items()}


def availability_gate(feeds: Mapping[str, Feed], words: str, samples: int) -> Mapping[str, float]:
    """Sources that the gate fails, of feeds of these kinds by turns."""
    kinds = list(feeds.values())
    failed = [kinds[seed % len(kinds)].judged(seed).status == "failed" for seed in range(samples)]
    return {words: sum(failed) / samples}


_Loans = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]


def _seen(random: np.random.Generator, n: int, noises: tuple[float, float]) -> _Loans:
    """Labels of known log-odds, and the probabilities of two models; each is right about what it sees."""
    spread, centre = 1.8, -1.2
    odds = random.normal(centre, spread, n)
    label = (random.random(n) < probability_of(odds)).astype(np.int64)
    first, second = (
        probability_of(centre + (odds - centre + random.normal(0, noise, n)) * spread**2 / (spread**2 + noise**2))
        for noise in noises
    )
    return label, first, second


def _verdict(cohorts: Sequence[_Loans]) -> str:
    """What is decided on these cohorts, with the intervals of `compare_models` as far as they decide."""
    config = LOANS.load_policy().model
    label, champion, challenger = (np.concatenate(part) for part in zip(*cohorts, strict=True))
    looks = config.champion_challenger.months
    level = 2 * NormalDist().cdf(boundary_of_looks(looks, config.promotion.significance)) - 1
    change = {
        name: ComparedFigure(new - old, Interval(*ends))
        for name, metric, interval in (
            ("roc_auc", roc_auc, delong_paired_interval),
            ("brier", brier_score, paired_brier_interval),
        )
        if (old := metric(label, champion)) is not None
        and (new := metric(label, challenger)) is not None
        and (ends := interval(label, challenger, champion, level)) is not None
    }
    old, new = ({"roc_auc": ComparedFigure(roc_auc(label, each), None)} for each in (champion, challenger))
    pooled = PairedComparison(len(label), int(label.sum()), old, new, change)
    measured = ModelComparison(
        champion="old",
        challenger="new",
        confidence=0.95,
        looks=looks,
        pooled=pooled,
        by_cohort={add_months(date(2024, 1, 1), place): pooled for place in range(len(cohorts))},
        champion_line=None,
        challenger_line=_RIGHT,
        n_approved=0,
        swaps=pl.DataFrame(),
        sensitivity=pl.DataFrame(),
        champion_version="v1",
        challenger_version="v2",
    )
    return decide_challenger(measured, config=config, cases="loans").verdict
