"""A data folder written under former keys of models: how it shows, and its files brought to the keys of today.

Tables, versions, the marks of retrainings, reports. Every step may be broken off anywhere and done again. Dagster's
history, and the order of the steps, belong to the command `migrate`.
"""

import io
import os
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import polars as pl

from credit_platform.errors import MigrationError
from credit_platform.lake.files import keep_file, whole_file, write_text
from credit_platform.lake.governance.audit import RENAMED, AuditLog, AuditRecord, Entry
from credit_platform.lake.layout import Layout, month_files
from credit_platform.lake.models.model_store import sha256_of
from credit_platform.lake.tables.catalog import monthly_tables
from credit_platform.lake.tables.monthly import SCHEMA_KEY, file_metadata
from credit_platform.lake.tables.table_versions import TableVersion, TableVersionLog, file_sha256, version_file
from credit_platform.months import parse_month
from credit_platform.previous_release import RENAMED_MODELS

COMMAND = "credit-platform migrate"
# Columns of tables that hold the key of a model.
_COLUMNS = ("model", "champion", "challenger")
_FOLDERS = ("models", "prediction", "monitoring")
# Columns that tables have gained since, with what was so of every row of the previous release.
_GAINED = {"gold/label_store": {"label_basis": "observed"}}
_TEXTS = frozenset({".json", ".txt", ".csv", ".md", ".html"})
_PICTURE = re.compile(r"(?<=data:image/svg\+xml;base64,)[A-Za-z0-9+/=]+")
_OTHERS = 0o077


def to_migrate(layout: Layout) -> str | None:
    """Why a folder is to be migrated before anything of a model is read or written; None where it need not be."""
    if layout.unfinished_migration().is_file():
        return f"a migration was broken off; go on with {COMMAND}"
    found = [_below(layout, folder) for former in RENAMED_MODELS for folder in _folders(layout, former)]
    found += [table for table in _GAINED if _lacks_columns(layout, table)]
    if not found:
        return None
    return f"the previous release wrote {', '.join(found)}; {COMMAND} brings the folder to the names of today"


def require_migrated(layout: Layout) -> None:
    """Refuse to read or write anything of a model in a folder of the previous release.

    Raises:
        MigrationError: it is to be migrated first.
    """
    reason = to_migrate(layout)
    if reason is not None:
        raise MigrationError(folder=layout.data_dir, reason=reason, fix="Take a backup first: credit-platform backup.")


def _lacks_columns(layout: Layout, table: str) -> bool:
    """Whether the first stored month of a table has all of today's columns but those that the table has gained."""
    schema, files = layout.tables.schema(table), list(month_files(layout.table(table)).values())
    if schema is None or not files:
        return False
    try:
        stored = pl.read_parquet_schema(files[0])
    except (pl.exceptions.PolarsError, OSError):
        # Whoever reads it says so.
        return False
    gained = set(_GAINED[table]).intersection(schema.column_names())
    return bool(gained) and set(stored) == set(schema.column_names()) - gained


def _folders(layout: Layout, model: str) -> list[Path]:
    """The folders of a model that hold anything."""
    folders = (layout.table(f"{name}/{model}") for name in _FOLDERS)
    return [folder for folder in folders if folder.is_dir() and any(folder.iterdir())]


def _below(layout: Layout, folder: Path) -> str:
    return folder.relative_to(layout.data_dir).as_posix()


@dataclass(frozen=True)
class ModelNames:
    """What models were and are called.

    Attributes:
        renamed: key of today by former key.
        kept: the other models, whose keys may have a former key in them.
    """

    renamed: Mapping[str, str]
    kept: Sequence[str] = ()

    @cached_property
    def _spoken(self) -> dict[str, str]:
        """Keys and how people write them, former to today's."""
        words = {_in_words(old): _in_words(new) for old, new in self.renamed.items()}
        return {**{key: key for key in self.kept}, **self.renamed, **words}

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        words = sorted(self._spoken, key=len, reverse=True)
        return re.compile("|".join(rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])" for word in words))

    def key(self, model: str) -> str:
        """The key of today."""
        return self.renamed.get(model, model)

    def text(self, text: str) -> str:
        """A text with models called as today, in pictures as well."""
        if "base64," in text:
            text = _PICTURE.sub(lambda picture: self._drawn(picture[0]), text)
        return self._pattern.sub(lambda found: self._spoken[found[0]], text)

    def _drawn(self, picture: str) -> str:
        return b64encode(self.text(b64decode(picture).decode()).encode()).decode()

    def are_in(self, text: str) -> bool:
        """Whether a text names a model by a former key."""
        return any(self._spoken[found[0]] != found[0] for found in self._pattern.finditer(text))


def _in_words(model: str) -> str:
    return model.replace("_", " ").capitalize()


@dataclass(frozen=True)
class RenamedModels:
    """The files of one data folder, and what its models were and are called."""

    layout: Layout
    names: ModelNames

    def require_no_choice(self) -> None:
        """Refuse a folder that holds a model under both keys, unless a migration that was broken off left it so.

        Raises:
            MigrationError: it does.
        """
        for old, new in self.names.renamed.items():
            former, present = _folders(self.layout, old), _folders(self.layout, new)
            if former and present and not self.layout.unfinished_migration().is_file():
                named = ", ".join(_below(self.layout, folder) for folder in (*former, *present))
                raise MigrationError(
                    folder=self.layout.data_dir,
                    reason=f"it holds both {old} and {new} ({named}), and one cannot take the other's place",
                    fix=f"Move the folders of the one that is not to be {new} out of it, or restore a backup.",
                )

    def tables(self) -> list[str]:
        """The tables that are moved, those of all models, whose cells may hold a key, and those with new columns."""
        known = {*monthly_tables(self.layout), *(version.table for version in self._log())}
        is_shared = re.compile("monitoring/[^/]+").fullmatch
        return sorted(
            table for table in known if self.new_table(table) != table or is_shared(table) or table in _GAINED
        )

    def new_table(self, table: str) -> str:
        """What a table is called today."""
        layer, name, *rest = table.split("/")
        return "/".join([layer, self.names.key(name) if layer in _FOLDERS else name, *rest])

    def months(self, table: str) -> list[Path]:
        """The months of a table that are to be written anew."""
        files = month_files(self.layout.table(table)).values()
        return [file for file in files if self.new_table(table) != table or self._renamed(file, table) is not None]

    def migrate_table(self, table: str) -> None:
        """Move a table, with the keys of today in its cells; what it was stays in the archive."""
        new, layout, files = self.new_table(table), self.layout, self.months(table)
        for file in files:
            month = parse_month(file.stem)
            keep_file(file, layout.former_version(table, month, file_sha256(file)))
            _put(self._renamed(file, table) or file.read_bytes(), layout.month_file(new, month), like=file)
        former = [version for version in self._log() if version.table == table]
        hashes = {version: self._keep_renamed(version, new) for version in former}
        changed = {one.sequence for one in former if new != table or hashes[one] != one.sha256}
        TableVersionLog(layout).restate(new, [one for one in former if one.sequence in changed], hashes)
        if new != table:
            for file in files:
                file.unlink()
            _remove_empty(layout.table(table), until=layout.data_dir)

    def _log(self) -> list[TableVersion]:
        return TableVersionLog(self.layout).records()

    def _keep_renamed(self, version: TableVersion, new: str) -> str:
        """The hash that a version of a table has under the keys of today; the archive gets it where no file has it."""
        file = version_file(self.layout, version.table, version.month, version.sha256)
        renamed = self._renamed(file, version.table) if file is not None else None
        if file is None or (renamed is None and new == version.table):
            return version.sha256
        content = renamed or file.read_bytes()
        sha256 = sha256_of(content)
        if version_file(self.layout, new, version.month, sha256) is None:
            _put(content, self.layout.former_version(new, version.month, sha256), like=file)
        return sha256

    def _renamed(self, file: Path, table: str) -> bytes | None:
        """The bytes of a month with the keys and columns of today; None where they are those that it has."""
        frame = pl.read_parquet(file, glob=False)
        held = [name for name in _COLUMNS if frame.schema.get(name) == pl.String]
        renamed = frame.with_columns(pl.col(name).replace(self.names.renamed) for name in held)
        said = {name: value for name, value in pl.read_parquet_metadata(file).items() if name == SCHEMA_KEY}
        schema = self.layout.tables.schema(table) if table in _GAINED else None
        if schema is not None:
            gained = {name: value for name, value in _GAINED[table].items() if name not in frame.columns}
            renamed = renamed.with_columns(pl.lit(value).alias(name) for name, value in gained.items())
            renamed, said = renamed.select(schema.column_names()), file_metadata(schema)
        if renamed.equals(frame):
            return None
        if "observed_month" in renamed.columns:
            # The platform writes the rows of this table in the order of the keys.
            renamed = renamed.sort("snapshot_month", "observed_month", "model", maintain_order=True)
        buffer = io.BytesIO()
        renamed.write_parquet(buffer, compression="zstd", statistics=True, metadata=said)
        return buffer.getvalue()

    def record(self) -> None:
        """Write into the audit log which key takes the place of which, once."""

        def is_known(records: Sequence[AuditRecord]) -> bool:
            return any(one.entry.action == RENAMED and one.entry.details.get("former") == old for one in records)

        log = AuditLog(self.layout)
        for old, new in self.names.renamed.items():
            about: list[date] = [one.entry.effective_month for one in log.records() if one.entry.model == old]
            if about:
                entry = Entry(
                    action=RENAMED,
                    model=new,
                    model_version="",
                    actor=COMMAND,
                    reasons=(f"The model {old} is called {new} from here on, and older records are about it.",),
                    effective_month=max(about),
                    details={"former": old},
                )
                log.append(entry, unless=is_known)

    def move_versions(self) -> None:
        """Move the folders of versions, the marks of retrainings, and the documents about versions, as they are."""
        layout = self.layout
        for old, new in self.names.renamed.items():
            _move_all(layout.model(old), layout.model(new))
            _move_all(layout.version_report(old, "any", "").parent, layout.version_report(new, "any", "").parent)
            for file in sorted(layout.retraining("any").parent.glob(f"retrain_{old}_*")):
                file.replace(file.with_name(file.name.replace(old, new, 1)))

    def reports(self) -> Iterator[Path]:
        """The reports that name a model by a former key."""
        for where, _, names in os.walk(self.layout.report("")):
            for file in (Path(where, name) for name in sorted(names)):
                if file.suffix in _TEXTS and self.names.are_in(file.read_text(encoding="utf-8")):
                    yield file

    def migrate_report(self, file: Path) -> None:
        """Have a report call models as today."""
        write_text(file, self.names.text(file.read_text(encoding="utf-8")))


def _put(content: bytes, target: Path, *, like: Path) -> None:
    with whole_file(target, is_private=not like.stat().st_mode & _OTHERS) as part:
        part.write_bytes(content)


def _move_all(folder: Path, to: Path) -> None:
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        to.mkdir(parents=True, exist_ok=True)
        path.replace(to / path.name)
    _remove_empty(folder, until=folder.parent)


def _remove_empty(folder: Path, *, until: Path) -> None:
    """Remove a folder and those it lies in, as long as they are empty."""
    while folder != until and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
