"""Reasons on the finished book: in every month's rows, and summed up beside them in the history."""

from __future__ import annotations

import dagster as dg
import polars as pl
import pytest

from credit_platform.cli.instance import open_instance
from credit_platform.months import month_key, month_range
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.explanation.reasons import reason_mix
from credit_platform_tests.small_book import FIRST_SCORING, LAST, MODELS, BookFolders

SCORED = month_range(FIRST_SCORING, LAST)


@pytest.mark.parametrize("model", MODELS)
def test_every_code_is_one_of_the_catalogue_that_may_be_given(finished_book: BookFolders, model: str) -> None:
    scored = finished_book.lake.scan(f"prediction/{model}", SCORED).collect()
    may_be = {reason.code for reason in LOANS.load_policy().reasons.reasons.values() if reason.is_given}
    codes = set(reason_mix(scored)["reason"])
    assert codes <= may_be
    assert len(codes) > 10
    # Nothing speaks against the best loans, the fewer characteristics a card has the more of them.
    assert scored["reason_1"].null_count() < 0.1 * scored.height
    assert (scored.filter(pl.col("reason_1").is_null())["decision"] == "approve").all()


@pytest.mark.parametrize("model", MODELS)
def test_declined_loans_have_reasons(finished_book: BookFolders, model: str) -> None:
    scored = finished_book.lake.scan(f"prediction/{model}", SCORED).collect()
    declined = scored.filter(pl.col("decision") == "decline")
    assert declined.height > 0
    assert declined["reason_1"].null_count() == 0
    # One characteristic of a scorecard may speak so loudly that nothing else needs to speak for default.
    assert declined["reason_2"].null_count() <= 0.02 * declined.height


@pytest.mark.parametrize("model", MODELS)
def test_every_month_shows_its_most_frequent_reasons_and_how_far_they_moved(
    finished_book: BookFolders, model: str
) -> None:
    with open_instance(finished_book.settings()) as instance:
        for month in (SCORED[0], SCORED[-1]):
            latest = dg.AssetRecordsFilter(
                asset_key=dg.AssetKey(["prediction", model]), asset_partitions=[month_key(month)]
            )
            (record,) = instance.fetch_materializations(latest, limit=1).records
            assert record.asset_materialization is not None
            metadata = record.asset_materialization.metadata
            mix = reason_mix(finished_book.lake.scan(f"prediction/{model}", [month]).collect())
            code, _, share = mix.row(0)
            assert f"| {code} |" in str(metadata["reasons"].value).splitlines()[2]
            assert f"| {share:.1%} |" in str(metadata["reasons"].value)
            index = metadata["reason_mix_psi"].value
            assert isinstance(index, float)
            assert 0 <= index < 2
