"""The tables of a version's page as HTML, made of the tables of its evaluation and its metadata.

Their order and what is said about them belongs to `version_page`.
"""

from collections.abc import Sequence

import polars as pl

from credit_platform.lake.models.stored_version import VersionMetadata
from credit_platform.portfolios.portfolio import Words
from credit_platform.reports.page import table_html
from credit_platform.reports.version.facts import entries, windows_table
from credit_platform.reports.version.verdict import gate_texts
from credit_platform.reports.wording import metric_name, words

UNKNOWN = "unknown"
PROBABILITY_DECIMALS = 4


def gates_table_html(gates: pl.DataFrame) -> str:
    """Every gate with its value, limit and status."""
    return table_html(gate_texts(gates), headings=["Gate", "Value", "Limit", "Status"])


def metric_texts(metrics: pl.DataFrame, cases: str) -> pl.DataFrame:
    """One row per metric, one text column per sample; intervals on a line of their own, null is `unknown`."""
    roles = [role for role in words("samples") if role in set(metrics.get_column("sample_role"))]
    value, low, high = (
        pl.col(name).map_elements(lambda number: f"{number:.4f}", return_dtype=pl.String)
        for name in ("value", "ci_low", "ci_high")
    )
    text = pl.coalesce(pl.format("{}\n{} to {}", value, low, high), value, pl.lit(UNKNOWN))
    names = list(dict.fromkeys(metrics.get_column("metric")))
    wide = (
        metrics.with_columns(text=text)
        .pivot(on="sample_role", on_columns=roles, index="metric", values="text", aggregate_function="first")
        .with_columns(pl.col(roles).fill_null("–"))
    )
    order = pl.DataFrame({"metric": names})
    return order.join(wide, on="metric", how="left", maintain_order="left").with_columns(
        pl.col("metric").replace({name: metric_name(name, cases) for name in names})
    )


def metrics_table_html(metrics: pl.DataFrame, said: Words) -> str:
    """Every metric with its interval, one column per sample; a dash where a sample has no such metric."""
    texts = metric_texts(metrics, said.cases)
    return table_html(texts, headings=["Metric", *(words("samples")[role] for role in texts.columns[1:])])


def grades_table_html(grades: pl.DataFrame, said: Words) -> str:
    """Grades of one sample with their tests."""
    shown = grades.select(
        "grade", "n", "n_bad", "mean_probability", "bad_rate", "ci_low", "ci_high", "jeffreys_p", "holm_p", "status"
    )
    headings = [
        *("Grade", said.heading, "Bad", "Mean\nprobability", "Bad rate", "Interval\nfrom", "Interval\nto"),
        *("Jeffreys\np-value", "p-value after\nHolm", "Status"),
    ]
    return table_html(shown, headings=headings, decimals=_decimals(shown), missing=UNKNOWN)


def gains_table_html(gains: pl.DataFrame, said: Words) -> str:
    """Deciles of one sample."""
    shown = gains.select(
        "decile", "n", "n_bad", "bad_rate", "lift", "cumulative_share", "capture_rate", "min_probability"
    )
    headings = [
        *("Decile", said.heading, "Bad", "Bad rate", "Lift"),
        *(f"Share of {said.cases}\nso far", "Share of bads\nso far", "Lowest\nprobability"),
    ]
    return table_html(shown, headings=headings, decimals=_decimals(shown), missing=UNKNOWN)


def cut_offs_table_html(cut_offs: pl.DataFrame, said: Words, *, sample_roles: Sequence[str]) -> str:
    """Cut-offs by row with what each approves and earns on some samples; marks say which is policy's and which best."""
    numbers = ("approval_rate", "bad_rate_approved", "expected_value")
    shown = cut_offs.filter(sample_role=sample_roles[0]).select("cut_off", _mark(sample_roles[0]).alias("mark"))
    for role in sample_roles:
        of_role = cut_offs.filter(sample_role=role)
        columns = [pl.col(name).alias(f"{name}_{role}") for name in numbers]
        shown = shown.join(of_role.select("cut_off", *columns), on="cut_off", how="left", maintain_order="left")
    headings = ["Cut-off", ""]
    for role in sample_roles:
        name = words("samples")[role].lower()
        headings += [f"Approved,\n{name}", f"Bad among them,\n{name}", f"Value per {said.case},\n{name}"]
    # Where nobody is approved, the bad rate of the approved is not unknown: there is none.
    return table_html(shown.sort("cut_off"), headings=headings, decimals=_decimals(shown), missing="none")


def importance_table_html(importance: pl.DataFrame) -> str:
    """All features by rank."""
    shown = importance.sort("rank").select("rank", "feature", "importance")
    return table_html(shown, headings=["Rank", "Feature", "Share"], decimals=_decimals(shown), missing=UNKNOWN)


def windows_table_html(metadata: VersionMetadata, said: Words) -> str:
    """Cohorts and counts by sample."""
    shown = windows_table(metadata).with_columns(pl.col("sample_role").replace(words("samples")))
    headings = ["Sample", "First cohort", "Last cohort", "Cohorts", said.heading, "Bad", "Bad rate"]
    return table_html(shown, headings=headings, decimals=_decimals(shown), missing=UNKNOWN)


def making_rows(metadata: VersionMetadata) -> list[tuple[str, str]]:
    """How the version was made, as pairs of name and value; what the metadata does not say is unknown."""
    facts = {
        "Model alias": metadata.alias,
        "Algorithm": metadata.algorithm,
        "Windows": metadata.windows.kind,
        "Label": metadata.label_def,
        "Random seed": metadata.random_seed,
        "Policy (sha256)": metadata.policy_sha256,
    }
    rows = [(name, UNKNOWN if value is None else str(value)) for name, value in facts.items()]
    rows += [(f"Rebalancing {name}", value) for name, value in entries(metadata.rebalancing or {})]
    rows += [(f"Parameter {name}", value) for name, value in entries(metadata.params)]
    return rows + [(f"Library {name}", value) for name, value in entries(metadata.libraries)]


def making_table_html(metadata: VersionMetadata) -> str:
    """How the version was made."""
    rows = pl.DataFrame(making_rows(metadata), schema={"name": pl.String, "value": pl.String}, orient="row")
    return table_html(rows, headings=["What", "Value"])


def _mark(sample_role: str) -> pl.Expr:
    names = (
        pl.when("is_policy").then(pl.lit("policy")),
        pl.when("is_best").then(pl.lit(f"best on {words('samples')[sample_role].lower()}")),
    )
    return pl.concat_str(*names, separator=", ", ignore_nulls=True)


def _decimals(frame: pl.DataFrame) -> dict[str, int]:
    return {
        name: 2 if name in {"lift", "cut_off"} else PROBABILITY_DECIMALS
        for name, dtype in frame.schema.items()
        if dtype.is_float()
    }
