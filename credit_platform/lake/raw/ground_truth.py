"""The ground truth of a generated book, in a file beside its raw files; no table of the platform contains it.

Generating belongs to the portfolio. Nothing that builds or judges a month reads this, only the verbs that compare
detections with the ground truth afterwards.
"""

import json

from credit_platform.lake.files import write_text
from credit_platform.lake.layout import Layout
from credit_platform.lake.raw.raw_book import delivered_hashes
from credit_platform.portfolios.generator import GeneratedBook


def write_ground_truth(layout: Layout, book: GeneratedBook) -> None:
    """Record what a generated book contains, and the hashes of its files, after these have been written."""
    content = {"sha256": delivered_hashes(layout), **book.to_dict()}
    write_text(layout.ground_truth(), json.dumps(content, indent=1) + "\n")


def read_ground_truth(layout: Layout) -> GeneratedBook | None:
    """The book that was generated into the raw folder; None where one of its files was changed, added or deleted."""
    file, generator = layout.ground_truth(), layout.portfolio.generator
    if generator is None or not file.is_file():
        return None
    content = json.loads(file.read_text(encoding="utf-8"))
    return generator.read(content) if content.get("sha256") == delivered_hashes(layout) else None
