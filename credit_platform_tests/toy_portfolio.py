"""A small second book: two sources, a label after two months, keys of its own. It lives on the same spine as the loans.

It is a gym: members sign contracts, and a contract is bad that is cancelled by its second month. What a portfolio must
say is said here and nowhere else; its life is tested in test_toy_portfolio.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import dataframely as dy
import polars as pl
import yaml
from pydantic import Field
from typing_extensions import override

from credit_platform.months import source_date
from credit_platform.policy.model_config import FeaturePolicy, LabelPolicy, ModelConfig
from credit_platform.portfolios.cases import Cases
from credit_platform.portfolios.feature_set import FeatureInput, FeatureSet
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.portfolio import Outcome, Portfolio, Words
from credit_platform.portfolios.source import DueRows, Source
from credit_platform.schemas.cleaning.cells import (
    SOURCE,
    NumberCell,
    date_is_readable,
    identifier_is_readable,
    key_is_unique,
    snapshot_date_lies_in_its_month,
)
from credit_platform.schemas.cleaning.keys import identifier
from credit_platform.schemas.cleaning.rule import CleaningRule, Strategies
from credit_platform.schemas.cleaning.table import TableCleaning
from credit_platform.schemas.cleaning.table_cleaning import Cleaned, clean_table, source_columns
from credit_platform.schemas.source_cells import SourceCells

CONTRACTS, MEMBERS = "silver/contracts", "silver/members"


def _text() -> dy.String:
    return dy.String(nullable=True, description="As delivered, as text")


class _Line(dy.Schema):
    snapshot_date = _text()
    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="Month of the snapshot, first day")
    source_file = dy.String(primary_key=True, description="Name of the file the row came from")
    source_line = dy.Int64(primary_key=True, min=1, description="Line of the row in that file, counted from 1")


class GymContracts(_Line):
    """One row per line of the contracts file."""

    contract = _text()
    member = _text()
    age_in_months = _text()
    fee = _text()
    cancelled = _text()


class GymMembers(_Line):
    """One row per line of the members file."""

    member = _text()
    distance = _text()


class _Cleaned(dy.Schema):
    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="Month of the snapshot, first day")
    snapshot_date = dy.Date(description="Day of the snapshot")
    member_id = dy.String(min_length=1, description="Member")
    repairs = dy.List(dy.String(nullable=True), description="Names of the repairs made to the row, sorted")


class Contracts(_Cleaned):
    """One row per contract and month."""

    contract_id = dy.String(primary_key=True, min_length=1, description="Contract")
    age_months = dy.Int32(min=0, description="Months since it was signed")
    fee_amount = dy.Float64(nullable=True, min=0, description="Fee per month, currency units")
    is_cancelled = dy.Int32(min=0, max=1, description="1 when it is cancelled")


class Members(_Cleaned):
    """One row per member and month."""

    member_id = dy.String(primary_key=True, min_length=1, description="Member")
    distance_km = dy.Float64(nullable=True, min=0, description="From home to the gym, kilometres")


def _cleaning(
    bronze: type[dy.Schema], silver: type[dy.Schema], keys: Mapping[str, str], cells: tuple[NumberCell, ...]
) -> TableCleaning:
    key = next(iter(keys))
    rejections = tuple(identifier_is_readable(source, value) for source, value in keys.items())
    return TableCleaning(
        source_columns=source_columns(bronze),
        columns=tuple(silver.column_names()),
        key=(keys[key],),
        cells=tuple(cell.number() for cell in cells),
        values={"snapshot_date": source_date(f"{SOURCE}snapshot_date")}
        | {value: identifier(source) for source, value in keys.items()}
        | {cell.name: cell.value() for cell in cells},
        repairs=tuple(rule for cell in cells for rule in cell.rules()),
        rejections=(
            *rejections,
            date_is_readable("snapshot_date"),
            snapshot_date_lies_in_its_month(),
            key_is_unique(key),
        ),
    )


_OF_CONTRACTS = _cleaning(
    GymContracts,
    Contracts,
    {"contract": "contract_id", "member": "member_id"},
    tuple(
        NumberCell.of(Contracts, name, source)
        for name, source in (("age_months", "age_in_months"), ("fee_amount", "fee"), ("is_cancelled", "cancelled"))
    ),
)
_OF_MEMBERS = _cleaning(
    GymMembers, Members, {"member": "member_id"}, (NumberCell.of(Members, "distance_km", "distance"),)
)


def _rules(table: TableCleaning) -> tuple[CleaningRule, ...]:
    return (*table.repairs, *table.rejections)


class GymFeatures(dy.Schema):
    """One row per contract when it is signed."""

    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="Month of signature")
    contract_id = dy.String(primary_key=True, min_length=1, description="Contract")
    member_id = dy.String(min_length=1, description="Member")
    fee_amount = dy.Float64(nullable=True, min=0, description="Fee per month, currency units")
    distance_km = dy.Float64(nullable=True, min=0, description="From home to the gym, kilometres")
    zone = dy.String(nullable=True, description="Near or far")
    has_member = dy.Bool(description="Whether the member is known")
    sources_present = dy.String(description="Sources present, joined by +")


class GymLabels(dy.Schema):
    """One row per contract that is two months old in this month."""

    contract_id = dy.String(primary_key=True, min_length=1, description="Contract")
    member_id = dy.String(min_length=1, description="Member")
    label = dy.Int8(is_in=(0, 1), description="1 when it was cancelled")
    label_def = dy.String(min_length=1, description="Definition")
    cohort = dy.Date(resolution="1mo", description="Month of signature")
    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="Month the label was read")


class GymLabelPolicy(LabelPolicy):
    """Cancelled after so many months."""

    months: int = Field(ge=1)

    @property
    @override
    def lag_months(self) -> int:
        return self.months

    @property
    @override
    def label_def(self) -> str:
        return f"cancelled_{self.months}m"

    @property
    @override
    def in_words(self) -> str:
        return f"is cancelled within {self.months} months"


class GymConfig(ModelConfig):
    """The model configuration of the gym."""

    label: GymLabelPolicy
    features: FeaturePolicy


def _features(silver: Mapping[str, pl.LazyFrame], _config: ModelConfig) -> pl.LazyFrame:
    members = silver[MEMBERS].select("snapshot_month", "member_id", "distance_km", has_member=pl.lit(value=True))
    return (
        silver[CONTRACTS]
        .filter(pl.col("age_months") == 0)
        .join(members, on=["snapshot_month", "member_id"], how="left")
        .with_columns(
            pl.col("has_member").fill_null(value=False),
            zone=pl.when(pl.col("distance_km") < 5).then(pl.lit("near")).otherwise(pl.lit("far")),
        )
        .with_columns(sources_present=pl.when("has_member").then(pl.lit("members")).otherwise(pl.lit("")))
        .select(GymFeatures.column_names())
        .sort("snapshot_month", "contract_id")
    )


def _labels(cases: pl.LazyFrame, label: LabelPolicy) -> pl.LazyFrame:
    return (
        cases.filter(pl.col("age_months") == label.lag_months)
        .select(
            "contract_id",
            "member_id",
            pl.col("is_cancelled").cast(pl.Int8).alias("label"),
            pl.lit(label.label_def).alias("label_def"),
            pl.col("snapshot_month").dt.offset_by(f"-{label.lag_months}mo").alias("cohort"),
            "snapshot_month",
        )
        .sort("snapshot_month", "contract_id")
    )


def _policy_dir() -> Path:
    """The files shipped for the loans with what is the gym's own; made anew, as they are nobody's to keep."""
    folder = Path(tempfile.mkdtemp(prefix="gym-policy-"))
    for file in LOANS.policy_dir.glob("*.yaml"):
        (folder / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    model = yaml.safe_load((folder / "model_config.yaml").read_text(encoding="utf-8"))
    short = {"train": 4, "validation": 1, "test": 1, "oot": 1}
    model |= {
        "label": {"months": 2},
        "sources": {"gym_contracts": {"required": True}, "gym_members": {"required": False}},
        "features": {},
        "windows": {"mode": "relative", "relative": short, "triggered": {**short, "train": 2}},
        "gates": dict.fromkeys(model["gates"], 1.0) | {"min_oot_roc_auc": 0.5, "gaps_judged_by": "value"},
    }
    model["scoring"]["backfill_months"] = 2
    model["selection"]["min_samples"] = 50
    reasons = yaml.safe_load((folder / "reason_codes.yaml").read_text(encoding="utf-8"))
    given = next(reason for reason in reasons["reasons"].values() if reason["is_given"])
    reasons["reasons"] = {
        name: given | {"code": f"R{n:02}", "internal": f"The {name}", "consumer": f"Your contract's {name}"}
        for n, name in enumerate(("fee_amount", "distance_km", "zone"), start=1)
    }
    (folder / "model_config.yaml").write_text(yaml.safe_dump(model), encoding="utf-8")
    (folder / "reason_codes.yaml").write_text(yaml.safe_dump(reasons), encoding="utf-8")
    return folder


def _clean(table: TableCleaning, bronze: pl.LazyFrame, strategies: Strategies) -> Cleaned:
    return clean_table(bronze, table, strategies=strategies)


_DUE = DueRows("select snapshot_month, count(*) as n_due, count(*) as n_covered from cases group by snapshot_month")
GYM = Portfolio(
    name="gym",
    sources=(
        Source(
            name="gym_contracts",
            bronze=GymContracts,
            table="contracts",
            silver=Contracts,
            clean=lambda bronze, _config, strategies: _clean(_OF_CONTRACTS, bronze, strategies),
            rules=_rules(_OF_CONTRACTS),
            cells=SourceCells(key=("contract",), numbers=("age_in_months", "fee", "cancelled")),
            due=_DUE,
            volume=(pl.col("age_months") == 0).sum(),
            must_be_required=True,
        ),
        Source(
            name="gym_members",
            bronze=GymMembers,
            table="members",
            silver=Members,
            clean=lambda bronze, _config, strategies: _clean(_OF_MEMBERS, bronze, strategies),
            rules=_rules(_OF_MEMBERS),
            cells=SourceCells(key=("member",), numbers=("distance",)),
            due=_DUE,
        ),
    ),
    cases=Cases(
        table=CONTRACTS,
        key="contract_id",
        customer="member_id",
        noun="contract",
        is_new=pl.col("age_months") == 0,
        months_on_book=pl.col("age_months"),
    ),
    features=FeatureSet(
        schema=GymFeatures,
        inputs=(FeatureInput(CONTRACTS, "month"), FeatureInput(MEMBERS, "month")),
        build=_features,
        numeric=("fee_amount", "distance_km"),
        categorical=("zone",),
        directions={"distance_km": 1},
        split_directions={"distance_km": 1},
        source_flags={"members": "has_member"},
    ),
    outcome=Outcome(schema=GymLabels, build=_labels),
    words=Words(case="contract", cases="contracts", event="cancellation", book="gym"),
    policy_dir=_policy_dir(),
    config=GymConfig,
)
