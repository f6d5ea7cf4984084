"""What a decider answers to applications that are not as they should be, and to several of one customer."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from credit_platform.errors import NoVersionInForceError
from credit_platform.lake.governance.promotions import PromotionLog
from credit_platform.lake.tables.monthly import Lake
from credit_platform.serving.application import Decided, RawApplication, Refused
from credit_platform.serving.decider import Decider
from credit_platform_tests.serving.raw_applications import NUMBERS, applications_of, opened_decider
from credit_platform_tests.small_book import BookFolders

ATTRIBUTES, FINANCIALS, CLICKSTREAM = "features_attributes", "features_financials", "feature_clickstream"


@pytest.fixture(scope="module")
def decider(finished_book: BookFolders) -> Decider:
    return opened_decider(finished_book)


@pytest.fixture(scope="module")
def known(finished_book: BookFolders) -> RawApplication:
    """An application whose customer has attributes, financials, and clickstream in the lake."""
    lake = Lake.at(finished_book.data_dir, portfolio=finished_book.kind)
    found = applications_of(lake, finished_book.kind, lake.months("prediction/scorecard")[-1])
    return next(one for _, one in sorted(found.items()) if {ATTRIBUTES, FINANCIALS} <= set(one.rows))


def changed(known: RawApplication, source: str, **cells: str | None) -> RawApplication:
    (row,) = known.rows[source]
    return replace(known, rows={**known.rows, source: [{**row, **cells}]})


def decided(decider: Decider, *applications: RawApplication) -> list[Decided]:
    answers = decider.decide(applications)
    assert all(isinstance(one, Decided) for one in answers), answers
    return [one for one in answers if isinstance(one, Decided)]


def numbers(answer: Decided) -> dict[str, object]:
    return {name: answer.prediction[name] for name in NUMBERS}


def faults(decider: Decider, application: RawApplication) -> set[tuple[str, str, str]]:
    (answer,) = decider.decide([application])
    assert isinstance(answer, Refused)
    return {(one.source, one.column, one.rule) for one in answer.faults}


def test_keys_and_dates_need_not_be_repeated_in_the_rows(decider: Decider, known: RawApplication) -> None:
    bare = known
    for source in (ATTRIBUTES, FINANCIALS):
        bare = changed(bare, source, Customer_ID=None, snapshot_date=None)
    short = replace(bare, case=None)
    whole, *others = (numbers(one) for one in decided(decider, known, bare, short))
    assert others == [whole, whole]
    (answer,) = decided(decider, short)
    assert answer.prediction["loan_id"] == f"{known.customer}_{known.day:%Y_%m_%d}"


@pytest.mark.parametrize(
    ("cells", "source", "fault"),
    [
        ({"Customer_ID": "CUS_0xsomeone"}, ATTRIBUTES, (ATTRIBUTES, "Customer_ID", "key_is_the_application_s")),
        ({"snapshot_date": "31/31/31"}, FINANCIALS, (FINANCIALS, "snapshot_date", "snapshot_date_is_readable")),
    ],
)
def test_a_row_at_fault_is_named_by_its_cell(
    decider: Decider, known: RawApplication, cells: dict[str, str], source: str, fault: tuple[str, str, str]
) -> None:
    assert fault in faults(decider, changed(known, source, **cells))


def test_a_fault_shows_no_cell(decider: Decider, known: RawApplication) -> None:
    (answer,) = decider.decide([changed(known, ATTRIBUTES, Customer_ID="CUS_0xsecret")])
    assert isinstance(answer, Refused)
    assert "secret" not in repr(answer)


def test_an_application_without_a_customer_is_refused_and_the_others_of_its_batch_are_not(
    decider: Decider, known: RawApplication
) -> None:
    nobody = replace(known, customer=None, case="L1", rows={})
    first, last = decider.decide([nobody, known])
    assert isinstance(first, Refused)
    assert ("", "Customer_ID", "key_is_readable") in {(one.source, one.column, one.rule) for one in first.faults}
    assert isinstance(last, Decided)


def test_what_is_not_handed_in_is_asked_of_the_lake_and_what_is_empty_is_not(
    decider: Decider, known: RawApplication
) -> None:
    asked, given, without = decided(
        decider,
        replace(known, rows={}),
        known,
        replace(known, rows={**known.rows, CLICKSTREAM: []}),
    )
    assert numbers(asked) == numbers(given)
    assert without.features["n_clickstream_months"] == 0
    assert CLICKSTREAM.removeprefix("feature_") not in str(without.prediction["sources_present"])


def test_a_stranger_is_scored_on_what_is_handed_in(decider: Decider, known: RawApplication) -> None:
    rows = {name: [{**row, "Customer_ID": None} for row in own] for name, own in known.rows.items()}
    (answer,) = decided(decider, replace(known, customer="CUS_0xstranger", case=None, rows=rows))
    assert answer.features["n_clickstream_months"] == 0
    assert answer.features["has_financials"]


def test_applications_of_one_customer_in_a_batch_are_scored_each_for_itself(
    decider: Decider, known: RawApplication
) -> None:
    other = changed(known, FINANCIALS, Outstanding_Debt="4900", Interest_Rate="33", Delay_from_due_date="60")
    earlier = replace(known, day=known.day - timedelta(days=31), case=None, rows={CLICKSTREAM: []})
    together = [numbers(one) for one in decided(decider, known, other, earlier, known)]
    alone = [numbers(decided(decider, one)[0]) for one in (known, other, earlier)]
    assert together == [*alone, alone[0]]
    assert together[0] != together[1]


def test_a_category_that_training_never_saw_is_said(decider: Decider, known: RawApplication) -> None:
    answer, plain = decided(decider, changed(known, ATTRIBUTES, Occupation="Astronaut"), known)
    (said,) = answer.unseen
    assert said.startswith("occupation_group 'other' was in no training loan of ")
    assert plain.unseen == ()


def test_features_at_fault_are_named_by_column_and_the_others_scored(
    decider: Decider, finished_book: BookFolders
) -> None:
    lake = Lake.at(finished_book.data_dir, portfolio=finished_book.kind)
    rows = lake.scan("gold/feature_store", lake.months("gold/feature_store")[-1:]).head(3).collect().to_dicts()
    rows[1]["annual_income_amount"] = "a lot"
    first, second, third = decider.decide_features(rows)
    assert isinstance(second, Refused)
    assert [(one.row, one.column) for one in second.faults] == [(1, "annual_income_amount")]
    assert isinstance(first, Decided)
    assert isinstance(third, Decided)


def test_a_desk_takes_over_a_promotion_when_it_is_asked_to(book_copy: BookFolders, known: RawApplication) -> None:
    decider = opened_decider(book_copy)
    before = decider.in_force
    assert before is not None
    assert not decider.renew()
    log = PromotionLog(Lake.at(book_copy.data_dir, portfolio=book_copy.kind).layout)
    promoted = [record for record in log.records() if record.promoted and record.model == "scorecard"]
    again = replace(promoted[0], effective_month=date(2030, 1, 1), actor="a person", reasons=("Tried.",))
    log.append(again, is_new=True)
    assert decider.in_force == before
    assert decider.renew()
    assert decider.in_force is not None
    assert decider.in_force.versions["scorecard"] == promoted[0].model_version
    assert decided(decider, known)[0].prediction["model_version"] == promoted[0].model_version


def test_without_a_version_in_force_nothing_is_decided(
    finished_book: BookFolders, known: RawApplication, tmp_path: Path
) -> None:
    shutil.copytree(finished_book.data_dir / "silver", tmp_path / "data" / "silver")
    settings = finished_book.settings()
    decider = Decider(Lake.at(tmp_path / "data", portfolio=settings.portfolio), settings.portfolio, settings.policy)
    assert decider.in_force is None
    with pytest.raises(NoVersionInForceError, match="Train it first"):
        decider.decide([known])
