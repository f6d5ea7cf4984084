with source as (
    select snapshot_month, count(*) as n from bronze group by snapshot_month
),
-- Equal rows have equal hashes, so that few rows, as a rule none, have to be compared cell by cell.
alike as (
    select snapshot_month, hash({cells}) as hashed from bronze group by all having count(*) > 1
),
repeated as (
    select bronze.snapshot_month, {cells}, count(*) - 1 as n
    from bronze
    join alike on alike.snapshot_month = bronze.snapshot_month and alike.hashed = hash({cells})
    group by all
),
dropped as (
    select snapshot_month, sum(n)::bigint as n from repeated group by snapshot_month
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
    coalesce(dropped.n, 0) as duplicates_dropped,
    coalesce(kept.n_repaired, 0) as rows_repaired
from as_of
left join source using (snapshot_month)
left join dropped using (snapshot_month)
left join kept using (snapshot_month)
left join set_aside using (snapshot_month)
order by as_of.snapshot_month
