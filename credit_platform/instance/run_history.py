"""The run history: Dagster's own SQLite storage, holding on to the databases of its event log between events.

For every event it stores Dagster makes a new SQLAlchemy engine and opens the file anew: statements are compiled again,
and SQLite folds its write-ahead log back each time the last connection closes. A run over 24 months stores more than a
thousand events; holding on saves a third of the whole run's CPU time. What is stored, and where, is Dagster's. Nothing
about tables or runs belongs here.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import RLock

from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME, SqliteEventLogStorage
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from dagster._core.storage.schedules.sqlite import sqlite_schedule_storage
from dagster._core.storage.sql import create_engine
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage, SqliteStorageConfig, _event_logs_directory
from dagster._serdes import ConfigurableClassData
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.pool import QueuePool
from typing_extensions import override

# Databases of single runs held open at a time, besides the index of all runs: the UI looks at many runs in its life.
_RUNS_HELD = 4


def connection_text(base_dir: str, db_name: str) -> str:
    """The URL of a database, whatever its folders are called; Dagster's own leaves `%` and `?` as they are."""
    return URL.create("sqlite", database=str(Path(base_dir).absolute() / f"{db_name}.db")).render_as_string()


for _storage in (sqlite_event_log, sqlite_run_storage, sqlite_schedule_storage):
    _storage.create_db_conn_string = connection_text


class HeldSqliteEventLogStorage(SqliteEventLogStorage):
    """`SqliteEventLogStorage` that keeps one idle connection to the databases it used last."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        """Open the event log below `base_dir`, as Dagster's own does."""
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._shared: dict[str, Connection] | None = None
        self._tables: set[str] = set()
        super().__init__(base_dir, inst_data)
        # Within one transaction the same thread asks for it again.
        self._db_lock = RLock()  # pyrefly: ignore[bad-assignment]

    @override
    def get_all_run_ids(self) -> Sequence[str]:
        """The runs that have a database; Dagster looks for them by a pattern that the folder's name is part of."""
        return [file.stem for file in Path(self._base_dir).glob("*.db") if file.stem != INDEX_SHARD_NAME]

    @override
    def has_table(self, table_name: str) -> bool:
        """Whether the index has a table; one that is there stays, so each is looked for until it is found.

        Dagster asks with every event of an asset or a check, and opens the file anew to find out.
        """
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def _engine(self, shard: str) -> Engine:
        if shard not in self._engines:
            self._engines[shard] = create_engine(
                self.conn_string_for_shard(shard),
                poolclass=QueuePool,
                pool_size=1,
                max_overflow=-1,
                connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS},
            )
        self._engines.move_to_end(shard)
        runs = [held for held in self._engines if held != INDEX_SHARD_NAME]
        for oldest in runs[:-_RUNS_HELD]:
            self._engines.pop(oldest).dispose()
        return self._engines[shard]

    @override
    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            if self._shared is None:
                with engine.connect() as connection, connection.begin():
                    yield connection
            else:
                if shard not in self._shared:
                    self._shared[shard] = self._batch.enter_context(engine.begin())
                yield self._shared[shard]

    @contextmanager
    def one_transaction(self) -> Iterator[None]:
        """Store all events of a block at once, or none when it fails: commits are most of what an event costs."""
        with self._db_lock, ExitStack() as self._batch:
            self._shared = {}
            try:
                yield
            finally:
                self._shared = None

    @override
    def delete_events(self, run_id: str) -> None:
        """Let go of a run's database before its file is deleted."""
        held = self._engines.pop(run_id, None)
        if held is not None:
            held.dispose()
        super().delete_events(run_id)

    @override
    def dispose(self) -> None:
        """Close what is held."""
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()
        super().dispose()


class HeldSqliteStorage(DagsterSqliteStorage):
    """`DagsterSqliteStorage` with such an event log; named in dagster.yaml as custom storage."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        """Open the storage below `base_dir`, as Dagster's own does."""
        super().__init__(base_dir, inst_data)
        self._event_log_storage = HeldSqliteEventLogStorage(_event_logs_directory(base_dir))

    @override
    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData, config_value: SqliteStorageConfig
    ) -> "HeldSqliteStorage":
        """Open what dagster.yaml names; Dagster's own method would open its own class."""
        return cls.from_local(config_value["base_dir"], inst_data=inst_data)
