"""`explain --notice`: the notice of a declined case, from the decision of the model that decides.

What stands in it is written in `scoring.explanation.notice`; finding and reproducing the decision is `explain`.
"""

import json
import sys
from datetime import date

from credit_platform.cli.book import Book
from credit_platform.cli.versions.explain import explain_case, month_of
from credit_platform.errors import CaseError, PolicyError
from credit_platform.scoring.explanation.notice import DeclineNotice, notice_of


def notice_of_case(book: Book, case: str, *, model: str | None, cohort: date | None = None) -> DeclineNotice:
    """The notice of a declined case; by the champion of its month unless another model is named.

    Raises:
        PolicyError: policy has no texts for it.
        CaseError: the case was not declined, a person decided otherwise than the model, nothing specific speaks against
            it, or as `explain_case` raises it.
        SettingsError, ModelStoreError: as `explain_case` raises them.
    """
    policy = book.settings.policy
    texts = policy.reasons.notice
    if texts is None:
        raise PolicyError(file="reason_codes", key="notice", reason="is missing, and a notice is made of it")
    decides = model or policy.model.champion_in(month_of(book, case, cohort))
    found = explain_case(book, case, model=decides, cohort=cohort)
    if found.decision is not None and found.decision.overridden is not None:
        raise CaseError(
            noun=found.cases.noun,
            case=case,
            reason=f"a person decided to {found.decision.overridden.override.decision} it in place of the model",
            fix="Where that was a decline, state that person's own reasons by hand: the model's are not those of it.",
        )
    (explained,) = (one.explanation for one in found.models if one.explanation is not None)
    return notice_of(explained, case=case, words=book.settings.portfolio.words, month=found.month, texts=texts)


def notice_dict(notice: DeclineNotice, *, case_key: str) -> dict[str, object]:
    """The notice for programs that print letters."""
    return {
        case_key: notice.case,
        "applied_for": f"{notice.applied_for:%Y-%m}",
        "texts": notice.texts.model_dump(),
        "reasons": [
            {"code": code, "text": text} for code, text in zip(notice.reason_codes, notice.reasons, strict=True)
        ],
        "unfilled": list(notice.unfilled),
    }


def print_notice(book: Book, case: str, *, model: str | None, cohort: date | None, is_json: bool) -> int:
    """Print the notice, and to standard error what keeps it from being sent as it is. Raises as `notice_of_case`."""
    notice = notice_of_case(book, case, model=model, cohort=cohort)
    told = notice_dict(notice, case_key=book.settings.portfolio.cases.key)
    print(json.dumps(told, indent=1) if is_json else "\n".join(notice.lines()))
    if notice.unfilled:
        keys = ", ".join(f"notice.{name}" for name in notice.unfilled)
        print(f"Not to be sent yet: fill in {keys} in reason_codes.yaml of your policy folder.", file=sys.stderr)
    return 0
