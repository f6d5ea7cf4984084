"""The verb `override-decision`: a person decides about a case in place of the champion, with a reason.

Keeping the record belongs to `lake.governance.decision_overrides`. No score and no row of `decision/batch` changes.
"""

from datetime import date

import polars as pl
from rich.console import Console

from credit_platform.assets.pages.month_pages import draw_month_page
from credit_platform.assets.pages.overview import draw_dashboard
from credit_platform.cli.book import Book
from credit_platform.cli.versions.explain import month_of
from credit_platform.cli.versions.promotion import Person
from credit_platform.errors import CaseError, SettingsError
from credit_platform.lake.governance.decision_overrides import DECISIONS as WORDS
from credit_platform.lake.governance.decision_overrides import DecisionOverride, DecisionOverrideLog
from credit_platform.portfolios.tables import DECISIONS


def override_decision(
    book: Book, console: Console, case: str, *, to: str, person: Person, cohort: date | None = None
) -> int:
    """Log a person's decision about a case, and draw the pages again that count such decisions; the exit code.

    Raises:
        SettingsError: `to` is no decision.
        CaseError: no case has this id or several have, or it was not decided, or is decided so already.
        AuditError: the log was tampered with.
    """
    if to not in WORDS:
        raise SettingsError(name="--to", reason=f"{to!r} is no decision", fix=f"Choose {' or '.join(WORDS)}.")
    key, noun = book.settings.portfolio.cases.key, book.settings.portfolio.cases.noun
    month = month_of(book, case, cohort)
    decided = book.lake.scan(DECISIONS, [month]) if book.lake.has(DECISIONS, month) else None
    rows = None if decided is None else decided.filter(pl.col(key) == case).collect()
    if rows is None or rows.is_empty():
        fix = f"Run credit-platform backfill --from {month:%Y-%m} --to {month:%Y-%m} --job score_month."
        raise CaseError(noun=noun, case=case, reason=f"it is not decided in {month:%Y-%m}", fix=fix)
    row, log = rows.row(0, named=True), DecisionOverrideLog(book.lake.layout)
    before = log.last_of(month, case)
    if to == (before.override.decision if before else row["decision"]):
        by = f"{before.override.approver}, record {before.sequence}" if before else row["model"]
        raise CaseError(noun=noun, case=case, reason=f"it is {to} already, by {by}", fix="Nothing is left to do.")
    override = DecisionOverride(
        case=case,
        month=month,
        decision=to,
        instead_of=row["decision"],
        model=row["model"],
        model_version=row["model_version"],
        approver=person.name,
        reason=person.reasons[0],
    )
    log.append(override, policy_sha256=book.settings.policy.sha256)
    said = f"{noun} {case} of {month:%Y-%m}: {to} by {person.name}; {row['model']} said {row['decision']}"
    console.print(f"{said}. Logged in {book.lake.layout.decision_overrides()}.", soft_wrap=True, markup=False)
    if book.lake.layout.month_page(month).is_file():
        draw_month_page(book.lake, book.settings.policy, month)
    draw_dashboard(book.lake, book.settings.policy)
    return 0
