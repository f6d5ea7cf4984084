"""Where applications are scored one by one: by the versions of the newest promotions, with plans made once.

Each application is scored for itself, to the bits of the pipeline. Reading requests and writing the log belong to
`serving.http`; files of applications are scored by the command line, by the versions of their months.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import polars as pl

from credit_platform.lake.governance.promotions import PromotionLog, model_periods, version_in_force
from credit_platform.lake.models.stored_version import StoredVersion
from credit_platform.lake.tables.monthly import Lake
from credit_platform.policy.load import Policy
from credit_platform.policy.model_config import ModelConfig
from credit_platform.policy.reason_codes import ReasonCatalogue
from credit_platform.portfolios.application_rows import applications_of
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.scoring.explanation.reasons import REASON_COLUMNS
from credit_platform.scoring.predictions import unchecked_scores
from credit_platform.scoring.transformers.transformer import unseen_levels
from credit_platform.serving.application import CellFault, Decided, InForce, RawApplication, Refused, Row, Said
from credit_platform.serving.application_frames import cases_frame, given_frame, rounds
from credit_platform.serving.history import IndexedRows, known_rows
from credit_platform.serving.raw_features import (
    APPLICATION,
    CASE,
    CUSTOMER,
    DAY,
    RawFeatures,
    given_schema,
    key_columns,
)


def with_cut_off(config: ModelConfig, threshold: float | None) -> ModelConfig:
    """The configuration with another cut-off, or as it is without one."""
    if threshold is None:
        return config
    return config.model_copy(update={"scoring": config.scoring.model_copy(update={"cut_off": threshold})})


class Decider:
    """Scores the applications of one book. One thread at a time may use it."""

    def __init__(self, lake: Lake, portfolio: Portfolio, policy: Policy) -> None:
        self._champion = policy.model.newest_champion
        self._lake, self._portfolio, self._policy = lake, portfolio, policy
        self._stored: dict[str, StoredVersion] = {}
        self._audited = -1
        self._history = IndexedRows(lake)
        # A case that no source delivers is handed in without a row of that source.
        self._delivered = None if portfolio.cases.made is not None else portfolio.case_source.name
        self._raw = RawFeatures(portfolio, policy.model, policy.data.cleaning.strategies)
        self.renew()

    @property
    def in_force(self) -> InForce | None:
        """What is scored with; None where no version of the champion was ever promoted."""
        if self._champion not in self._stored:
            return None
        versions = {model: stored.version for model, stored in self._stored.items()}
        return InForce(self._champion, versions, self._policy.sha256)

    def renew(self) -> bool:
        """Take over promotions and months that came since; whether there were any.

        Raises:
            AuditError: the audit log was tampered with.
            ModelStoreError: a version is missing or was changed.
        """
        is_other = self._history.forget_changed()
        audit_log = self._lake.layout.audit_log()
        size = audit_log.stat().st_size if audit_log.exists() else 0
        if size == self._audited:
            return is_other
        records = PromotionLog(self._lake.layout).records()
        names = sorted(self._policy.model.models, key=lambda model: model != self._champion)
        periods = {model: model_periods(records, model) for model in names}
        stored = {
            model: self._lake.versions.read(model, found[-1].version) for model, found in periods.items() if found
        }
        for one in stored.values():
            one.fitted(self._policy.model)
        self._stored, self._audited = stored, size
        return True

    def warm_up(self) -> None:
        """Read beforehand what the first application would have to wait for: histories, versions, plans."""
        if self.in_force is not None:
            nobody = RawApplication(case="nobody", customer="nobody", day=self._newest_day(), rows={})
            self.decide([nobody])

    def decide(
        self, applications: Sequence[RawApplication], *, threshold: float | None = None
    ) -> list[Decided | Refused]:
        """As `ScoresApplications.decide` has it."""
        answers: dict[int, Decided | Refused] = {}
        cases = cases_frame(applications, self._delivered)
        for places in rounds(cases):
            answers |= zip(places, self._answers([applications[place] for place in places], threshold), strict=True)
        return [answers[place] for place in range(len(applications))]

    def _answers(self, batch: Sequence[RawApplication], threshold: float | None) -> list[Decided | Refused]:
        features, faults = self._features(batch)
        decided = self._decided(features, threshold)
        found = [decided.get(n) or Refused(faults.get(n) or (self._no_case(),)) for n in range(len(batch))]
        if len(batch) == 1:
            return found
        # Cleaning looks for keys that come twice: a fault of one delivery, and none of two applications.
        return [
            self._answers([one], threshold)[0]
            if isinstance(answer, Refused) and any(fault.rule == "key_is_unique" for fault in answer.faults)
            else answer
            for one, answer in zip(batch, found, strict=True)
        ]

    def decide_features(self, rows: Sequence[Row], *, threshold: float | None = None) -> list[Decided | Refused]:
        """The same of rows of gold/feature_store, their cells as text, by column name. Raises as `decide` does."""
        columns = self._portfolio.features.schema.column_names()
        text = pl.DataFrame(
            {column: [_text(row.get(column)) for row in rows] for column in columns},
            schema=dict.fromkeys(columns, pl.String),
        ).with_columns(source_line=pl.int_range(1, pl.len() + 1))
        faults: dict[int, tuple[CellFault, ...]] = {}
        read = applications_of(text, self._portfolio)
        for fault in read.faults:
            said = CellFault("", fault.line - 1, fault.column, fault.rule, fault.reason)
            faults[fault.line - 1] = (*faults.get(fault.line - 1, ()), said)
        kept = [number for number in range(len(rows)) if number not in faults]
        if faults and kept:
            read = applications_of(text[kept], self._portfolio)
        number = pl.Series(APPLICATION, kept if read.rows.height else [], pl.UInt32)
        decided = self._decided(read.rows.with_columns(number), threshold)
        return [decided.get(place) or Refused(faults[place]) for place in range(len(rows))]

    def _newest_day(self) -> date:
        return max(self._lake.months(self._portfolio.cases.table), default=date(2000, 1, 1))

    def _no_case(self) -> CellFault:
        of = self._portfolio.cases
        otherwise = of.applied.otherwise if of.applied is not None else ""
        source = self._portfolio.case_source.name
        reason = otherwise or f"no row of it was handed in, and the lake knows no {of.noun} of this key"
        return CellFault(source, 0, "", f"is_a_{of.noun}", f"{source}: {reason}")

    def _features(self, batch: Sequence[RawApplication]) -> tuple[pl.DataFrame, Mapping[int, tuple[CellFault, ...]]]:
        portfolio = self._portfolio
        cases = cases_frame(batch, self._delivered)
        given: dict[str, pl.DataFrame] = {}
        owners: dict[str, pl.DataFrame] = {}
        for source in portfolio.sources:
            if any(application.rows.get(source.name) for application in batch):
                given[source.name] = given_frame(batch, source.name, given_schema(source))
            absent = [source.name not in application.rows for application in batch]
            if any(absent):
                owners[source.name] = self._owners(cases.filter(absent))
        known = known_rows(portfolio, self._policy.model, self._history, owners)
        features, found = self._raw.of(cases, given, known)
        faults: dict[int, tuple[CellFault, ...]] = {}
        for number, *fault in found.sort(pl.all()).iter_rows():
            faults[number] = (*faults.get(number, ()), CellFault(*fault))
        return features, faults

    def _owners(self, cases: pl.DataFrame) -> pl.DataFrame:
        of, customer = self._portfolio.cases, CUSTOMER if key_columns(self._portfolio).customer else CASE
        return cases.select(
            pl.col(DAY).dt.truncate("1mo").alias("snapshot_month"),
            pl.col(CASE).alias(of.key),
            pl.col(customer).alias(of.customer),
        )

    def _decided(self, features: pl.DataFrame, threshold: float | None) -> dict[int, Decided]:
        if features.is_empty():
            return {}
        if self.in_force is None:
            # Says which model has none, and what to do.
            records = PromotionLog(self._lake.layout).records()
            version_in_force(records, self._champion, features["snapshot_month"][0])
        of, reasons = self._portfolio.cases, self._policy.reasons
        config = with_cut_off(self._policy.model, threshold)
        keys = ["snapshot_month", of.key]
        rows = features.drop(APPLICATION)
        by_model = [
            # Who only looks on gives no reasons: nobody is told them, and they take long.
            {
                tuple(row[key] for key in keys): row
                for row in _scored(stored, rows, config, reasons if model == self._champion else None)
            }
            for model, stored in self._stored.items()
        ]
        decided: dict[int, Decided] = {}
        unseen = self._unseen(rows)
        for number, row in zip(features[APPLICATION], rows.to_dicts(), strict=True):
            own, *others = (scored[tuple(row[key] for key in keys)] for scored in by_model)
            codes = [str(code) for name in REASON_COLUMNS if (code := own[name]) is not None]
            said = tuple(Said(code, reasons.by_code[code].consumer) for code in codes)
            decided[number] = Decided(own, said, tuple(others), row, unseen.get(row[of.key], ()))
        return decided

    def _unseen(self, rows: pl.DataFrame) -> dict[str, tuple[str, ...]]:
        """Case to what is to be said of categories that no training case of the champion's version had."""
        fitted = next(iter(self._stored.values())).fitted(self._policy.model)
        case, key = self._portfolio.words.case, self._portfolio.cases.key
        found: dict[str, tuple[str, ...]] = {}
        for feature, level in unseen_levels(fitted.transformer, rows):
            text = f"{feature} {level!r} was in no training {case} of {fitted.version} and has no weight of its own"
            for one in rows.filter(pl.col(feature).cast(pl.String) == level)[key]:
                found[one] = (*found.get(one, ()), text)
        return found


def _scored(
    stored: StoredVersion, rows: pl.DataFrame, config: ModelConfig, reasons: ReasonCatalogue | None
) -> Iterator[Row]:
    """The rows of `prediction/<model>`, with the provenance of what is scored as it comes."""
    roles = {month: stored.windows.role_of(month) for month in rows["snapshot_month"].unique()}
    scored = unchecked_scores(
        stored.fitted(config),
        rows,
        model_version=stored.version,
        role="post",
        provenance="live",
        config=config,
        reasons=reasons,
    )
    of_month = pl.col("snapshot_month").replace_strict(roles, return_dtype=pl.String)
    return scored.with_columns(sample_role=of_month, provenance=pl.lit("api")).iter_rows(named=True)


def _text(cell: object) -> str | None:
    return None if cell is None else str(cell)
