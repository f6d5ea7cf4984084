"""How verbs print: tables whose cells are never cut off, and bars that show how far a long verb is.

What is in them belongs to the modules of the verbs.
"""

import re
from collections.abc import Collection, Iterable, Sequence

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeElapsedColumn
from rich.style import StyleType
from rich.table import Column, Table
from rich.text import Text
from typing_extensions import override

_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class TextTable(Table):
    """A table whose texts are shown letter by letter: an id or a reason may look like markup, or steer a terminal."""

    @override
    def add_row(
        self, *renderables: RenderableType | None, style: StyleType | None = None, end_section: bool = False
    ) -> None:
        """Add a row of texts; what is no string is drawn as it is."""
        cells = (_plain(cell) if isinstance(cell, str) else cell for cell in renderables)
        super().add_row(*cells, style=style, end_section=end_section)


def _plain(text: str, style: str = "") -> Text:
    return Text(_STEERING.sub("\ufffd", text), style)


def folding_table(title: str, *columns: str, rows: Iterable[Sequence[str]] = (), right: Collection[str] = ()) -> Table:
    """A table of texts that folds what does not fit; the columns in `right` are set to the right."""
    headed = (Column(name, overflow="fold", justify="right" if name in right else "left") for name in columns)
    table = TextTable(*headed, title=_plain(title, "table.title"))
    for row in rows:
        table.add_row(*row)
    return table


def progress_bar(console: Console, *first: ProgressColumn) -> Progress:
    """A bar that names its task, after the columns in `first`; shown on a terminal only, and gone afterwards."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*first, *columns, console=console, transient=True, disable=not console.is_terminal)
