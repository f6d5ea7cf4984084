"""The verbs that run the life of a book step by step: train, score, and those that say several steps in one word.

Each reads its arguments, calls one function and prints, as in `main`; the verbs about versions stand in `life_cycle`.
"""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console

from credit_platform.cli.arguments import AnyModel, AsJson

# The drift of `drift` alone: a year after most first trainings, and as strong as that of the Python class.
_PLANTED = ("--drift", "concept", "--from", "2023-03", "--strength", "0.7")
# Of fewer customers of a shop some months have too few outcomes to be measured, which counts as a false alarm.
_MANY = ("--cases-per-month", "600")
_NAMES_DRIFT = ("--drift", "--empty-drift", "--from", "--strength")

AsOf = Annotated[str | None, Parameter(help="As of this month, YYYY-MM.")]


def train(
    *,
    model: AnyModel = None,
    as_of: AsOf = None,
    months: Annotated[
        int | None, Parameter(help="Learn from at most so many months; policy says from how many (windows).")
    ] = None,
) -> int:
    """Train: the first versions with all they need, or by hand as of a month (without one, the newest built)."""
    from credit_platform.cli.book import known_book, models_named, month_argument
    from credit_platform.cli.run.training import (
        is_untrained,
        newest_built,
        require_months_to_learn_from,
        train_by_hand,
        train_first,
    )

    book = known_book()
    if months is not None:
        require_months_to_learn_from(book, months)
    models = models_named(book, model)
    if as_of is None and is_untrained(book):
        return train_first(book, Console())
    month = month_argument("--as-of", as_of) if as_of is not None else newest_built(book) or book.axis.first_training
    return train_by_hand(book, Console(), models, month)


def score(
    file: Annotated[Path | None, Parameter(help="Applications as rows of gold/feature_store, CSV or Parquet.")] = None,
    *,
    model: Annotated[str, Parameter(help="A model by its name or alias, or champion.")],
    source: Annotated[
        list[str] | None,
        Parameter(help="Raw applications: SOURCE=FILE, once per source; the first says which there are.", negative=""),
    ] = None,
    set_aside: Annotated[
        Path | None, Parameter(help="Of raw applications: list rows at fault here, and score the others.")
    ] = None,
    as_of: Annotated[
        str | None,
        Parameter(help="Score this month of gold/feature_store in place of a file; of raw files, only this month."),
    ] = None,
    threshold: Annotated[
        float | None, Parameter(help="Decline from this default probability on, in place of the policy's cut-off.")
    ] = None,
    version: Annotated[str | None, Parameter(help="Score by this version, not the one in force.")] = None,
    dry_run: Annotated[bool, Parameter(negative="", help="Validate and score, write nothing.")] = False,
    out: Annotated[Path | None, Parameter(help="Write the predictions here, .csv, .parquet or .jsonl.")] = None,
    plain: Annotated[
        bool,
        Parameter(negative="", help="Of each case only its id, prediction (1 is a decline) and probability."),
    ] = False,
    json_: AsJson = False,
) -> int:
    """Score applications as the pipeline does, raw or as features; rows at fault are named, and then none is scored."""
    from credit_platform.cli.book import champion_named, month_argument, open_book
    from credit_platform.cli.versions.score import ScoringOrder, score_order

    book = open_book()
    order = ScoringOrder(
        model=champion_named(book, model),
        file=file,
        as_of=month_argument("--as-of", as_of) if as_of else None,
        threshold=threshold,
        version=version,
        out=out,
        is_dry_run=dry_run,
        is_plain=plain,
    )
    if source is None:
        return score_order(book, Console(), order, is_json=json_)
    from credit_platform.cli.versions.score_files import files_order, score_files

    return score_files(book, Console(stderr=json_), files_order(source, order, set_aside), is_json=json_)


def continuous(
    *,
    months: Annotated[
        int | None, Parameter(help="At most so many after the newest finished one; all delivered months without.")
    ] = None,
    json_: AsJson = False,
) -> int:
    """Walk on from what is finished, or from a first training: data, scores, outcome, action, retraining, promotion."""
    from credit_platform.cli.book import known_book
    from credit_platform.cli.run.continuous import run_continuous
    from credit_platform.errors import SettingsError

    if months is not None and months < 1:
        raise SettingsError(name="--months", reason=f"{months} is less than 1", fix="Walk one month or more.")
    return run_continuous(known_book(), Console(), n_months=months, is_json=json_)


def everything() -> int:
    """Another word for `init`, `train` and `continuous` in a row: the whole delivered book, to its last month."""
    from credit_platform.cli.book import Book, initialise
    from credit_platform.cli.run.continuous import run_whole_book
    from credit_platform.settings import load_settings

    return run_whole_book(Book.of(initialise(load_settings())), Console())


def setup() -> int:
    """Another word for `init` and `doctor`: the book's months written down, and what is missing to run it."""
    from credit_platform.cli.book import initialise
    from credit_platform.cli.doctor.doctor import show_findings
    from credit_platform.settings import load_settings

    print(initialise(load_settings()).platform_file)
    return show_findings(Console(), port=3000, is_json=False, is_mending=False)


def quick_demo() -> int:
    """Another word for `demo` with a small book, of loans 30 months of 150: trained once, and half a year of use."""
    from credit_platform.cli.lab.demo import run_demo
    from credit_platform.settings import load_settings

    settings = load_settings()
    small = settings.portfolio.required_generator
    return run_demo(settings, Console(), n_months=small.quick_months, cases_per_month=small.quick_cases, seed=42)


def add_pipeline_verbs(app: App) -> None:
    """Add the verbs of this module to the command line."""

    def drift(*tokens: Annotated[str, Parameter(allow_leading_hyphen=True, help="As for simulate.")]) -> int:
        """Another word for `simulate`, with a concept drift where none is named: what was noticed, and when."""
        planted: tuple[str, ...] = ()
        if not any(token.startswith(_NAMES_DRIFT) for token in tokens):
            is_sized = any(token.startswith(("--cases-per-month", "--loans-per-month")) for token in tokens)
            planted = _PLANTED if is_sized else _PLANTED + _MANY
        code = app(["simulate", *planted, *tokens], exit_on_error=False, print_error=True, result_action="return_value")
        return code if isinstance(code, int) else 0

    for verb in (train, score, continuous, drift, setup):
        app.command(verb)
    app.command(everything, name="all")
    app.command(quick_demo, name="quick-demo")
