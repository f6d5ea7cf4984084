"""Dagster's history of renamed models, reported again under the asset keys of today, so that nothing shows as missing.

Nothing that was recorded is changed: materializations and check results are reported once more, outside any run, in the
order in which they were made, and what was reported before is passed over. Files belong to `lake.renamed_models`.
"""

import json
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

import dagster as dg

from credit_platform.assets.models.retrain_claim import RETRAIN_TAG
from credit_platform.automation.retraining import RETRAIN_ON_ACTION
from credit_platform.checks.reporting import latest_materializations
from credit_platform.instance.dagster_internals import (
    INPUT_EVENT_POINTER_TAG_PREFIX,
    RawMetadataValue,
    SensorInstigatorData,
)
from credit_platform.lake.renamed_models import ModelNames
from credit_platform.months import parse_month

# On an event that was reported again: where the first one lies.
REPEATS_TAG = "credit_platform/repeats_event"
_AT_ONCE, _ALL = 1000, 1_000_000
_MODEL_TAG = "credit_platform/model"


@dataclass(frozen=True)
class _Repeat:
    """A materialization to be reported again, and under which key."""

    storage_id: int
    key: dg.AssetKey
    said: dg.AssetMaterialization


@dataclass
class RenamedAssets:
    """The history of one instance.

    Attributes:
        instance: the instance.
        names: what models were and are called.
        places: by asset key of today, where each former event lies that was reported again, and where its repeat does.
    """

    instance: dg.DagsterInstance
    names: ModelNames
    places: dict[dg.AssetKey, dict[int, int]] = field(default_factory=dict)

    def repeats(self) -> list[_Repeat]:
        """Every event of a renamed asset, and of what was made of one the newest of each month, oldest first."""
        found: list[_Repeat] = []
        for key in self.instance.all_asset_keys():
            new, of_months = self._new(key), dict[str | None, _Repeat]()
            for record in self._events(key):
                if record.asset_materialization is not None:
                    repeat = _Repeat(record.storage_id, new, record.asset_materialization)
                    if new == key:
                        of_months[record.partition_key] = repeat
                    else:
                        found.append(repeat)
            found += [one for one in of_months.values() if any(map(self.names.are_in, one.said.tags or ()))]
        return sorted(found, key=lambda repeat: repeat.storage_id)

    def bring_up_to_date(
        self, checks: Collection[dg.AssetCheckKey], on_event: Callable[[int, int], None] = lambda *_: None
    ) -> None:
        """Report again what is known of renamed models; runs and the retrain sensor go by the keys of today.

        Args:
            checks: the checks of the code location.
            on_event: is told how many events are reported, and how many there are.
        """
        repeats = self.repeats()
        for key in {repeat.key for repeat in repeats} | {self._new(key) for key in self.instance.all_asset_keys()}:
            self.places[key] = {
                int(first): record.storage_id
                for record in self._events(key)
                if (said := record.asset_materialization) is not None and (first := (said.tags or {}).get(REPEATS_TAG))
            }
        for n_done, repeat in enumerate(repeats):
            on_event(n_done, len(repeats))
            if repeat.storage_id not in self.places[repeat.key]:
                self.places[repeat.key][repeat.storage_id] = self._report(repeat)
        for check in sorted(checks, key=lambda check: check.to_user_string()):
            if self.places.get(check.asset_key):
                self._repeat_results(check)
        self._tag_runs()
        self._move_cursor()

    def report_stored(self, table: str, months: Sequence[str]) -> None:
        """Report the stored months of a table that the previous release wrote without an asset of its own, once."""
        key = dg.AssetKey(table.split("/"))
        known = self.instance.get_materialized_partitions(key)
        for month in sorted(set(months) - known):
            said = "Stored by the previous release, or by the migration from what it stored."
            self.instance.report_runless_asset_event(dg.AssetMaterialization(key, description=said, partition=month))

    def _new(self, key: dg.AssetKey) -> dg.AssetKey:
        return dg.AssetKey([self.names.key(part) for part in key.path])

    def _former(self, key: dg.AssetKey) -> dg.AssetKey:
        former = {new: old for old, new in self.names.renamed.items()}
        return dg.AssetKey([former.get(part, part) for part in key.path])

    def _events(self, key: dg.AssetKey) -> Iterator[dg.EventLogRecord]:
        cursor, has_more = None, True
        while has_more:
            found = self.instance.fetch_materializations(key, limit=_AT_ONCE, cursor=cursor, ascending=True)
            yield from found.records
            cursor, has_more = found.cursor, found.has_more

    def _report(self, repeat: _Repeat) -> int:
        """Report an event again, made of the repeats of what it was made of; where it lies."""
        said = repeat.said
        tags = {self.names.text(name): self._pointed_at(name, value) for name, value in (said.tags or {}).items()}
        metadata: dict[str, RawMetadataValue] = {
            self.names.text(name): self._value(value) for name, value in said.metadata.items()
        }
        self.instance.report_runless_asset_event(
            dg.AssetMaterialization(
                asset_key=repeat.key,
                partition=said.partition,
                description=said.description,
                metadata=metadata,
                tags=tags | {REPEATS_TAG: str(repeat.storage_id)},
            )
        )
        return self.instance.fetch_materializations(repeat.key, limit=1).records[0].storage_id

    def _pointed_at(self, tag: str, value: str) -> str:
        """The value of a tag; where it points at an event of a renamed asset, at the repeat of that event."""
        former = tag.removeprefix(f"{INPUT_EVENT_POINTER_TAG_PREFIX}/")
        if former == tag or not self.names.are_in(former) or not value.isdigit():
            return value
        places = self.places[self._new(dg.AssetKey(former.split("/")))]
        return str(self._repeat_of(places, int(value)) or value)

    @staticmethod
    def _repeat_of(places: dict[int, int], storage_id: int) -> int | None:
        """Where the repeat of an event lies, or of the last one before it."""
        known = sorted(places)
        before = bisect_right(known, storage_id)
        return places[known[before - 1]] if before else None

    def _value(self, value: RawMetadataValue) -> RawMetadataValue:
        text = self.names.text
        if isinstance(value, dg.TextMetadataValue):
            return dg.MetadataValue.text(text(value.text or ""))
        if isinstance(value, dg.MarkdownMetadataValue):
            return dg.MetadataValue.md(text(value.md_str or ""))
        if isinstance(value, dg.PathMetadataValue):
            return dg.MetadataValue.path(text(str(value.path)))
        return value

    def _repeat_results(self, check: dg.AssetCheckKey) -> None:
        """Report the newest result of a check for each month again, about the month's newest materialization."""
        history = self.instance.event_log_storage.get_asset_check_execution_history
        former = dg.AssetCheckKey(self._former(check.asset_key), check.name)
        done = {record.partition for record in history(check, limit=_ALL) if not record.run_id}
        repeated = {repeat for places in (self.places[check.asset_key],) for repeat in places.values()}
        found: dict[str, dg.AssetCheckEvaluation] = {}
        for record in history(former, limit=_ALL):
            event = record.event.dagster_event if record.event else None
            said = event.event_specific_data if event else None
            if record.run_id and record.partition and isinstance(said, dg.AssetCheckEvaluation):
                found.setdefault(record.partition, said)
        targets = latest_materializations(self.instance, check.asset_key, [parse_month(month) for month in found])
        for month, said in sorted(found.items()):
            target = targets.get(month)
            if month not in done and target is not None and target.storage_id in repeated:
                self.instance.report_runless_asset_event(
                    dg.AssetCheckEvaluation(
                        asset_key=check.asset_key,
                        check_name=check.name,
                        passed=said.passed,
                        metadata=dict(said.metadata),
                        severity=said.severity,
                        description=self.names.text(said.description or ""),
                        blocking=said.blocking,
                        partition=month,
                        target_materialization_data=target,
                    )
                )

    def _tag_runs(self) -> None:
        """Let runs be found by what they were retrainings of."""
        for run in self.instance.get_runs():
            own: dict[str, str] = {}
            for old, new in self.names.renamed.items():
                key = run.tags.get(RETRAIN_TAG.format(model=old))
                own |= {RETRAIN_TAG.format(model=new): self.names.text(key)} if key else {}
                own |= {_MODEL_TAG: new} if run.tags.get(_MODEL_TAG) == old else {}
            if own.items() - run.tags.items():
                self.instance.add_run_tags(run.run_id, own)

    def _move_cursor(self) -> None:
        """Let the retrain sensor go on behind the last action that it has seen."""
        for state in self.instance.all_instigator_state():
            data = state.instigator_data
            if state.instigator_name != RETRAIN_ON_ACTION or not isinstance(data, SensorInstigatorData):
                continue
            cursor = json.loads(data.cursor) if data.cursor else {"seen": {}, "pending": []}
            for old, new in self.names.renamed.items():
                seen = cursor["seen"].pop(old, None)
                places = self.places.get(dg.AssetKey(["monitoring", new, "action"]), {})
                repeat = self._repeat_of(places, seen) if seen is not None else None
                cursor["seen"] |= {new: repeat} if repeat is not None else {}
                for wanted in cursor["pending"]:
                    wanted["model"] = new if wanted["model"] == old else wanted["model"]
            if data.cursor:
                text = json.dumps(cursor, sort_keys=True)
                self.instance.update_instigator_state(state.with_data(data._replace(cursor=text)))
