"""Views of the samples of versions: features with the label of the cases that a version was fitted and measured on.

Which cases those are is decided in `scoring.training`; a test compares both. Views of tables belong to `catalog`.
"""

from string import Template
from typing import NamedTuple

from duckdb import DuckDBPyConnection

from credit_platform.texts import text_beside

SAMPLES = ("train", "validation", "test", "oot")

_BY_DECISION = (
    "select arg_max(model, snapshot_month) as model, arg_max(model_version, snapshot_month) as model_version from"
)
_BY_TRAINING = "select model, model_version from samples.cohorts order by model_version desc, model limit 1"


class SampleSources(NamedTuple):
    """What the samples are read from, as SQL.

    Attributes:
        metadata: literal of the pattern of the versions' metadata files.
        features: `read_parquet` of the feature store.
        labels: `read_parquet` of the labels.
        decisions: `read_parquet` of the decisions; None before there are any.
        shown: the columns of the feature store that people see.
        case: column that identifies a case of a cohort.
        customer: column that identifies its customer.
    """

    metadata: str
    features: str
    labels: str
    decisions: str | None
    shown: str
    case: str
    customer: str


def create_sample_views(connection: DuckDBPyConnection, sources: SampleSources) -> None:
    """Make `samples.train`, `.validation`, `.test` and `.oot`, and what they are made of.

    They hold the samples of the version that decided the newest month, and before any decision of the newest version;
    `samples.of_version(model, version)` has those of any other.
    """
    decided = sources.decisions
    template = Template(text_beside(__file__, "samples.sql"))
    connection.execute(
        template.substitute(
            sources._asdict(),
            case=f'"{sources.case}"',
            customer=f'"{sources.customer}"',
            deciding=_BY_TRAINING if decided is None else f"{_BY_DECISION} {decided}",
        )
    )
    for sample in SAMPLES:
        connection.execute(
            f"create or replace view samples.{sample} as select * exclude (sample) from samples.of_version("  # noqa: S608 - our own names
            "(select model from samples.deciding), (select model_version from samples.deciding)) "
            f"where sample = '{sample}'"
        )
