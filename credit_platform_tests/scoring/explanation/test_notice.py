"""The notice of a decline: what stands in it, what does not, and when there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from credit_platform.errors import CaseError
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.explanation.explanation import Explanation, explain_prediction
from credit_platform.scoring.explanation.notice import DeclineNotice, notice_of
from credit_platform.scoring.predictions import score_loans
from credit_platform.scoring.training.version import FittedVersion, fit_version

MakeLoans = Callable[..., pl.DataFrame]

POLICY = LOANS.load_policy()
TEXTS = POLICY.reasons.notice


def noticed(explanation: Explanation) -> DeclineNotice:
    assert TEXTS is not None
    case = str(explanation.prediction["loan_id"])
    return notice_of(explanation, case=case, words=LOANS.words, month=date(2023, 6, 1), texts=TEXTS)


@pytest.fixture(scope="module")
def explained(config: ModelConfig, loans: MakeLoans) -> list[Explanation]:
    """Loans with and without clickstream, as boosting explains them."""
    version = fit_version("gradient_boosting", loans(900, seed=1), loans(300, seed=2), config, portfolio=LOANS)
    month = pl.concat([loans(60, seed=91), loans(60, seed=92, history=0)])
    scored = score_loans(
        version,
        month,
        model_version="v",
        role="post",
        provenance="live",
        config=POLICY.model,
        reasons=POLICY.reasons,
    )
    return [explain_prediction(version, month[row], scored, policy=POLICY) for row in range(month.height)]


def of(explained: list[Explanation], decision: str) -> list[Explanation]:
    return [one for one in explained if one.prediction["decision"] == decision]


def test_every_decline_has_a_notice_whose_first_reason_is_specific(explained: list[Explanation]) -> None:
    declined = of(explained, "decline")
    assert len(declined) > 20
    for one in declined:
        notice = noticed(one)
        assert next(POLICY.reasons.by_code[code].is_specific for code in notice.reason_codes)
        assert notice.reasons == tuple(reason.consumer for reason in one.reasons)
        assert ": " in notice.reasons[0]
    assert any("CLK01" in noticed(one).reason_codes for one in declined)


def test_the_notice_tells_no_score_and_nothing_of_the_person_but_the_id(explained: list[Explanation]) -> None:
    one = of(explained, "decline")[0]
    text = "\n".join(noticed(one).lines())
    row = one.prediction
    assert f"Application {row['loan_id']} of 2023-06 for a loan" in text
    assert "1. " in text
    for hidden in (row["score"], row["grade"], row["customer_id"], row["model"], "score", "probability", "log-odds"):
        assert str(hidden) not in text.replace(str(row["loan_id"]), "").split()
    assert noticed(one).unfilled == ("creditor", "rights", "agency")


def test_an_approved_loan_has_no_notice(explained: list[Explanation]) -> None:
    with pytest.raises(CaseError, match="gradient_boosting decided to approve it, and a notice is of a decline"):
        noticed(of(explained, "approve")[0])


def test_a_decline_that_only_a_vague_reason_speaks_for_is_left_to_a_person(explained: list[Explanation]) -> None:
    one = next(one for one in of(explained, "decline") if not one.reasons[-1].is_specific)
    with pytest.raises(CaseError, match=r"only CLK01\. Have a person look at the application"):
        noticed(replace(one, reasons=one.reasons[-1:]))
    with pytest.raises(CaseError, match="only nothing that may be given"):
        noticed(replace(one, reasons=()))


def test_the_reasons_of_a_version_of_the_last_release_are_put_in_the_order_of_a_notice(
    explained: list[Explanation],
) -> None:
    one = next(one for one in of(explained, "decline") if not one.reasons[-1].is_specific and len(one.reasons) > 2)
    as_before = replace(one, reasons=(one.reasons[-1], *one.reasons[:-1]))
    assert noticed(as_before).reason_codes == noticed(one).reason_codes


def test_the_share_of_a_reason_is_of_all_that_raised_the_probability(explained: list[Explanation]) -> None:
    for one in explained:
        raised = sum(part.log_odds for part in one.parts if part.log_odds > 0)
        assert all(reason.share == pytest.approx(reason.log_odds / raised) for reason in one.reasons)


def test_what_a_loan_is_compared_with_is_said(explained: list[Explanation], version: FittedVersion) -> None:
    for one in (explained[0], explained[-1]):
        assert one.counted_from.startswith("the average approved loan with the same sources, ")
        assert one.counted_from.endswith(" of the validation sample")
    assert version.average_loans.is_of_approved
