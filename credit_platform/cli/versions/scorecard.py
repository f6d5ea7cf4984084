"""The verb `scorecard fit --draft`: a scorecard as training would fit it, as a page or JSON; no version is stored.

Fitting belongs to the assets, what the page says to `reports.scorecard_draft`.
"""

import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from rich.console import Console

from credit_platform.assets.models.draft import draft_as_of
from credit_platform.cli.book import Book, models_named, require_month_between
from credit_platform.errors import SettingsError
from credit_platform.lake.files import write_text
from credit_platform.policy.load import Policy
from credit_platform.reports.scorecard_draft.page import draft_page
from credit_platform.reports.shown_book import ShownBook
from credit_platform.scoring.scorecard.draft import ScorecardDraft
from credit_platform.scoring.scorecard.scorecard import ScorecardEstimator
from credit_platform.scoring.training.algorithms import algorithm_named
from credit_platform.scoring.training.windows import first_training_month


@dataclass(frozen=True)
class DraftOrder:
    """What is asked for: the month, and where they are given the model, the folder of a policy, the file to write."""

    month: date
    model: str | None = None
    policy: Path | None = None
    out: Path | None = None


def write_draft(book: Book, console: Console, order: DraftOrder, *, is_json: bool) -> int:
    """Draft a scorecard, write its page, and say where it is; the exit code.

    Raises:
        SettingsError: an argument is wrong: no scorecard is meant, the month cannot train, or the policy is of other
            tables.
        PolicyError: the policy to try is refused.
        TrainingError: what policy says cannot be fitted.
    """
    policy = _policy_of(book, order)
    model = _model_of(book, policy, order.model)
    first = first_training_month(book.axis.first_snapshot, policy.model)
    require_month_between(
        "--month",
        order.month,
        first,
        book.axis.last,
        what="cannot be trained as of; possible is",
        fix="See credit-platform timeline.",
    )
    draft = draft_as_of(book.lake, model, order.month, policy)
    file = order.out or book.lake.layout.scorecard_draft(model, order.month)
    write_text(file, draft_page(draft, book=ShownBook.of(book.lake.layout.portfolio, policy.model)))
    if is_json:
        print(json.dumps(draft_dict(draft) | {"page": str(file)}, indent=1, default=str))
        return 0
    for line in _lines(draft):
        console.print(line, soft_wrap=True, markup=False, highlight=False)
    console.print(f"Page: {file}. No version was stored.", soft_wrap=True, markup=False, highlight=False)
    return 0


def draft_dict(draft: ScorecardDraft) -> dict[str, object]:
    """The draft for programs, numbers unrounded."""
    return {
        "model": draft.model,
        "month": f"{draft.month:%Y-%m-%d}",
        "policy_sha256": draft.policy_sha256,
        "windows": draft.windows.keys_by_role,
        "set_by_hand": draft.set_by_hand,
        "warnings": draft.warnings,
        "samples": {name: asdict(facts) for name, facts in draft.samples.items()},
        "characteristics": [asdict(one) for one in draft.characteristics],
        "changes": [asdict(one) for one in draft.changes],
    }


def _policy_of(book: Book, order: DraftOrder) -> Policy:
    in_force = book.settings.policy
    if order.policy is None:
        return in_force
    tried = book.settings.portfolio.load_policy(order.policy, book.settings.overrides)
    for section in ("label", "features", "sources"):
        if getattr(tried.model, section) != getattr(in_force.model, section):
            raise SettingsError(
                name="--policy",
                reason=f"{section} in its model_config is not that of the policy in force, by which tables are made",
                fix=f"Leave {section} as it is in {order.policy}.",
            )
    return tried


def _model_of(book: Book, policy: Policy, wanted: str | None) -> str:
    cards = [
        name
        for name, spec in policy.model.models.items()
        if issubclass(algorithm_named(spec.algorithm), ScorecardEstimator)
    ]
    named = cards if wanted is None else [name for name in models_named(book, wanted) if name in cards]
    if len(named) != 1:
        reason = f"{wanted} has no bins" if wanted else f"{len(cards)} models of policy are scorecards"
        fix = (
            f"Name one of {', '.join(cards)}." if cards else "Add one of the algorithm scorecard to model_config.yaml."
        )
        raise SettingsError(name="--model", reason=reason, fix=fix)
    return named[0]


def _lines(draft: ScorecardDraft) -> list[str]:
    used = [one for one in draft.characteristics if one.known.dropped is None]
    facts = draft.samples["validation"]
    auc = "unknown" if facts.auc is None else f"{facts.auc:.4f}"
    turned = [one.known.feature for one in used if any(each.is_beyond_chance for each in one.inversions)]
    counts = f"{len(used)} characteristics in use, {len(draft.characteristics) - len(used)} dropped"
    lines = [
        f"{draft.model} ({draft.alias}) as of {draft.month:%Y-%m}: {counts}; ROC-AUC on validation {auc}.",
        f"Set by hand: {len(draft.set_by_hand)} keys of policy." if draft.set_by_hand else "Nothing is set by hand.",
        *(f"Warning: {warning}." for warning in draft.warnings),
        *([f"Order turned in validation beyond chance: {', '.join(turned)}."] if turned else []),
    ]
    for change in draft.changes:
        lines += [
            f"Against {change.against}, {one.loans} (n {one.n}): ROC-AUC {one.gain:+.4f}"
            f"{'' if one.interval is None else f' ({one.interval[0]:+.4f} to {one.interval[1]:+.4f})'}."
            for one in change.rankings
            if one.gain is not None
        ]
    return lines
