"""Settings: the only module that reads the environment.

Variables start with CREDIT_, but for RETRAIN_THRESHOLD and CHURN_WINDOW; what they leave open comes from
`<data folder>/platform.yaml`, then from the defaults here. Numbers of the trade (thresholds, windows) are policy and do
not belong here; paths of tables are built by `lake.layout`.
"""

import json
import os
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from credit_platform.errors import SettingsError
from credit_platform.lake.book_file import (
    DEFAULT_PORTFOLIO,
    PLATFORM_FILE,
    Automation,
    BookFile,
    Month,
    read_book_file,
    settings_error,
)
from credit_platform.lake.files import plain_path
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.load import Policy
from credit_platform.policy.policy_section import AS_WRITTEN, PolicyOverrides
from credit_platform.portfolios.named import PORTFOLIO_VARIABLE, portfolio_named
from credit_platform.portfolios.portfolio import Portfolio

DEFAULT_DATA_DIR = Path("data")
DEFAULT_FIRST_MONTH = date(2023, 1, 1)
RETRAIN_VARIABLE = "RETRAIN_THRESHOLD"
WINDOW_VARIABLE = "CHURN_WINDOW"
# Variables of similar pipelines that are not used, each with what takes its place.
_FOREIGN_WORDS = {
    "ML_SCHEMA": (
        "There is no database schema to work in. Tables are Parquet files below CREDIT_DATA_DIR, with views of them in "
        "datamart.duckdb; another folder there is another working copy."
    ),
    "ML_WAREHOUSE": "There is no warehouse. Runs compute on the machine they are started on.",
}


def _from_json(value: object) -> object:
    # Of a text that is no JSON the error must not repeat it: it holds tokens.
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        message = "not a JSON object of recipients and their addresses"
        raise ValueError(message) from None


class AlertAddresses(BaseSettings):
    """Where alerts go, as addresses Apprise understands; secrets, so from the environment alone, never from a file.

    Recipients named in policy share the address of the channel, unless CREDIT_ALERT_RECIPIENTS holds one of their own:
    a JSON object such as {"risk-team": "mailto://..."}. Until `is_dry_run` is false nothing is sent, and the ledger
    says what would have been.
    """

    model_config = SettingsConfigDict(env_prefix="CREDIT_ALERT_", frozen=True, extra="ignore", populate_by_name=True)

    slack: SecretStr | None = None
    pagerduty: SecretStr | None = None
    email: SecretStr | None = None
    recipients: Annotated[Mapping[str, SecretStr], NoDecode, BeforeValidator(_from_json)] = {}
    is_dry_run: Annotated[bool, Field(validation_alias="CREDIT_ALERT_DRY_RUN")] = True


class _Environment(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="CREDIT_", frozen=True, extra="ignore")

    data_dir: Path | None = None
    raw_dir: Path | None = None
    first_month: Month | None = None
    last_month: Month | None = None
    policy_dir: Path | None = None
    portfolio: str | None = None
    retrain_threshold: Annotated[float | None, Field(ge=0, le=1, validation_alias=RETRAIN_VARIABLE)] = None
    churn_window: Annotated[int | None, Field(ge=1, validation_alias=WINDOW_VARIABLE)] = None


class Settings(BaseModel):
    """Everything a process needs to know about where and when it runs.

    `last_month` is inclusive; None leaves the axis open to the month that has just begun. `is_book_known` is False
    while neither the environment nor `platform.yaml` names the first month and the default stands in.
    `overrides` are what the environment sets in the place of policy's own values, and part of `policy` already.
    `foreign_words` are variables that are set and not used, each with what takes its place.
    """

    model_config = ConfigDict(frozen=True)

    data_dir: Path
    raw_dir: Path
    first_month: date
    last_month: date | None
    is_book_known: bool
    policy_dir: Path | None
    automation: Automation
    policy: Policy
    portfolio_name: str = DEFAULT_PORTFOLIO
    overrides: PolicyOverrides = AS_WRITTEN
    foreign_words: Mapping[str, str] = {}
    alerts: AlertAddresses = AlertAddresses.model_construct(is_dry_run=True)

    def axis(self) -> MonthlyAxis:
        """The months of the book and of each layer. Raises as `partitions.monthly_axis` does."""
        from credit_platform.partitions import monthly_axis

        return monthly_axis(self.policy.model, self.first_month, self.last_month)

    @property
    def portfolio(self) -> Portfolio:
        """The kind of book."""
        return portfolio_named(self.portfolio_name)

    @property
    def platform_file(self) -> Path:
        """Where the book's months are written down."""
        return self.data_dir / PLATFORM_FILE


def _portfolio_name(data_dir: Path, named: str | None, book: BookFile) -> str:
    """The portfolio of a data folder: what `platform.yaml` or its tables say, else the environment, else loans.

    Raises:
        SettingsError: the environment names another portfolio than the folder holds.
    """
    name = named or book.portfolio
    known = {source.name for source in portfolio_named(name).sources}
    bronze = data_dir / "bronze"
    strangers = (
        sorted(folder.name for folder in bronze.iterdir() if folder.name not in known) if bronze.is_dir() else []
    )
    if strangers or ((data_dir / PLATFORM_FILE).is_file() and name != book.portfolio):
        held = f"tables of {', '.join(strangers)}" if strangers else f"a book of the portfolio {book.portfolio}"
        raise SettingsError(
            name=PORTFOLIO_VARIABLE,
            reason=f"{name}, but {data_dir} holds {held}",
            fix="Name the folder's own portfolio, or another folder in CREDIT_DATA_DIR.",
        )
    return name


def load_settings(of: str | None = None) -> Settings:
    """Read the environment, `platform.yaml` and the policy once.

    A variable about the book may end with the book's name, as CREDIT_DATA_DIR_HOME_CREDIT; one without is of the book
    that CREDIT_PORTFOLIO names.

    Args:
        of: the portfolio of one of several books; the one that the environment or `platform.yaml` names without.

    Raises:
        SettingsError: a variable or platform.yaml holds a wrong value, or the last month lies before the first.
        PolicyError: a policy file holds a wrong value.
    """
    chosen = os.environ.get(PORTFOLIO_VARIABLE) or None
    name = of or chosen
    named = _named_values(name)
    is_another = of is not None and of != (chosen or DEFAULT_PORTFOLIO)
    try:
        environment = _Environment(
            **(dict.fromkeys(_Environment.model_fields) if is_another else {}) | named | {"portfolio": name}
        )
        alerts = AlertAddresses()
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0])
        prefix = "CREDIT_ALERT_" if error.title == AlertAddresses.__name__ else "CREDIT_"
        variable = (
            field.upper()
            if field.startswith("CREDIT_") or field.upper() in {RETRAIN_VARIABLE, WINDOW_VARIABLE}
            else f"{prefix}{field.upper()}"
        )
        raise settings_error(f"{variable}_{_ending(name)}" if name and field in named else variable, error) from error
    data_dir = (environment.data_dir or default_data_dir(name)).expanduser()
    book = read_book_file(data_dir / PLATFORM_FILE)
    name = _portfolio_name(data_dir, environment.portfolio, book)
    first = environment.first_month or book.first_month
    last = environment.last_month or book.last_month
    if last is not None and last < (first or DEFAULT_FIRST_MONTH):
        raise SettingsError(
            name="last month",
            reason=f"{last:%Y-%m} lies before the first month {first or DEFAULT_FIRST_MONTH:%Y-%m}",
            fix=f"Correct CREDIT_FIRST_MONTH, CREDIT_LAST_MONTH or {data_dir / PLATFORM_FILE}.",
        )
    foreign = {word: said for word, said in _FOREIGN_WORDS.items() if word in os.environ}
    window = environment.churn_window
    if window is not None and not portfolio_named(name).has_label_window:
        foreign[WINDOW_VARIABLE] = f"The label of the portfolio {name} has no window; policy says what it has (label)."
        window = None
    overrides = PolicyOverrides(retrain_below=environment.retrain_threshold, label_window=window)
    return Settings(
        data_dir=data_dir,
        raw_dir=(environment.raw_dir or data_dir / "raw").expanduser(),
        first_month=first or DEFAULT_FIRST_MONTH,
        last_month=last,
        is_book_known=first is not None,
        policy_dir=environment.policy_dir,
        automation=book.automation,
        portfolio_name=name,
        overrides=overrides,
        foreign_words=foreign,
        policy=portfolio_named(name).load_policy(environment.policy_dir, overrides),
        alerts=alerts,
    )


def dagster_home(settings: Settings) -> Path:
    """The folder whose dagster.yaml configures the instance that keeps this book's history.

    DAGSTER_HOME wins; the default data folder of each kind of book in a checkout uses the checkout's own dagster.yaml,
    so that the command line and `dagster dev` share one history; any other data folder keeps its history inside
    itself, as does one that has begun one there.
    """
    named = os.environ.get("DAGSTER_HOME")
    if named:
        return Path(named).expanduser()
    checkout, own = Path.cwd(), settings.data_dir.resolve() / ".dagster"
    is_default = settings.data_dir.resolve() == (checkout / default_data_dir(settings.portfolio_name)).resolve()
    has_own = (own / "dagster.yaml").is_file() and settings.portfolio_name != DEFAULT_PORTFOLIO
    return checkout if is_default and not has_own and (checkout / "dagster.yaml").is_file() else own


def default_data_dir(portfolio_name: str | None) -> Path:
    """Where a book lies when nobody says otherwise: `data` for the loans, a folder in it for another kind."""
    if portfolio_name in {None, DEFAULT_PORTFOLIO}:
        return DEFAULT_DATA_DIR
    return DEFAULT_DATA_DIR / portfolio_named(portfolio_name).name


def _ending(portfolio_name: str) -> str:
    return portfolio_named(portfolio_name).name.upper()


def _named_values(portfolio_name: str | None) -> dict[str, str]:
    """What the environment says of one book by its name, by the field of `_Environment`."""
    if portfolio_name is None:
        return {}
    variables = {field: f"CREDIT_{field.upper()}_{_ending(portfolio_name)}" for field in _Environment.model_fields}
    return {field: os.environ[variable] for field, variable in variables.items() if variable in os.environ}


def child_environment(books: Sequence[Settings], home: Path) -> dict[str, str]:
    """The environment of a Dagster process that is to work on the same books with the same history."""
    environment = dict(os.environ)
    for book in books:
        ending = f"_{_ending(book.portfolio_name)}" if len(books) > 1 else ""
        environment[f"CREDIT_DATA_DIR{ending}"] = str(book.data_dir.resolve())
        environment[f"CREDIT_RAW_DIR{ending}"] = str(book.raw_dir.resolve())
    if len(books) == 1 and books[0].portfolio_name != DEFAULT_PORTFOLIO:
        environment[PORTFOLIO_VARIABLE] = books[0].portfolio_name
    # In a checkout `dagster dev` finds the dagster.yaml beside it by itself.
    if home.resolve() != Path.cwd():
        environment["DAGSTER_HOME"] = str(plain_path(home.resolve()))
    return environment


def apart_environment(data_dir: Path) -> dict[str, str]:
    """The environment of a process that works on a book apart: its own folder and history, and nobody is told."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name != "DAGSTER_HOME"
        and (not name.startswith("CREDIT_") or name in {"CREDIT_POLICY_DIR", PORTFOLIO_VARIABLE})
    }
    return environment | {"CREDIT_DATA_DIR": str(data_dir.resolve()), "CREDIT_ALERT_DRY_RUN": "true"}
