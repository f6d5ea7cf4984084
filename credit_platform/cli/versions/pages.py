"""Drawing the pages that tell of versions again after a person has moved one.

What a decision does to months that are scored belongs to `rescoring`; the pages' words to `reports`.
"""

from rich.console import Console
from rich.markup import escape

from credit_platform.assets.pages.overview import draw_dashboard
from credit_platform.assets.pages.version_documents import document_version
from credit_platform.cli.book import Book
from credit_platform.errors import ModelStoreError


def redraw_pages(book: Book, console: Console, model: str, version: str) -> None:
    """Write the documents of a version and of those whose role it changed, the leaderboard, and the dashboard if any.

    A damaged version among them is told and changes nothing about the decision.

    Raises:
        AuditError: the audit log was tampered with.
    """
    try:
        document_version(book.lake, book.settings.policy, model, version)
    except ModelStoreError as error:
        console.print(f"[yellow]The pages of versions were not drawn:[/] {escape(str(error))}", soft_wrap=True)
    draw_dashboard(book.lake, book.settings.policy)
