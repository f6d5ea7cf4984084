"""What models, metrics, actions and states are called on pages and in reports, and the colours they keep there.

The words of the tables stay as they are; nothing is computed here.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache

from credit_platform.monitoring.action.findings import FOLLOWS
from credit_platform.monitoring.early_warning.source_segments import read_and_sources
from credit_platform.texts import yaml_beside

ACTIONS: Mapping[str, str] = {"monitor": "Monitor", "active_monitoring": "Active monitoring", "retrain": "Retrain"}

# Told apart with every common colour vision deficiency (Okabe and Ito 2008), readable on white and on near-black.
BLUE, ORANGE, GREEN, VERMILION, GREY = "#2f7fc2", "#d98b0b", "#12957a", "#d5552b", "#8a8f98"
SAMPLE_COLOURS: Mapping[str, str] = {
    "train": GREY,
    "validation": ORANGE,
    "test": GREEN,
    "oot": BLUE,
    "unseen": VERMILION,
}
SAMPLE_DASHES: Mapping[str, str] = {
    "train": "dot", "validation": "dashdot", "test": "dash", "oot": "solid", "unseen": "solid",
}  # fmt: skip
ACTION_COLOURS: Mapping[str, str] = {"monitor": GREEN, "active_monitoring": ORANGE, "retrain": VERMILION}
ACTION_SYMBOLS: Mapping[str, str] = {"monitor": "circle", "active_monitoring": "triangle-up", "retrain": "square"}


@cache
def words(table: str) -> Mapping[str, str]:
    """One table of wording.yaml."""
    return yaml_beside(__file__, "wording.yaml", dict[str, dict[str, str]])[table]


def metric_name(metric: str, cases: str = "cases") -> str:
    """The metric as people write it; `cases` is what the book calls what is measured.

    >>> metric_name("roc_auc"), metric_name("label_coverage"), metric_name("jeffreys_p", "contracts")
    ('ROC-AUC', 'Label coverage', 'Jeffreys p-value, all contracts')
    """
    return words("metrics").get(metric, metric.replace("_", " ").capitalize()).format(cases=cases)


def gate_name(gate: str) -> str:
    """The gate of a version as people write it.

    >>> gate_name("min_oot_roc_auc"), gate_name("min_oot_f1_score")
    ('Out-of-time ROC-AUC', 'Out-of-time F1 score')
    """
    return words("gates").get(gate) or f"Out-of-time {metric_name(gate.removeprefix('min_oot_'))}"


def model_name(model: str) -> str:
    """The model as people write it.

    >>> model_name("gradient_boosting")
    'Gradient boosting'
    """
    return model.replace("_", " ").capitalize()


def read_name(read: str) -> str:
    """An early label as people write it, of loans with certain sources too.

    >>> read_name("dpd_15_at_mob_3"), read_name("first_payment_missed"), read_name("all_reads")
    ('15+ days at month 3', 'First payment missed', 'All reads')
    >>> read_name("dpd_15_at_mob_3 with attributes+financials")
    '15+ days at month 3 with attributes+financials'
    """
    name, sources = read_and_sources(read)
    found = re.fullmatch(r"dpd_(\d+)_at_mob_(\d+)", name)
    words = f"{found[1]}+ days at month {found[2]}" if found else name.replace("_", " ").capitalize()
    return f"{words} with {sources}" if sources else words


def month_name(month: date) -> str:
    """The month in short, `2024-12`."""
    return f"{month:%Y-%m}"


def number_text(value: float | None, *, decimals: int = 4) -> str:
    """A number as documents write it; `unknown` for None.

    >>> number_text(0.8472, decimals=2), number_text(None)
    ('0.85', 'unknown')
    """
    return "unknown" if value is None else f"{value:.{decimals}f}"


def interval_text(value: float | None, low: float | None, high: float | None, *, decimals: int = 4) -> str:
    """A number with its interval; what is not known of it is `unknown`.

    >>> interval_text(0.8472, 0.81, 0.8801), interval_text(0.8472, None, None)
    ('0.8472 (0.8100 to 0.8801)', '0.8472 (interval unknown)')
    """
    if value is None:
        return "unknown"
    known = low is not None and high is not None
    ends = f"{low:.{decimals}f} to {high:.{decimals}f}" if known else "interval unknown"
    return f"{value:.{decimals}f} ({ends})"


def setting_text(value: object) -> str:
    """A value of policy as people write it.

    >>> setting_text([20000.0, 50000.5]), setting_text({"no record": [-1.0, 999.0]}), setting_text("force")
    ('20,000; 50,000.5', 'no record: -1; 999', 'force')
    >>> setting_text([])
    'none'
    """
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {setting_text(inner)}" for name, inner in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "; ".join(map(setting_text, value)) or "none"
    return f"{value:,.10g}" if isinstance(value, float) else str(value)


def plain(reason: str) -> str:
    """A reason without the name of its rule and with metrics as people write them.

    >>> plain("below_business_threshold: roc_auc 0.7401: value below the business threshold 0.75 (P0)")
    'ROC-AUC 0.7401: value below the business threshold 0.75 (P0)'
    >>> plain("follows from the lack of web: worth_watching: data_quality of visits: completeness 0.0000")
    '– follows from it: Data quality of visits: completeness 0.0000'
    """
    cause, _, of_cause = reason.partition(": ")
    if cause.startswith(FOLLOWS):
        return f"– follows from it: {plain(of_cause)}"
    rule, separator, text = reason.partition(": ")
    told = text if separator and "_" in rule and " " not in rule else reason
    for metric in words("metrics"):
        told = re.sub(rf"\b{metric}\b", metric_name(metric), told)
    return re.sub(r"\b(first_payment_missed|dpd_\d+_at_mob_\d+)\b", lambda read: read_name(read[0]), told)


def transition_text(transition: str) -> str:
    """A change of state as people write it.

    >>> transition_text("watch -> retrain_required: below_business_threshold: roc_auc 0.7401 is too low")
    'watch -> retrain required: ROC-AUC 0.7401 is too low'
    """
    states, _, why = transition.partition(": ")
    return f"{states.replace('_', ' ')}: {plain(why)}"


def plain_lines(reasons: object) -> str:
    """Reasons, one a line, each as `plain` has it."""
    return "\n".join(plain(reason) for reason in str(reasons).split("\n"))


def translucent(colour: str, opacity: float) -> str:
    """A colour of this module seen through.

    >>> translucent("#2f7fc2", 0.2)
    'rgba(47,127,194,0.2)'
    """
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"
