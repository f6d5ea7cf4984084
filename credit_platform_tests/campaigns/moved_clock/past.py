"""A lender with a past: an open-ended book whose first months the command line has built under the moved clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

import polars as pl
import yaml

from credit_platform.months import month_key
from credit_platform.portfolios.generator import GeneratedBook
from credit_platform_tests.campaigns.moved_clock.lender import Lender


def make_lender(root: Path, generated: GeneratedBook, policy: Mapping[str, str], *, last: date, at: datetime) -> Lender:
    """Make a lender whose months up to `last` are finished, at a moment; nothing runs yet.

    `policy` is the text of each policy file by its name. Schedules and sensors start with the daemon.
    """
    lender = Lender(root, generated)
    lender.book.policy_dir.mkdir(parents=True)
    for name, text in policy.items():
        (lender.book.policy_dir / name).write_text(text)
    lender.furnish()
    lender.move_to(at)
    past = [month for month in generated.months if month <= last]
    for source in generated.rows(past[0]):
        lender.deliver(f"{source}.csv", pl.concat(generated.rows(month)[source] for month in past))
    told = {"first_month": month_key(past[0]), "automation": "running"}
    (lender.book.data_dir / "platform.yaml").write_text(yaml.safe_dump(told))
    lender.cli("backfill")
    return lender
