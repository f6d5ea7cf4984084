"""A decision taken online as an auditor sees it: its entry, its version, the data of that, and the same score again.

How the log is chained is in `lake.governance.online_decisions`; what scoring is, in `scoring.predictions`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import polars as pl

from credit_platform.cli.book import Book
from credit_platform.errors import ModelStoreError, PolicyError
from credit_platform.lake.governance.online_decisions import OnlineDecisionLog
from credit_platform.lake.models.stored_version import StoredVersion
from credit_platform.lake.tables.table_versions import version_file
from credit_platform.months import parse_month
from credit_platform.policy.load import Policy, read_policy_document
from credit_platform.scoring.predictions import score_loans
from credit_platform.scoring.training.windows import SampleRole
from credit_platform.serving.decider import with_cut_off

_COMPARED = ("raw_probability", "default_probability", "score", "grade", "decision")


@dataclass(frozen=True)
class WalkedVersion:
    """What was found of a version that scored: how many months of tables it was made of, and which score it gives.

    `again` is None where it could not be made again; `faults` say why, and what else is wrong.
    """

    model: str
    model_version: str
    n_months: int
    again: Mapping[str, object] | None
    faults: tuple[str, ...]


@dataclass(frozen=True)
class DecisionWalk:
    """A decision followed to its beginning: `request` and `decision` as logged, what is wrong with the log or after."""

    decision_id: str
    request: Mapping[str, Any]
    decision: Mapping[str, Any]
    versions: tuple[WalkedVersion, ...]
    faults: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """The walk for JSON output."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """The walk for people."""
        entry, request = self.decision, self.request
        yield f"Decision {self.decision_id} of {request['time']}, request {request['request_id']}"
        yield f"  case {entry['case']}, asked by {request['owner']}, policy {request['policy_sha256'][:12]}"
        probability = entry["default_probability"]
        yield f"  {entry['decision']}: probability {probability!r}, {entry['score']} points, {entry['grade']}"
        for reason in entry["reasons"]:
            yield f"  {reason['code']}: {reason['text']}"
        for walked in self.versions:
            again = "not made again" if walked.again is None else "the same score again"
            if walked.again is not None and walked.faults:
                again = "another score"
            yield (
                f"  {walked.model} {walked.model_version}: as registered, made of {walked.n_months} months of tables; "
                f"{again}"
            )
        yield from (f"  WRONG: {fault}" for fault in self.faults)


def walk_decision(book: Book, decision_id: str) -> DecisionWalk:
    """Follow a decision from its entry to the score made again from the entry's features.

    Raises:
        CaseError: no decision has this id.
    """
    log = OnlineDecisionLog(book.lake.layout)
    request, decision = log.find(decision_id)
    faults = log.faults_of(decision_id)
    policy: Policy | None = None
    try:
        policy = _policy(book, request["policy_sha256"])
    except (PolicyError, OSError) as error:
        faults.append(f"the policy it was decided under cannot be read: {error}")
    reasons = [reason["code"] for reason in decision["reasons"]]
    champion = _walked(book, policy, request, decision, {**decision, "reasons": reasons})
    shadow = [_walked(book, policy, request, decision, row) for row in decision["shadow"]]
    versions = (champion, *shadow)
    faults += [fault for version in versions for fault in version.faults]
    said = {name: value for name, value in request.items() if name != "decisions"}
    return DecisionWalk(decision_id, said, decision, versions, tuple(faults))


def _policy(book: Book, sha256: str) -> Policy:
    current = book.settings.policy
    if sha256 == current.sha256:
        return current
    file = book.lake.layout.kept_policy(sha256)
    return read_policy_document(file.read_bytes(), book.settings.portfolio.terms, sha256=sha256, file=file)


def _walked(
    book: Book, policy: Policy | None, request: Mapping[str, Any], decision: Mapping[str, Any], row: Mapping[str, Any]
) -> WalkedVersion:
    """Follow one version; `row` is what it said."""
    model, name = str(row["model"]), str(row["model_version"])
    subject = f"{model} {name}"
    try:
        stored = book.lake.versions.read(model, name)
    except ModelStoreError as error:
        return WalkedVersion(model, name, 0, None, (str(error),))
    data = stored.manifest.get("data_sha256")
    tables: Mapping[str, Mapping[str, str]] = data if isinstance(data, dict) else {}
    faults = [
        f"{subject}: no file has the bytes of {table} of {month} that it was made of"
        for table, months in tables.items()
        for month, sha256 in months.items()
        if version_file(book.lake.layout, table, parse_month(month), sha256) is None
    ]
    again = None
    if policy is not None:
        again = _scored_again(book, policy, stored, decision, request["threshold"], role=row["sample_role"])
        wanted = {key: row[key] for key in (*_COMPARED, "reasons") if key in row}
        faults += [
            f"{subject}: {key} is logged as {value!r}, and made again it is {again[key]!r}"
            for key, value in wanted.items()
            if again[key] != value
        ]
    return WalkedVersion(model, name, sum(map(len, tables.values())), again, tuple(faults))


def _scored_again(
    book: Book,
    policy: Policy,
    stored: StoredVersion,
    decision: Mapping[str, Any],
    threshold: float | None,
    *,
    role: SampleRole,
) -> dict[str, object]:
    config = with_cut_off(policy.model, threshold)
    row = score_loans(
        stored.fitted(config),
        _features(book, decision["features"]),
        model_version=stored.version,
        role=role,
        provenance="live",
        config=config,
        reasons=policy.reasons,
    ).row(0, named=True)
    codes = [row[f"reason_{place}"] for place in range(1, 5)]
    return {**{key: row[key] for key in _COMPARED}, "reasons": [code for code in codes if code is not None]}


def _features(book: Book, features: Mapping[str, Any]) -> pl.DataFrame:
    """The row of the feature store; the customer, who is not logged, under a name of nobody."""
    customer, columns = book.settings.portfolio.cases.customer, book.settings.portfolio.features.schema.columns()
    row = {**features, customer: "not logged"}
    return pl.DataFrame(
        [
            pl.Series(name, [_of_type(row.get(name), column.dtype)], dtype=column.dtype)
            for name, column in columns.items()
        ]
    )


def _of_type(value: object, dtype: pl.DataType) -> object:
    return date.fromisoformat(value) if isinstance(value, str) and dtype == pl.Date else value
