"""Idempotency keys: who has one, and where its answer is, by whichever process."""

from __future__ import annotations

from pathlib import Path

import pytest

from credit_platform.lake.governance.online_decisions import LoggedRequest, LogPlace
from credit_platform.lake.governance.stored_answers import IdempotentRequest, StoredAnswers, Taken
from credit_platform.lake.layout import Layout
from credit_platform.portfolios.loans.portfolio import LOANS

PLACE = LogPlace("202406-0123456789ab", 7, 100, 50)
ONE = IdempotentRequest("bank", "k" * 64, "b" * 64)
OTHER_BODY = IdempotentRequest("bank", "k" * 64, "c" * 64)
OTHER_OWNER = IdempotentRequest("shop", "k" * 64, "b" * 64)


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def opened(tmp_path: Path, clock: Clock) -> StoredAnswers:
    return StoredAnswers.open(Layout.of(tmp_path, tmp_path, LOANS), seconds=60, clock=clock)


def test_a_key_is_claimed_once_and_leads_to_its_answer(tmp_path: Path, clock: Clock) -> None:
    mine, others = opened(tmp_path, clock), opened(tmp_path, clock)
    assert mine.claim(ONE, "s1") is None
    assert others.claim(ONE, "s2") == Taken(is_same=True, place=None)
    mine.answered([(ONE, PLACE)])
    assert others.claim(ONE, "s2") == Taken(is_same=True, place=PLACE)
    assert others.claim(OTHER_BODY, "s2") == Taken(is_same=False, place=PLACE)
    assert others.claim(OTHER_OWNER, "s2") is None
    mine.close()
    others.close()


def test_a_key_given_back_is_free_and_an_answer_stays(tmp_path: Path, clock: Clock) -> None:
    answers = opened(tmp_path, clock)
    answers.claim(ONE, "s1")
    answers.release(ONE)
    assert answers.claim(OTHER_BODY, "s1") is None
    answers.answered([(OTHER_BODY, PLACE)])
    answers.release(OTHER_BODY)
    assert answers.claim(OTHER_BODY, "s1") == Taken(is_same=True, place=PLACE)
    answers.close()


def test_answers_are_kept_for_their_time(tmp_path: Path, clock: Clock) -> None:
    answers = opened(tmp_path, clock)
    answers.claim(ONE, "s1")
    answers.answered([(ONE, PLACE)])
    clock.now += 59
    answers.forget_old()
    assert answers.claim(ONE, "s1") is not None
    clock.now += 2
    assert answers.claim(OTHER_BODY, "s1") is None
    answers.close()


def test_what_a_process_that_died_was_at_is_free_and_what_it_logged_is_found(tmp_path: Path, clock: Clock) -> None:
    answers = opened(tmp_path, clock)
    answers.claim(ONE, "dead")
    answers.claim(OTHER_OWNER, "dead")
    living = IdempotentRequest("bank", "l" * 64, "b" * 64)
    answers.claim(living, "living")
    content = {"owner": "bank", "idempotency": {"key_sha256": ONE.key_sha256, "body_sha256": ONE.body_sha256}}
    answers.recover({"dead": [LoggedRequest(content, PLACE), LoggedRequest({"idempotency": None}, PLACE)]})
    assert answers.claim(ONE, "s1") == Taken(is_same=True, place=PLACE)
    assert answers.claim(OTHER_OWNER, "s1") is None
    assert answers.claim(living, "s1") == Taken(is_same=True, place=None)
    answers.close()
