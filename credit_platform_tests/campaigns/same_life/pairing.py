"""Which file of the old life belongs to which of the new one, although names hold hashes.

Versions are matched by model and month, policies and earlier table versions by the order in which they were written.
What the files say is compared elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

from credit_platform_tests.campaigns.same_life.declared import Declarations
from credit_platform_tests.campaigns.same_life.translation import Translation

_VERSION = re.compile(r"models/([^/]+)/(\d{4}-\d\d-\d\d)-[0-9a-f]{12}$")
_COMMIT = re.compile(r"[0-9a-f]{40}$")
_ONE_COMMIT = "<commit>"


@dataclass(frozen=True)
class Life:
    """A data folder after its life."""

    folder: Path
    declared: Declarations

    @cached_property
    def every_file(self) -> list[str]:
        """All files by their path below the folder, but for the run history, of which there are thousands."""
        history = self.folder / ".dagster"
        files = (file for file in self.folder.rglob("*") if file.is_file() and not file.is_relative_to(history))
        return sorted(file.relative_to(self.folder).as_posix() for file in files)

    @cached_property
    def files(self) -> list[str]:
        """The files that are compared."""
        return [file for file in self.every_file if self.declared.left_out_by(file) is None]

    @cached_property
    def sha256(self) -> dict[str, str]:
        """The hash of every compared file."""
        return {file: hashlib.sha256(self.read(file)).hexdigest() for file in self.files}

    def read(self, file: str) -> bytes:
        """The bytes of a file."""
        return (self.folder / file).read_bytes()

    def name_of(self, file: str) -> str:
        """A file of the old release by the name it has here: its own, or that of a declared rename."""
        moved = [re.sub(path.old, path.new, file) for path in self.declared.paths]
        return next((name for name in (file, *moved) if (self.folder / name).is_file()), file)

    def records(self, file: str) -> list[dict[str, object]]:
        """The records of a log as they are; none where there is no such log."""
        path = self.folder / self.name_of(file)
        return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []

    def known(self, file: str) -> list[dict[str, object]]:
        """The records of a log by the keys of the old release."""
        keys = {entry.new: entry.old for entry in self.declared.keys if fnmatchcase(self.name_of(file), entry.within)}
        return [{keys.get(key, key): value for key, value in record.items()} for record in self.records(file)]

    @cached_property
    def versions(self) -> list[str]:
        """The folders of versions, those of one model and month in the order in which they were registered."""
        folders = {str(Path(file).parent) for file in self.files if file.startswith("models/")}
        registered = [
            f"models/{record['model']}/{record['model_version']}"
            for record in self.known("audit/audit.jsonl")
            if record["action"] == "registered"
        ]
        order = {folder: place for place, folder in reversed(list(enumerate(registered)))}
        known = [folder for folder in folders if _VERSION.match(folder)]
        return sorted(known, key=lambda folder: (folder[:-12], order.get(folder, len(order)), folder))

    @cached_property
    def policies(self) -> list[str]:
        """The hashes of policies in the order in which tables were first made under them, then those of the archive."""
        used = [str(record["policy_sha256"]) for record in self.known("audit/editions.jsonl")]
        kept = [Path(file).stem for file in self.files if file.startswith("archive/policy/")]
        return list(dict.fromkeys([*used, *kept]))

    @cached_property
    def editions(self) -> dict[tuple[str, str], list[str]]:
        """The hashes of every file that a month of a table ever was, by table and month, in order."""
        found: dict[tuple[str, str], list[str]] = {}
        for record in self.known("audit/editions.jsonl"):
            months = record["months"]
            for month, sha256 in months.items() if isinstance(months, dict) else ():
                found.setdefault((str(record["table"]), month), []).append(str(sha256))
        return found

    @cached_property
    def manifests(self) -> dict[str, str]:
        """The hash that every manifest of a version states of itself."""
        files = [file for file in self.files if file.startswith("models/") and file.endswith("/manifest.json")]
        return {file: str(json.loads(self.read(file)).get("manifest_sha256")) for file in files}

    @cached_property
    def commits(self) -> set[str]:
        """The commits that wrote something."""
        stated = [
            record.get("git_commit") for log in ("audit", "editions") for record in self.known(f"audit/{log}.jsonl")
        ]
        manifests = [json.loads(self.read(file)) for file in self.files if file.endswith("/manifest.json")]
        stated += [manifest.get("git_commit") for manifest in manifests]
        return {commit for commit in stated if isinstance(commit, str) and _COMMIT.match(commit)}


def translation_of(old: Life, new: Life) -> Translation:
    """How names, version ids and hashes of the old life are said in the new one."""
    declared = old.declared
    there = set(new.files)
    models = tuple(m for m in declared.models if any(f"/{m.new}/" in f"/{file}" for file in there))
    paths = tuple(
        p for p in declared.paths if any((moved := re.sub(p.old, p.new, f)) != f and moved in there for f in old.files)
    )
    names = Translation(declared, models, paths)
    ids = dict(_versions(old, new, names)) | dict(zip(old.policies, new.policies, strict=False))
    for (table, month), written in old.editions.items():
        ids |= dict(zip(written, new.editions.get((names.name(table), month), []), strict=False))
    named = Translation(declared, models, paths, ids)
    for file, sha256 in old.sha256.items():
        counterpart = new.sha256.get(named.path(file))
        if counterpart is not None:
            ids[sha256] = counterpart
    ids |= {
        old.manifests[file]: new.manifests[named.path(file)]
        for file in old.manifests
        if named.path(file) in new.manifests
    }
    ids = {was: now for was, now in ids.items() if was != now}
    commits = dict.fromkeys(new.commits, _ONE_COMMIT)
    return Translation(declared, models, paths, ids | dict.fromkeys(old.commits, _ONE_COMMIT), commits)


def _versions(old: Life, new: Life, names: Translation) -> Iterator[tuple[str, str]]:
    theirs = _by_month(new.versions)
    for month, folders in _by_month([names.name(folder) for folder in old.versions]).items():
        for was, now in zip(folders, theirs.get(month, []), strict=False):
            yield Path(was).name, Path(now).name


def _by_month(folders: Sequence[str]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for folder in folders:
        found.setdefault(folder[:-13], []).append(folder)
    return found


@dataclass(frozen=True)
class Pairs:
    """Files by their names in the new life: in both, with the name in the old one, and in one only."""

    both: Mapping[str, str]
    old_only: Iterable[str]
    new_only: Iterable[str]


def pair(old: Life, new: Life, translation: Translation) -> Pairs:
    """Match the files of two lives."""
    moved = {translation.path(file): file for file in old.files}
    there = set(new.files)
    return Pairs(
        both={name: moved[name] for name in sorted(moved.keys() & there)},
        old_only=sorted(moved[name] for name in moved.keys() - there),
        new_only=sorted(there - moved.keys()),
    )
