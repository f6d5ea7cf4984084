"""Every table of a book by asset key, with its schema class: the platform's own and those the book declares.

The classes stand in the modules of their layers; nothing is declared here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from traceback import extract_tb
from typing import Literal

import dataframely as dy

from credit_platform.errors import CreditPlatformError, WithheldError
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.schemas.champion_challenger import ChampionChallenger
from credit_platform.schemas.early_warning import EarlyPerformance, Estimate, EstimateBacktest
from credit_platform.schemas.evidence import CohortCalendar, DataQuality, unlabelled_schema
from credit_platform.schemas.monitoring import (
    Action,
    FairLending,
    MonitoringHistory,
    Overrides,
    Performance,
    RowBalance,
    ServiceMonth,
    Stability,
)
from credit_platform.schemas.personal_data import MAY_QUOTE, has_personal_data
from credit_platform.schemas.prediction import decision_schema, online_decision_schema, prediction_schema
from credit_platform.schemas.quarantine import Quarantine

# The book whose asset keys do not begin with its name.
UNPREFIXED = "loans"
Begins = Literal["snapshot", "scoring", "outcome"]
DECISIONS = "decision/batch"
ONLINE_DECISIONS = "decision/online"
SERVICE = "monitoring/service"
# Made of the logs of the service: no month waits for them, and a book that never served lacks none.
OF_THE_SERVICE = frozenset({ONLINE_DECISIONS, SERVICE})
_FROM_SCORING = frozenset({"prediction", DECISIONS, *OF_THE_SERVICE, "stability", "estimate", "early_reads"})
_FROM_OUTCOME = frozenset(
    {"performance", "action", "fair_lending", "estimate_backtest", "history", "champion_challenger", "overrides"}
)


@dataclass(frozen=True)
class Tables:
    """The tables of one book.

    Attributes:
        shared: schema classes by asset key.
        of_models: tables every model has one of, by the last part of their key; `prediction/<model>` has no last part.
        bronze_of: bronze table by the name of the silver table made of it.
        personal: the columns of stored tables that hold personal data, by asset key.
    """

    shared: Mapping[str, type[dy.Schema]]
    of_models: Mapping[str, type[dy.Schema]]
    bronze_of: Mapping[str, str]
    personal: Mapping[str, tuple[str, ...]]

    def schema(self, table: str) -> type[dy.Schema] | None:
        """The schema class of a table by asset key, also of quarantine tables and those every model has one of."""
        if table in self.shared:
            return self.shared[table]
        layer, _, part = table.partition("/")
        if layer == "quarantine":
            return Quarantine
        return self.of_models.get("prediction" if layer == "prediction" else part.rpartition("/")[2])

    @property
    def quarantines(self) -> tuple[str, ...]:
        """The quarantine tables, one beside every silver table."""
        return tuple(f"quarantine/{table}" for table in self.bronze_of)

    def __getitem__(self, table: str) -> type[dy.Schema]:
        """The schema class of a table.

        Raises:
            KeyError: no table of the book has this key.
        """
        found = self.schema(table)
        if found is None:
            raise KeyError(table)
        return found

    def has(self, name: str) -> bool:
        """Whether the book has a table of this name in gold, or every model one."""
        return f"gold/{name}" in self.shared or name in self.of_models

    def parts(self, wanted: Iterable[str]) -> tuple[str, ...]:
        """Those of some tables of a model that this book has, in the order given."""
        return tuple(part for part in wanted if part in self.of_models)

    def personal_columns(self, table: str) -> tuple[str, ...]:
        """The columns of a stored table that hold personal data, in file order; none for a table of a model."""
        return self.personal.get(table, ())

    def is_personal(self, table: str) -> bool:
        """Whether nothing of a table's rows may be quoted: it has personal columns, or is made of a source that has."""
        bronze = self.bronze_of.get(table.partition("/")[2], "")
        return bool(self.personal_columns(table) or self.personal_columns(bronze))

    @contextmanager
    def disclosing(self, table: str) -> Iterator[None]:
        """Let messages quote a table's rows, unless they come from a source with personal columns.

        Raises:
            WithheldError: a library failed on rows of such a source; its words, which may quote a cell, are left out.
        """
        is_personal = self.is_personal(table)
        before = MAY_QUOTE.set(not is_personal)
        try:
            yield
        except (CreditPlatformError, OSError, MemoryError):
            raise
        except Exception as error:
            if not is_personal:
                raise
            last = extract_tb(error.__traceback__)[-1]
            place = f"{Path(last.filename).name}, line {last.lineno}"
            raise WithheldError(table=table, error=type(error).__name__, place=place) from None
        finally:
            MAY_QUOTE.reset(before)


def _personal_columns(shared: Mapping[str, type[dy.Schema]], portfolio: Portfolio) -> dict[str, tuple[str, ...]]:
    """The marked columns by table.

    A quarantine table holds the raw text of its source's rows, so it is personal where its source is.
    """
    marked = {
        table: tuple(name for name, column in schema.columns().items() if has_personal_data(column))
        for table, schema in {**shared, "quarantine": Quarantine}.items()
    }
    raw_text = marked.pop("quarantine")
    return marked | {
        f"quarantine/{source.table}": raw_text for source in portfolio.sources if marked[f"bronze/{source.name}"]
    }


def key_prefix(portfolio: Portfolio) -> tuple[str, ...]:
    """What stands before a table's name in its asset key, so that several books can share one history."""
    return () if portfolio.name == UNPREFIXED else (portfolio.name,)


def table_at(portfolio: Portfolio, path: Sequence[str]) -> str:
    """The name of the table whose asset key has these parts, also of one that no prefix was put before yet."""
    prefix = key_prefix(portfolio)
    n = len(prefix) if tuple(path[: len(prefix)]) == prefix else 0
    return "/".join(path[n:])


@cache
def tables_of(portfolio: Portfolio) -> Tables:
    """The tables of a book, in the order of their layers."""
    case = (portfolio.cases.key, portfolio.cases.customer, portfolio.words.case)
    shared: dict[str, type[dy.Schema]] = {
        **{f"bronze/{source.name}": source.bronze for source in portfolio.sources},
        **{f"silver/{source.table}": source.silver for source in portfolio.sources},
        **({portfolio.cases.table: portfolio.cases.made.schema} if portfolio.cases.made else {}),
        "gold/feature_store": portfolio.features.schema,
        "gold/label_store": portfolio.outcome.schema,
        "gold/unlabelled": unlabelled_schema(portfolio.cases.key, portfolio.cases.noun),
        **{f"gold/{table.name}": table.schema for table in portfolio.tables},
        "gold/cohort_calendar": CohortCalendar,
        DECISIONS: decision_schema(*case),
        ONLINE_DECISIONS: online_decision_schema(*case),
        "monitoring/row_balance": RowBalance,
        "monitoring/data_quality": DataQuality,
        "monitoring/history": MonitoringHistory,
        "monitoring/champion_challenger": ChampionChallenger,
        "monitoring/overrides": Overrides,
        SERVICE: ServiceMonth,
    }
    return Tables(
        shared=shared,
        of_models={
            "prediction": prediction_schema(*case),
            "performance": Performance,
            "stability": Stability,
            "action": Action,
            **({"fair_lending": FairLending} if portfolio.protected else {}),
            "estimate": Estimate,
            **({"early_reads": EarlyPerformance} if portfolio.outcome.early else {}),
            "estimate_backtest": EstimateBacktest,
        },
        bronze_of={source.table: f"bronze/{source.name}" for source in portfolio.sources},
        personal=_personal_columns(shared, portfolio),
    )


def begins_with(table: str) -> Begins:
    """Which month a table begins with: the book's first snapshot, the first scored month, or the first outcome read."""
    layer, part = table.split("/", maxsplit=1)
    own = "prediction" if layer == "prediction" else part.rsplit("/", maxsplit=1)[-1]
    if table in _FROM_SCORING or own in _FROM_SCORING:
        return "scoring"
    return "outcome" if own in _FROM_OUTCOME else "snapshot"
