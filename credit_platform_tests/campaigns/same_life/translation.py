"""From the names of the old life to those of the new one: model keys, paths, version ids and hashes.

Which files belong together is found in `pairing`; what is declared stands in `declared`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from credit_platform_tests.campaigns.same_life.declared import Column, Declarations, Key, ModelKey, Path

_IDS = re.compile(r"\d{4}-\d\d-\d\d-[0-9a-f]{12}(?![0-9a-f])|(?<![0-9a-f])(?:[0-9a-f]{64}|[0-9a-f]{40})(?![0-9a-f])")


@dataclass
class Translation:
    """Names of the old life in the words of the new one.

    `ids` are version ids and hashes that differ because names are hashed with the content, each with its counterpart.
    Of the new life only commits are replaced, by the same word as those of the old one.
    """

    declared: Declarations
    models: tuple[ModelKey, ...] = ()
    paths: tuple[Path, ...] = ()
    ids: Mapping[str, str] = field(default_factory=dict)
    commits: Mapping[str, str] = field(default_factory=dict)
    used: Counter[str] = field(default_factory=Counter)

    def path(self, path: str) -> str:
        """Where a file of the old life lies in the new one."""
        return self._ids(self.name(path), self.ids)

    def name(self, text: str) -> str:
        """A text with the declared names in place of the old ones."""
        for model in self.models:
            if model.old in text:
                self.used[f"{model.old} -> {model.new}: {model.cause}"] += 1
                text = text.replace(model.old, model.new)
        for path in self.paths:
            text, n = re.subn(path.old, path.new, text)
            if n:
                self.used[f"{path.old} -> {path.new}: {path.cause}"] += n
        return text

    def old(self, text: str, file: str) -> str:
        """A text of the old life as the new one would say it."""
        return self._words(self._ids(self.name(text), self.ids), file)

    def new(self, text: str, file: str) -> str:
        """A text of the new life without what is of the moment."""
        return self._words(self._ids(text, self.commits), file)

    def is_same(self, old: str, new: str, file: str) -> bool:
        """Whether two texts say the same but for what is declared."""
        return old == new or self.old(old, file) == self.new(new, file)

    def column(self, name: str, among: set[str], file: str) -> str:
        """What a column of the old life is called among those of the new one."""
        return self._renamed(name, among, file, self.declared.columns)

    def key(self, name: str, among: set[str], file: str) -> str:
        """What a key of the old life is called among those of the new one."""
        return self._renamed(name, among, file, self.declared.keys)

    def _renamed(self, name: str, among: set[str], file: str, entries: Sequence[Column | Key]) -> str:
        for entry in entries:
            is_meant = entry.old == name and fnmatchcase(file, entry.within)
            if is_meant and name not in among and entry.new in among:
                self.used[f"{entry.old} -> {entry.new} in {entry.within}: {entry.cause}"] += 1
                return entry.new
        if name in among:
            return name
        said = self.old(name, file)
        return said if said in among else self._reworded(said, file)

    def _reworded(self, name: str, file: str) -> str:
        """A name with every declared word in place of the old one."""
        for word in self.declared.words:
            if fnmatchcase(file, word.within):
                name = name.replace(word.old, word.new)
        return name

    def _words(self, text: str, file: str) -> str:
        for word in self.declared.words:
            if word.old in text and fnmatchcase(file, word.within):
                self.used[f"{word.old} -> {word.new} in {word.within}: {word.cause}"] += 1
                # Where the new words hold the old ones, only the way back ends.
                text = text.replace(word.new, word.old) if word.old in word.new else text.replace(word.old, word.new)
        return text

    @staticmethod
    def _ids(text: str, ids: Mapping[str, str]) -> str:
        return _IDS.sub(lambda found: ids.get(found[0], found[0]), text) if ids else text
