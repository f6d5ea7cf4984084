"""The verb `migrate`: a data folder of the previous release brought to the names of this one, all of it or none.

Nothing is lost on the way: what a month was stays in the archive, logs are only written on. A mark lies in the folder
from the first change to the last, and while it does nothing but this command works with models. Files are moved in
`lake.renamed_models`, Dagster's history is told in `history`.
"""

import re
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console

from credit_platform.assets.models.decisions import decisions_of, undecided_months
from credit_platform.assets.pages.version_documents import write_documents
from credit_platform.assets.tables.gold import labelled_and_not
from credit_platform.cli.backup.restore import require_quiet
from credit_platform.cli.book import Book
from credit_platform.cli.instance import INSTANCE_FILE, open_instance
from credit_platform.cli.migrate.history import RenamedAssets
from credit_platform.cli.printing import progress_bar
from credit_platform.cli.versions.audit import verdict
from credit_platform.errors import MigrationError
from credit_platform.lake.backup.atomic_swap import unfinished
from credit_platform.lake.files import write_text
from credit_platform.lake.layout import month_files
from credit_platform.lake.models.model_store import ModelStore
from credit_platform.lake.renamed_models import ModelNames, RenamedModels, to_migrate
from credit_platform.lake.tables.catalog import refresh_datamart
from credit_platform.months import month_key
from credit_platform.portfolios.tables import DECISIONS
from credit_platform.previous_release import MOVED, RENAMED_MODELS
from credit_platform.settings import Settings, dagster_home

UNLABELLED = "gold/unlabelled"
_Item = TypeVar("_Item")


def migrate(settings: Settings, console: Console, *, is_dry_run: bool, despite_runs: bool) -> int:
    """Bring a folder to the names of today, or say what would be done; the exit code.

    Raises:
        MigrationError: a model is there under both keys, decisions or versions are not sound, or a restore was broken
            off.
        BackupError: a daemon or a run works on the folder.
    """
    book = Book.of(settings)
    layout, reason = book.lake.layout, to_migrate(book.lake.layout)
    if reason is None:
        console.print(f"{layout.data_dir}: nothing to migrate.", soft_wrap=True)
        return 0
    kept = [model for model in settings.policy.model.models if model not in RENAMED_MODELS.values()]
    models = RenamedModels(layout, ModelNames(RENAMED_MODELS, kept))
    models.require_no_choice()
    _require_sound(book)
    if is_dry_run:
        _say_what_would_be_done(book, console, models)
        return 0
    require_quiet(settings, layout.data_dir, despite_runs=despite_runs)
    write_text(layout.unfinished_migration(), "While this file is here, go on with credit-platform migrate.\n")
    for table in _shown(console, "tables", models.tables()):
        models.migrate_table(table)
    _name_unlabelled(book)
    _decide_scored(book)
    models.record()
    models.move_versions()
    _migrate_history(book, console, models)
    for file in _shown(console, "reports", list(models.reports())):
        models.migrate_report(file)
    for model in _shown(console, "documents of versions", sorted(set(models.names.renamed.values()))):
        write_documents(book.lake, settings.policy, model, ModelStore(layout).versions(model))
    refresh_datamart(layout)
    layout.unfinished_migration().unlink()
    names = ", ".join(f"{old} is {new}" for old, new in RENAMED_MODELS.items())
    console.print(f"{layout.data_dir} is as this release writes it: {names}.", soft_wrap=True)
    console.print("Look at it with credit-platform status and doctor, then start the UI again.", soft_wrap=True)
    return 0


def _require_sound(book: Book) -> None:
    layout = book.lake.layout
    for left in unfinished(layout.data_dir):
        fix = f"Put back what was there first: credit-platform restore {left} --yes."
        raise MigrationError(folder=left, reason="a restore was broken off", fix=fix)
    # Half-way, versions lie under another key than the log says.
    faults = list[str]() if layout.unfinished_migration().is_file() else verdict(book)["faults"]
    if faults:
        reason = f"its decisions or versions are not sound: {faults[0]}"
        raise MigrationError(folder=layout.data_dir, reason=reason, fix="Restore audit and models from a backup.")


def _say_what_would_be_done(book: Book, console: Console, models: RenamedModels) -> None:
    for old, new in models.names.renamed.items():
        versions = ModelStore(book.lake.layout).versions(old)
        console.print(f"{old} becomes {new}, with {len(versions)} versions, whose names stay.", soft_wrap=True)
    for table in models.tables():
        n_months, new = len(models.months(table)), models.new_table(table)
        if n_months:
            where = f" and moved to {new}" if new != table else ""
            console.print(f"{table}: {n_months} months written with the new key{where}.", soft_wrap=True)
    console.print(f"{sum(1 for _ in models.reports())} reports would call the models by their new keys.")
    if _has_history(book):
        with open_instance(book.settings) as instance:
            n_events = len(RenamedAssets(instance, models.names).repeats())
        console.print(f"{n_events} materializations would be reported again in Dagster's history.")
    console.print("Nothing was changed.")


def _name_unlabelled(book: Book) -> None:
    """Write the table of cases without a label for the months whose labels the previous release wrote."""
    lake = book.lake
    months = [month for month in lake.months("gold/label_store") if not lake.has(UNLABELLED, month)]
    if months:
        first, label = book.axis.first_snapshot, book.settings.policy.model.label
        _, unlabelled = labelled_and_not(book.settings.portfolio, lake, months, label, first_cohort=first)
        lake.write(UNLABELLED, unlabelled, months)


def _decide_scored(book: Book) -> None:
    """Write the decisions of the months that the previous release scored, which are its champion's predictions."""
    config = book.settings.policy.model
    months = undecided_months(book.lake, config)
    if months:
        book.lake.write(DECISIONS, decisions_of(book.lake, config, months), months)


def _has_history(book: Book) -> bool:
    return (dagster_home(book.settings) / INSTANCE_FILE).is_file()


def _migrate_history(book: Book, console: Console, models: RenamedModels) -> None:
    if not _has_history(book):
        return
    layout = book.lake.layout
    file = dagster_home(book.settings) / INSTANCE_FILE
    text = file.read_text(encoding="utf-8")
    for old, new in MOVED.items():
        text = re.sub(rf"(?m)^(\s*module: ){re.escape(old)}$", rf"\g<1>{new}", text)
    write_text(file, text)
    checks = book.repository().asset_graph.asset_check_keys
    with open_instance(book.settings) as instance, progress_bar(console) as progress:
        task = progress.add_task("run history", total=None)

        def show(n_done: int, n_events: int) -> None:
            progress.update(task, completed=n_done, total=n_events)

        history = RenamedAssets(instance, models.names)
        for table in (*layout.tables.quarantines, UNLABELLED):
            history.report_stored(table, [month_key(month) for month in month_files(layout.table(table))])
        history.bring_up_to_date(checks, show)
        # Behind the predictions they are made of, or they would look stale.
        history.report_stored(DECISIONS, [month_key(month) for month in month_files(layout.table(DECISIONS))])


def _shown(console: Console, what: str, items: Iterable[_Item]) -> Iterator[_Item]:
    with progress_bar(console) as progress:
        yield from progress.track(list(items), description=what)
