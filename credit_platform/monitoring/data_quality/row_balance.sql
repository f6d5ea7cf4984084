with source as (
    select snapshot_month, count(*) as n from bronze group by snapshot_month
),
distinct_source as (
    select snapshot_month, count(*) as n
    from (select distinct snapshot_month, {cells} from bronze)
    group by snapshot_month
),
kept as (
    select snapshot_month, count(*) as n, count(*) filter (where len(repairs) > 0) as n_repaired
    from silver
    group by snapshot_month
),
set_aside as (
    select snapshot_month, count(*) as n from quarantine group by snapshot_month
)
select
    as_of.snapshot_month,
    {table} as "table",
    coalesce(source.n, 0) as rows_in,
    coalesce(kept.n, 0) as rows_out,
    coalesce(set_aside.n, 0) as quarantined,
    coalesce(source.n, 0) - coalesce(distinct_source.n, 0) as duplicates_dropped,
    coalesce(kept.n_repaired, 0) as rows_repaired
from as_of
left join source using (snapshot_month)
left join distinct_source using (snapshot_month)
left join kept using (snapshot_month)
left join set_aside using (snapshot_month)
order by as_of.snapshot_month
