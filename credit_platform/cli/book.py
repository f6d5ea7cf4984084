"""The book a command works on: its settings, its months, and writing them down the first time.

Running anything belongs to `runs` and the commands.
"""

from dataclasses import dataclass
from datetime import date

import dagster as dg

from credit_platform.assets.tables.bronze import sources
from credit_platform.errors import SettingsError
from credit_platform.lake.book_file import Automation, BookFile, book_file_text, read_book_file
from credit_platform.lake.files import write_text
from credit_platform.lake.raw.sources import source_months
from credit_platform.lake.renamed_models import require_migrated
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import parse_month
from credit_platform.partitions import MonthlyAxis
from credit_platform.previous_release import model_key
from credit_platform.settings import Settings, load_settings


@dataclass(frozen=True)
class Book:
    """Settings with what follows from them."""

    settings: Settings
    axis: MonthlyAxis
    lake: Lake

    @classmethod
    def of(cls, settings: Settings) -> "Book":
        """The book that settings describe."""
        return cls(
            settings, settings.axis(), Lake.at(settings.data_dir, settings.raw_dir, portfolio=settings.portfolio)
        )

    def repository(self) -> dg.RepositoryDefinition:
        """The book's assets, checks and jobs, made anew."""
        from credit_platform.code_location import build_definitions

        return build_definitions(self.settings.portfolio, self.settings).get_repository_def()

    def require(self, first: date, last: date) -> None:
        """Refuse a range that does not lie in the book.

        Raises:
            SettingsError: it is empty or reaches beyond the book's months.
        """
        begin, end = self.axis.first_snapshot, self.axis.last
        if first > last:
            raise SettingsError(
                name="--from, --to", reason=f"{first:%Y-%m} is later than {last:%Y-%m}", fix="Swap them."
            )
        if first < begin or (end is not None and last > end):
            until = f"{end:%Y-%m}" if end else "now"
            raise SettingsError(
                name="--from, --to",
                reason=f"{first:%Y-%m}..{last:%Y-%m} reaches beyond the book, {begin:%Y-%m} to {until}",
                fix=f"Choose months of the book, or extend it in {self.settings.platform_file} (credit-platform init).",
            )


def write_book_file(settings: Settings, book: BookFile) -> None:
    """Write `platform.yaml`."""
    write_text(settings.platform_file, book_file_text(book))


def initialise(
    settings: Settings,
    *,
    first: date | None = None,
    last: date | None = None,
    is_open_ended: bool = False,
    automation: Automation | None = None,
) -> Settings:
    """Write the book's months to `platform.yaml`; what is not given stays, or is first read from the loan file.

    Deletes nothing.

    Raises:
        SettingsError: both a last month and none are asked for.
        SourceError: months have to be read and there is no usable loan file.
    """
    known = read_book_file(settings.platform_file)
    if last is not None and is_open_ended:
        raise SettingsError(
            name="--last-month, --open-ended", reason="a book has a last month or none", fix="Say one of the two."
        )
    # A book that was told to go on without end goes on until it is told its last month.
    is_open_ended = last is None and (is_open_ended or (known.first_month is not None and known.last_month is None))
    first = first or known.first_month
    last = None if is_open_ended else last or known.last_month
    if first is None or (last is None and not is_open_ended):
        lake = Lake.at(settings.data_dir, settings.raw_dir, portfolio=settings.portfolio)
        months = _months_of_cases(lake, settings)
        first = first or months[0]
        last = last if is_open_ended else last or months[-1]
    written = BookFile(
        portfolio=settings.portfolio_name, first_month=first, last_month=last, automation=automation or known.automation
    )
    write_book_file(settings, written)
    return load_settings()


def newest_delivered(book: Book) -> date:
    """The newest month of the book that the loan file holds.

    Raises:
        SourceError: there is no usable loan file.
    """
    delivered = newest_in_loan_file(book)
    return min(delivered, book.axis.last or delivered)


def newest_in_loan_file(book: Book) -> date:
    """The newest month of the loan file, also where the book ends before it.

    Raises:
        SourceError: there is no usable loan file.
    """
    return months_in_loan_file(book)[-1]


def months_in_loan_file(book: Book) -> list[date]:
    """The months of the loan file, in order, also those the book does not have.

    Raises:
        SourceError: there is no usable loan file.
    """
    return _months_of_cases(book.lake, book.settings)


def _months_of_cases(lake: Lake, settings: Settings) -> list[date]:
    portfolio = settings.portfolio
    known = sources(portfolio, settings.policy.model, settings.first_month)
    return source_months(lake.layout, known[portfolio.case_source.name])


def open_book() -> Book:
    """The book that the environment names."""
    return Book.of(load_settings())


def known_book() -> Book:
    """The book that the environment names, after writing its months down if nobody has yet.

    Raises:
        MigrationError: the previous release wrote its folder.
    """
    settings = load_settings()
    book = Book.of(settings if settings.is_book_known else initialise(settings))
    require_migrated(book.lake.layout)
    return book


def month_argument(name: str, text: str) -> date:
    """A month given on the command line.

    Raises:
        SettingsError: it is no month.
    """
    try:
        return parse_month(text)
    except ValueError as error:
        raise SettingsError(name=name, reason=str(error), fix="For example --from 2023-01.") from error


def require_month_between(name: str, month: date, first: date, last: date | None, *, what: str, fix: str) -> None:
    """Refuse a month of the option `name` outside `first` to `last`; without `last`, to now.

    Raises:
        SettingsError: it lies outside; `what` is said of the month, before the two limits, and `fix` after them.
    """
    if month < first or (last is not None and month > last):
        until = f"{last:%Y-%m}" if last else "now"
        reason = f"{month:%Y-%m} {what} {first:%Y-%m} to {until}"
        raise SettingsError(name=name, reason=reason, fix=fix)


def models_named(book: Book, wanted: str | None) -> list[str]:
    """The models a command is about: the one of this name or alias, or all without one.

    Raises:
        SettingsError: there is no such model.
        MigrationError: the previous release wrote the folder.
    """
    require_migrated(book.lake.layout)
    specs = book.settings.policy.model.models
    wanted = wanted and model_key(wanted)
    found = [name for name, spec in specs.items() if wanted in (None, name, spec.alias)]
    if not found:
        known = ", ".join(f"{name} ({spec.alias})" for name, spec in specs.items())
        raise SettingsError(name="--model", reason=f"no model {wanted!r}", fix=f"Choose one of {known}.")
    return found


def champion_named(book: Book, wanted: str) -> str:
    """The model of a name or alias; `champion` is the one that decides now. Raises as `models_named` does."""
    if wanted != "champion":
        return models_named(book, wanted)[0]
    return book.settings.policy.model.newest_champion
