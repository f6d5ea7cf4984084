"""SQL for the history of all figures known in a month, of every model.

The text only: connecting, and making the views it reads, is the caller's work.
"""

from collections.abc import Sequence

from credit_platform.texts import text_beside

# The tables of a model that history is made of, by the last part of their keys.
LAYERS = ("performance", "stability", "estimate", "estimate_backtest", "early_reads")

# Of stability only what pages show: figures of the whole month, and the CSI of every feature. An early read is shown in
# the month it became known; the open cohorts are read again in every later month and would repeat it.
_OBSERVED = {
    "performance": "select 'performance' as layer, * from performance",
    "stability": "select 'stability' as layer, * from stability where segment = 'all' or metric = 'csi'",
    "estimate": "select 'estimate' as layer, * from estimate where segment = 'all'",
    "estimate_backtest": "select 'estimate_backtest' as layer, * exclude (estimated), estimated as expected "
    "from estimate_backtest",
    "early_reads": "select 'early_reads' as layer, * from early_reads "
    "where read_month = snapshot_month or segment = 'all_reads'",
}


def history_sql(layers: Sequence[str]) -> str:
    """The query over some layers, one view per layer under its name, and the table `as_of(snapshot_month)`.

    A view holds the table of all models in all months up to the last one asked for. The query gives the columns of
    `schemas.monitoring.MonitoringHistory` for every month of `as_of`.
    """
    observed = "\nunion all by name\n".join(_OBSERVED[layer] for layer in layers)
    return text_beside(__file__, "history.sql").format(observed=observed)
