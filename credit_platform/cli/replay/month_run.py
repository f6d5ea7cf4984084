"""Making one month of a table again by the platform's own assets, in a folder where the past was put.

Which editions are made again, and what the result is held against, belongs to `replay`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg

from credit_platform.automation.run_problems import step_failure
from credit_platform.cli.book import Book
from credit_platform.cli.run.runs import QUIET
from credit_platform.code_location import build_definitions
from credit_platform.errors import PolicyError, ReplayError
from credit_platform.instance.shared_history import asset_key
from credit_platform.lake.files import write_bytes
from credit_platform.lake.tables.monthly import Lake
from credit_platform.lake.tables.past_lake import PastLake
from credit_platform.lake.tables.table_versions import TableVersion
from credit_platform.months import month_key
from credit_platform.policy.load import Policy, policy_document, read_policy_document
from credit_platform.portfolios.tables import Tables

_RELEASE = "If another release of the platform wrote it, replay with that one."


@dataclass(frozen=True)
class _MadeBeside:
    """A table that was made beside another, for its own edition to come, and what both were made of."""

    file: Path
    made_of: tuple[str, ...]


@dataclass
class Workshop:
    """Makes editions again.

    Attributes:
        book: the book whose editions they are.
        past: the tables as they stood when the edition was made.
        instance: an instance that keeps nothing.
    """

    book: Book
    past: PastLake
    instance: dg.DagsterInstance
    _repositories: dict[str, dg.RepositoryDefinition] = field(default_factory=dict)
    _beside: dict[str, _MadeBeside] = field(default_factory=dict)

    def make(self, edition: TableVersion) -> Path:
        """The file of a table's month, made again from what the past holds; it stays where it is.

        A table that the same asset writes beside it stands afterwards as it stood before: its bytes may not have
        changed with this edition, and then no edition of its own puts it back.

        Raises:
            ReplayError: the policy is not kept any more, no asset makes the table, or the asset failed.
        """
        tables = _made_together(self.past.layout.tables, edition.table)
        siblings = [table for table in tables if table != edition.table]
        made_of = self._made_of(edition) if siblings else ()
        beside = self._beside.pop(edition.table, None)
        if beside is not None and beside.made_of == made_of:
            return beside.file
        stood = {table: self.past.file_of(table, edition.month) for table in siblings}
        for table in tables:
            self.past.remove(table, edition.month)
        try:
            self._run(edition, tables)
            files = {table: self._set_aside(table, edition) for table in tables}
        finally:
            for table, file in stood.items():
                self.past.remove(table, edition.month)
                if file is not None:
                    self.past.put(table, edition.month, file)
        self._beside |= {table: _MadeBeside(files[table], made_of) for table in siblings}
        return files[edition.table]

    def _made_of(self, edition: TableVersion) -> tuple[str, ...]:
        """What a month of silver and its quarantine are made of: policy, the file of the delivery, earlier months."""
        name = edition.table.split("/", maxsplit=1)[1]
        delivery = self.past.file_of(self.past.layout.tables.bronze_of[name], edition.month)
        source = next(source for source in self.past.layout.portfolio.sources if source.table == name)
        stood = Lake(self.past.layout).months(f"silver/{name}") if source.look_back else []
        before = (self.past.file_of(f"silver/{name}", month) for month in stood if month < edition.month)
        return edition.policy_sha256, str(delivery), *map(str, before)

    def _run(self, edition: TableVersion, tables: Sequence[str]) -> None:
        keys = {asset_key(self.past.layout.portfolio, table) for table in tables}
        repository = self._repository(edition)
        jobs = (job for job in repository.get_all_jobs() if keys.issubset(job.asset_layer.executable_asset_keys))
        job = next((job for job in jobs if not job.name.startswith("__")), None)
        if job is None:
            raise _not_made(edition, f"no asset of this release makes {edition.table}", _RELEASE)
        self.past.decide(edition.audit_records)
        alone = job.get_subset(asset_selection=keys, asset_check_selection=set())
        result = alone.execute_in_process(
            run_config=QUIET, partition_key=month_key(edition.month), instance=self.instance, raise_on_error=False
        )
        if not result.success:
            said = [reason for event in result.all_events if event.is_step_failure for reason in step_failure(event)]
            raise _not_made(edition, "; ".join(said) or "its asset failed", "Mend what it names and replay again.")

    def _set_aside(self, table: str, edition: TableVersion) -> Path:
        made = self.past.layout.month_file(table, edition.month)
        if not made.is_file():
            raise _not_made(edition, "its asset wrote no file", _RELEASE)
        place = self.past.layout.remade_file(table, edition.sequence)
        place.parent.mkdir(parents=True, exist_ok=True)
        return made.rename(place)

    def _repository(self, edition: TableVersion) -> dg.RepositoryDefinition:
        if edition.policy_sha256 not in self._repositories:
            policy = self._policy(edition)
            settings = self.book.settings.model_copy(
                update={"data_dir": self.past.root, "raw_dir": self.past.root / "raw", "policy": policy}
            )
            # Or every table would look for the policy's files to keep them.
            write_bytes(self.past.layout.kept_policy(policy.sha256), policy_document(policy))
            definitions = build_definitions(settings.portfolio, settings)
            self._repositories[edition.policy_sha256] = definitions.get_repository_def()
        return self._repositories[edition.policy_sha256]

    def _policy(self, edition: TableVersion) -> Policy:
        current = self.book.settings.policy
        if edition.policy_sha256 in {"", current.sha256}:
            return current
        file = self.book.lake.layout.kept_policy(edition.policy_sha256)
        if not file.is_file():
            raise _not_made(
                edition,
                f"it was made under policy {edition.policy_sha256[:12]}, which is not kept; today's is another",
                f"Restore {file} from a backup, or replay with that policy in CREDIT_POLICY_DIR.",
            )
        try:
            return read_policy_document(
                file.read_bytes(), self.book.settings.portfolio.terms, sha256=edition.policy_sha256, file=file
            )
        except PolicyError as error:
            raise _not_made(edition, str(error), f"Restore it from a backup. {_RELEASE}") from error


def _made_together(tables: Tables, table: str) -> tuple[str, ...]:
    """The tables that one asset writes."""
    layer, name = table.split("/", maxsplit=1)
    if layer in {"silver", "quarantine"} and name in tables.bronze_of:
        return f"quarantine/{name}", f"silver/{name}"
    return (table,)


def _not_made(edition: TableVersion, reason: str, fix: str) -> ReplayError:
    return ReplayError(month=edition.month, reason=reason, fix=fix)
