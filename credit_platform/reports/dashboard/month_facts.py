"""What the page of one month is made of.

Plain frames; reading them is wiring, laying them out belongs in `month_page`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from credit_platform.policy.monitoring_thresholds import MonitoringThresholds


@dataclass(frozen=True)
class MonthFacts:
    """What is known of a month; all frames hold rows of the month alone, those of models of all models together.

    `balance` and `quality` are rows of `schemas.monitoring.RowBalance` and `schemas.evidence.DataQuality`; `scored` has
    `model, model_version, provenance, sources_present, n, mean_probability, declined`; `versions` are the decisions
    taken as of the month, as `overview.VERSIONS_SCHEMA`; the others are rows of the schemas of these names. `history`
    ends with the month. `links` are further pages by name, with addresses as seen from the page.
    """

    month: date
    names: Mapping[str, str]
    balance: pl.DataFrame
    quality: pl.DataFrame
    scored: pl.DataFrame
    stability: pl.DataFrame
    early_reads: pl.DataFrame
    performance: pl.DataFrame
    actions: pl.DataFrame
    versions: pl.DataFrame
    history: pl.DataFrame
    thresholds: MonitoringThresholds
    links: Mapping[str, str]
