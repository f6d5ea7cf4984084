"""The notice of a decline: what the applicant is told of it, in the lender's words and those of the catalogue.

It names the principal reasons and no score, probability or feature. Which reasons a case has is decided in `reasons`;
the texts are policy, and what must stand in a notice is a matter of the law that the lender is under (in the United
States 12 CFR 1002.9 and its commentary, whose sample forms stand in appendix C to part 1002).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from credit_platform.errors import CaseError
from credit_platform.policy.reason_codes import NoticeTexts
from credit_platform.portfolios.portfolio import Words
from credit_platform.scoring.explanation.explanation import Explanation


@dataclass(frozen=True)
class DeclineNotice:
    """What the applicant is told. The application is named by its id and month; `unfilled` names texts of policy.

    `reasons` are the texts of `reason_codes`, specific ones first.
    """

    case: str
    lent: str
    applied_for: date
    texts: NoticeTexts
    reason_codes: tuple[str, ...]
    reasons: tuple[str, ...]

    @property
    def unfilled(self) -> tuple[str, ...]:
        """Texts that the lender still has to fill in."""
        return self.texts.unfilled

    def lines(self) -> Iterator[str]:
        """The notice as text."""
        yield self.texts.creditor
        yield ""
        yield f"Application {self.case} of {self.applied_for:%Y-%m} for a {self.lent}"
        yield ""
        yield self.texts.action
        yield ""
        yield self.texts.reasons
        for place, reason in enumerate(self.reasons, start=1):
            yield f"{place}. {reason}."
        yield ""
        yield self.texts.rights
        yield self.texts.agency


def notice_of(explanation: Explanation, *, case: str, words: Words, month: date, texts: NoticeTexts) -> DeclineNotice:
    """The notice of a declined case.

    Args:
        explanation: Of the decision about it.
        case: Its id.
        words: What the book calls its cases, and what is lent for one.
        month: In which it was applied for.
        texts: Of policy.

    Raises:
        CaseError: the case was not declined, or nothing specific speaks against it.
    """
    row = explanation.prediction
    if row["decision"] != "decline":
        raise CaseError(
            noun=words.case,
            case=case,
            reason=f"{row['model']} decided to {row['decision']} it, and a notice is of a decline",
            fix="Without --notice, explain prints what its score is made of.",
        )
    # A version stored before reasons had this order may have a vague one first.
    reasons = sorted(explanation.reasons, key=lambda reason: not reason.is_specific)
    if not reasons or not reasons[0].is_specific:
        said = ", ".join(reason.code for reason in reasons) or "nothing that may be given"
        raise CaseError(
            noun=words.case,
            case=case,
            reason=f"nothing specific enough to be sent speaks against it, only {said}",
            fix="Have a person look at the application: state the reason by hand, or decide anew.",
        )
    codes, said = zip(*((reason.code, reason.consumer) for reason in reasons), strict=True)
    return DeclineNotice(case, words.lent, month, texts, codes, said)
