"""What is known of a case when it is scored: features, evidence groups, and what they are made of.

Which there are is written in a book's own folder; what scoring makes of them, in `scoring.transformers`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, Self

import dataframely as dy
import polars as pl

from credit_platform.policy.model_config import ModelConfig

Direction = Literal[-1, 1]
# A column as table and name, and the columns of a table, each with those it is made of.
Column = tuple[str, str]
Lineage = Mapping[str, tuple[Column, ...]]


@dataclass(frozen=True)
class Levels:
    """The levels the book makes of a categorical feature, and what any other text is read as; None is missing.

    `is_ordered` says that the names go from one end to the other, so that a tree may split between two of them.
    """

    names: tuple[str, ...]
    otherwise: str | None = None
    is_ordered: bool = False


@dataclass(frozen=True, eq=False)
class Feature:
    """What a book says of one feature: `metadata={"feature": ...}` of its column in the schema of gold/feature_store.

    Attributes:
        code: of the reason it may be; policy may change the reason (`reason_codes.yaml`).
        internal: the reason for the lender's own people.
        consumer: the reason for the customer.
        never_given: why it is not given as a reason; empty where it is.
        direction: +1 where a risk officer expects more of it to be riskier, -1 where safer.
        holds_in_splits: whether the direction holds everything else being equal, so for models of many splits.
        formula: over the columns of the case's row; None where the column is there before features are computed.
        levels: of a categorical feature; None for any.
        is_specific: whether the reason tells the customer enough by itself; one that does not never comes first.
    """

    code: str
    internal: str
    consumer: str
    never_given: str = ""
    direction: Direction | None = None
    holds_in_splits: bool = True
    formula: pl.Expr | None = None
    levels: Levels | None = None
    is_specific: bool = True

    @property
    def reason(self) -> dict[str, object]:
        """Its entry in the catalogue of reasons."""
        said = {"code": self.code, "internal": self.internal, "consumer": self.consumer}
        vague = {} if self.is_specific else {"is_specific": False}
        return {**said, "is_given": not self.never_given, **vague}


# Characteristics that a model makes of several features at once, the leaves of small trees, and what is said of them
# where policy does not say it. Which features a case's own leaf is about is said beside.
COMBINATIONS: Mapping[str, Feature] = {
    f"combination_{number}": Feature(
        f"CMB{number:02}",
        f"Combination {number} of several features",
        "How several facts of your application come together",
    )
    for number in (1, 2, 3)
}
_OF_COMBINATIONS = {name: one.reason for name, one in COMBINATIONS.items()}


def declared_features(schema: type[dy.Schema]) -> dict[str, Feature]:
    """The features of a schema's columns by name, in their order."""
    said = {name: (column.metadata or {}).get("feature") for name, column in schema.columns().items()}
    return {name: feature for name, feature in said.items() if isinstance(feature, Feature)}


@dataclass(frozen=True)
class EvidenceGroup:
    """Columns that add up over a customer's history, of which scoring makes one number fitted with each version.

    Attributes:
        name: of the group; `<name>_months` in policy says how far back it is summed.
        channels: the columns of one month.
        sums: columns of the feature store with each channel's sum, in the order of `channels`.
        means: likewise each channel's mean over the months seen.
        months: column of the feature store with the number of months seen; 0 is no history.
        table: asset key of the silver table that is summed.
        flag: column of the feature store that says whether there is any history.
        declared: what the book says of the one number made of it; None where its set and policy say it.
    """

    name: str
    channels: tuple[str, ...]
    sums: tuple[str, ...]
    means: tuple[str, ...]
    months: str
    table: str
    flag: str
    declared: Feature | None = None

    @property
    def feature(self) -> str:
        """Name of the one number made of the group, in model files, reasons and charts."""
        return f"{self.name}_evidence"


@dataclass(frozen=True)
class FeatureInput:
    """A silver table that features are made of.

    Attributes:
        table: its asset key.
        reach: `month` for the rows of the month alone, `history` for those of every month up to it, a number of months
            up to it and with it, or the name of an evidence group for as many months as policy sums.
    """

    table: str
    reach: str | int


@dataclass(frozen=True)
class FeatureSet:
    """What is known of a case when it is scored.

    Attributes:
        schema: of gold/feature_store.
        inputs: silver tables it is built from; the first is the cases table of the month.
        build: rows of the inputs by table, and the policy, to feature store rows.
        numeric: numeric and Boolean features.
        categorical: features of levels.
        levels: categorical feature to the levels the book makes of it; features left out have any.
        evidence: groups that add up over a history.
        directions: features a risk officer expects to point one way; +1 more is riskier, -1 more is safer.
        split_directions: those of them that hold everything else being equal, for models of many splits.
        source_flags: short name of a source to the column that says whether it was known, sorted.
        lineage: every silver table and the feature store, column by column.
        excluded: source and column that no model reads, with the reason.
        reasons: entries of the catalogue of reasons that the book's own `reason_codes.yaml` need not have.
    """

    schema: type[dy.Schema]
    inputs: tuple[FeatureInput, ...]
    build: Callable[[Mapping[str, pl.LazyFrame], ModelConfig], pl.LazyFrame]
    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    levels: Mapping[str, Levels] = field(default_factory=dict)
    evidence: tuple[EvidenceGroup, ...] = ()
    directions: Mapping[str, Direction] = field(default_factory=dict)
    split_directions: Mapping[str, Direction] = field(default_factory=dict)
    source_flags: Mapping[str, str] = field(default_factory=dict)
    lineage: Callable[[], Mapping[str, Lineage]] = dict
    excluded: tuple[tuple[str, str, str], ...] = ()
    reasons: Mapping[str, Mapping[str, object]] = field(default_factory=lambda: dict(_OF_COMBINATIONS))

    def with_declared(self) -> Self:
        """The set with the features that the columns of its schema and its groups declare; text is categorical."""
        columns, types = declared_features(self.schema), self.schema.columns()
        known = columns | {group.feature: group.declared for group in self.evidence if group.declared}
        directions = {name: one.direction for name, one in known.items() if one.direction}
        return replace(
            self,
            numeric=tuple(name for name in columns if types[name].dtype != pl.String),
            categorical=tuple(name for name in columns if types[name].dtype == pl.String),
            levels={name: one.levels for name, one in columns.items() if one.levels},
            directions=directions,
            split_directions={name: sign for name, sign in directions.items() if known[name].holds_in_splits},
            reasons={name: one.reason for name, one in known.items()} | _OF_COMBINATIONS,
        )

    @property
    def combinable(self) -> tuple[str, ...]:
        """What the trees of a scorecard may split on: numbers and ordered levels that may be given as a reason.

        No column of an evidence group is among them, so that combinations are there for cases without its history.
        """
        kept_out = {group.months for group in self.evidence}
        kept_out |= {name for name, reason in self.reasons.items() if not reason["is_given"]}
        ordered = (name for name in self.categorical if name in self.levels and self.levels[name].is_ordered)
        return tuple(name for name in (*self.numeric, *ordered) if name not in kept_out)

    @property
    def explained(self) -> tuple[str, ...]:
        """What a score is made of, and so what a reason may name."""
        evidence = (group.feature for group in self.evidence)
        return (*self.numeric, *self.categorical, *evidence, *COMBINATIONS)

    def tables_of(self, source: str) -> set[str]:
        """The silver tables of a source, by its short name."""
        lineage = self.lineage().get("gold/feature_store", {})
        return {table for table, _ in lineage.get(self.source_flags[source], ())} - {self.inputs[0].table}

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the feature store that a model may read, in their order."""
        return (*self.numeric, *self.categorical, *(name for group in self.evidence for name in group.sums))
