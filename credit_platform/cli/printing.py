"""How verbs print: tables whose cells are never cut off, and bars that show how far a long verb is.

What is in them belongs to the modules of the verbs.
"""

from collections.abc import Collection, Iterable, Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Column, Table


def folding_table(title: str, *columns: str, rows: Iterable[Sequence[str]] = (), right: Collection[str] = ()) -> Table:
    """A table that folds what does not fit; the columns in `right` are set to the right."""
    headed = (Column(name, overflow="fold", justify="right" if name in right else "left") for name in columns)
    table = Table(*headed, title=title)
    for row in rows:
        table.add_row(*row)
    return table


def progress_bar(console: Console, *first: ProgressColumn) -> Progress:
    """A bar that names its task, after the columns in `first`; shown on a terminal only, and gone afterwards."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*first, *columns, console=console, transient=True, disable=not console.is_terminal)
