"""The log of decisions: what a sound row of it is, and why others are set aside.

Reading its files belongs to the lake, what the overrides came to stands in `decision_overrides`.
"""

from typing import NamedTuple

import polars as pl

from credit_platform.schemas.cleaning.keys import key_of

_WRITTEN = ("system_decision", "final_decision", "override_type", "reason", "officer")
DECISIONS = ("approve", "decline")
NO_REASON = "no reason given"
SIDES = ("high-side", "low-side")


class DecisionLog(NamedTuple):
    """Sound rows (case key, `system_decision, final_decision, side, reason`), and those set aside with their `rule`."""

    rows: pl.DataFrame
    set_aside: pl.DataFrame


def decision_columns(case_key: str) -> tuple[str, ...]:
    """The columns of the file, in their order."""
    return (case_key, *_WRITTEN)


def read_log(raw: pl.DataFrame, *, case_key: str) -> DecisionLog:
    """Take the sound rows of the delivered text and set the others aside.

    A high-side override declines what the system approved, a low-side one approves what it declined; `override_type`
    is empty where both agree. A row is set aside by the first rule it breaks: `loan_is_named`, `decisions_are_known`
    (approve or decline), `type_follows_the_decisions`, `loan_is_decided_once` (rows of one loan that differ;
    repetitions count once). The officer is not kept.

    Args:
        raw: The file's columns as text, with `source_file` and `source_line`.
        case_key: Column that identifies a case.
    """
    word = {name: pl.col(name).str.strip_chars().str.to_lowercase() for name in _WRITTEN[:3]}
    read = raw.select(
        "source_file",
        "source_line",
        key_of(pl.col(case_key)).alias(case_key),
        system_decision=word["system_decision"],
        final_decision=word["final_decision"],
        side=word["override_type"].str.replace("_", "-").replace("", None).replace("none", None),
        reason=pl.col("reason").str.strip_chars().replace("", None).fill_null(NO_REASON),
    )
    expected = (
        pl.when(pl.col("system_decision") == pl.col("final_decision"))
        .then(pl.lit(None))
        .when(pl.col("final_decision") == "decline")
        .then(pl.lit(SIDES[0]))
        .otherwise(pl.lit(SIDES[1]))
    )
    broken = (
        pl.when((pl.col(case_key).str.len_chars() > 0).fill_null(value=False).not_())
        .then(pl.lit("loan_is_named"))
        .when(
            pl.all_horizontal(
                pl.col("system_decision", "final_decision").is_in(DECISIONS).fill_null(value=False)
            ).not_()
        )
        .then(pl.lit("decisions_are_known"))
        .when(pl.col("side").ne_missing(expected))
        .then(pl.lit("type_follows_the_decisions"))
    )
    judged = read.with_columns(rule=broken)
    told = [case_key, "system_decision", "final_decision", "side", "reason"]
    sound = judged.filter(pl.col("rule").is_null()).unique(told, keep="first", maintain_order=True)
    twice = pl.col(case_key).is_duplicated()
    return DecisionLog(
        rows=sound.filter(~twice).select(told).sort(case_key),
        set_aside=pl.concat(
            [
                judged.filter(pl.col("rule").is_not_null()),
                sound.filter(twice).with_columns(rule=pl.lit("loan_is_decided_once")),
            ]
        ).sort("source_file", "source_line"),
    )
