with observed as (
{observed}
),
with_previous as (
    select
        *,
        lag(value) over months as lagged_value,
        lag(snapshot_month) over months as lagged_month
    from observed
    window months as (partition by layer, model, metric, segment order by snapshot_month, model_version)
),
compared as (
    select
        * exclude (lagged_value, lagged_month),
        case when lagged_month = snapshot_month - interval 1 month then lagged_value end as previous_value
    from with_previous
)
select
    as_of.snapshot_month,
    compared.snapshot_month as observed_month,
    cohort,
    model,
    model_version,
    layer,
    metric,
    segment,
    value,
    ci_low,
    ci_high,
    n,
    n_bad,
    sample_role,
    provenance,
    status,
    expected,
    previous_value,
    value - previous_value as change
from as_of
join compared on compared.snapshot_month <= as_of.snapshot_month
order by as_of.snapshot_month, observed_month, model, model_version, layer, metric, segment
