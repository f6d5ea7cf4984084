"""Applications handed in raw have the bits that the pipeline stored of them, whatever comes along in the batch."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import pairwise, repeat, zip_longest
from pathlib import Path

import polars as pl
import pytest

from credit_platform.lake.governance.promotions import PromotionLog, model_periods, version_in_force
from credit_platform.lake.tables.monthly import Lake
from credit_platform.scoring.governance.life_cycle import PeriodInForce
from credit_platform.serving.application import Decided, RawApplication, Refused
from credit_platform.serving.decider import Decider
from credit_platform_tests.serving.http.running import running
from credit_platform_tests.serving.raw_applications import (
    NUMBERS,
    applications_of,
    as_json,
    numbers_of,
    opened_decider,
)
from credit_platform_tests.small_book import BookFolders

_ROWS = 120  # of a month, in every order; the whole month goes through files


@pytest.fixture
def lake(any_finished_book: BookFolders) -> Lake:
    settings = any_finished_book.settings()
    return Lake.at(settings.data_dir, portfolio=settings.portfolio)


@pytest.fixture
def decider(any_finished_book: BookFolders, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Decider:
    """A decider in whose eyes the newest promotion is the one that scored the newest month."""
    month, records = newest_scored(lake), PromotionLog(lake.layout).records()

    def periods(_known: object, model: str) -> list[PeriodInForce]:
        version, _ = version_in_force(records, model, month)
        return [period for period in model_periods(records, model) if period.version == version]

    monkeypatch.setattr("credit_platform.serving.decider.model_periods", periods)
    return opened_decider(any_finished_book)


def newest_scored(lake: Lake) -> date:
    return lake.months("prediction/scorecard")[-1]


def stored(lake: Lake, model: str) -> dict[str, dict[str, object]]:
    key = lake.layout.portfolio.cases.key
    rows = lake.scan(f"prediction/{model}", [newest_scored(lake)]).collect()
    return {row[key]: {name: row[name] for name in NUMBERS} for row in rows.iter_rows(named=True)}


def test_in_any_order_and_any_batch_a_case_has_the_bits_of_its_prediction(lake: Lake, decider: Decider) -> None:
    applications = applications_of(lake, lake.layout.portfolio, newest_scored(lake))
    expected = stored(lake, "scorecard")
    keys = sorted(applications)[:_ROWS]
    assert set(applications) == set(expected)
    keys = pl.Series(keys).shuffle(seed=3).to_list()
    answers = dict(zip(keys, decider.decide([applications[key] for key in keys]), strict=True))
    alone = {key: decider.decide([applications[key]])[0] for key in keys[:5]}
    thrown: dict[str, Decided | Refused] = {}
    for start in range(5, 40, 7):
        batch = keys[start : start + 7]
        thrown |= zip(batch, decider.decide([applications[key] for key in batch]), strict=True)
    assert numbers_of(answers) == {key: expected[key] for key in keys}
    assert numbers_of(alone | thrown) == {key: expected[key] for key in keys[:40]}


def test_over_http_in_any_order_batch_and_concurrency_a_case_has_the_bits_of_its_prediction(
    lake: Lake, decider: Decider, tmp_path: Path
) -> None:
    portfolio = lake.layout.portfolio
    expected, key = stored(lake, "scorecard"), portfolio.cases.key
    records = [as_json(one, portfolio) for one in applications_of(lake, portfolio, newest_scored(lake)).values()]
    records = [records[place] for place in pl.int_range(len(records), eager=True).shuffle(seed=7)][:_ROWS]
    cuts = [0, 1, 2, 4, 9, 29, 30, 60, len(records)]
    with running(tmp_path, decider, portfolio=portfolio) as service, ThreadPoolExecutor(4) as pool:
        batches = [records[begin:end] for begin, end in pairwise(cuts)]
        answers = list(pool.map(service.post, repeat("/v1/predict"), [{"records": batch} for batch in batches]))
        logged = service.logged()
    assert [answer.status_code for answer in answers] == [200] * len(answers), answers[0].text
    predictions = [one for answer in answers for one in answer.json()["predictions"]]
    assert len({one[key] for one in predictions}) == len(predictions) == len(records)
    for one in predictions:
        codes = [reason["code"] for reason in one["reasons"]]
        reasons = {f"reason_{place}": code for place, code in zip_longest(range(1, 5), codes)}
        found = {name: one[name] for name in NUMBERS if name in one} | reasons
        assert found.items() <= expected[one[key]].items()
        assert len(found) == len(NUMBERS) - 1
    raw = {one["case"]: one["raw_probability"] for request in logged for one in request.content["decisions"]}
    assert raw == {one[key]: expected[one[key]]["raw_probability"] for one in predictions}


def test_challengers_score_in_the_shadow_with_the_bits_of_their_own_table(lake: Lake, decider: Decider) -> None:
    applications = applications_of(lake, lake.layout.portfolio, newest_scored(lake))
    expected = stored(lake, "gradient_boosting")
    keys = sorted(applications)[:20]
    for key, answer in zip(keys, decider.decide([applications[key] for key in keys]), strict=True):
        (shadow,) = answer.shadow  # type: ignore[union-attr]
        assert (shadow["model"], shadow["provenance"]) == ("gradient_boosting", "api")
        assert {name: shadow[name] for name in NUMBERS if not name.startswith("reason_")} == {
            name: value for name, value in expected[key].items() if not name.startswith("reason_")
        }


def test_features_handed_in_as_text_are_scored_alike(lake: Lake, decider: Decider) -> None:
    features = lake.scan("gold/feature_store", [newest_scored(lake)]).head(30).collect()
    key, text = lake.layout.portfolio.cases.key, features.with_columns(pl.all().cast(pl.String))
    expected = stored(lake, "scorecard")
    answers = decider.decide_features(text.to_dicts())
    assert numbers_of(dict(zip(features[key], answers, strict=True))) == {one: expected[one] for one in features[key]}


def test_another_threshold_moves_the_decision_and_no_probability(lake: Lake, decider: Decider) -> None:
    applications = applications_of(lake, lake.layout.portfolio, newest_scored(lake))
    some: list[RawApplication] = [applications[key] for key in sorted(applications)[:20]]
    strict = numbers_of(dict(enumerate(decider.decide(some, threshold=1e-6))))  # type: ignore[arg-type]
    policy = numbers_of(dict(enumerate(decider.decide(some))))  # type: ignore[arg-type]
    assert {one["decision"] for one in strict.values()} == {"decline"}
    for mine, other in zip(strict.values(), policy.values(), strict=True):
        assert {**mine, "decision": None} == {**other, "decision": None}
