with delivered as (
    select snapshot_month, {filled} as n_filled from bronze group by snapshot_month
),
kept as (
    select
        snapshot_month,
        count(*) as n_kept,
        {n_on_time} as n_on_time,
        coalesce(sum(len(repairs)), 0)::bigint as n_repairs
    from silver
    where snapshot_month in (select snapshot_month from as_of)
    group by snapshot_month
),
set_aside as (
    select snapshot_month, count(*) filter (where rule = 'key_is_unique') as n_same_key
    from quarantine
    group by snapshot_month
),
amounts as (
    select snapshot_month, {amount} as amount from silver group by snapshot_month
),
usual as (
    select m.snapshot_month, median(a.amount) as usual_amount
    from as_of as m
    join amounts as a
        on a.snapshot_month < m.snapshot_month
        and a.snapshot_month >= m.snapshot_month - interval {median_months} month
    group by m.snapshot_month
),
due as ({due})
select
    as_of.snapshot_month,
    balance.rows_in as n_rows,
    balance.rows_in * {n_columns} as n_cells,
    coalesce(delivered.n_filled, 0)::bigint as n_filled,
    coalesce(kept.n_repairs, 0) + balance.quarantined * {n_columns} as n_faulty_cells,
    balance.duplicates_dropped + coalesce(set_aside.n_same_key, 0) as n_repeated,
    coalesce(kept.n_kept, 0) as n_kept,
    {on_time} as n_on_time,
    coalesce(due.n_due, 0) as n_due,
    coalesce(due.n_covered, 0) as n_covered,
    coalesce(amounts.amount, 0) as amount,
    usual.usual_amount,
    {holds_on} as holds_on
from as_of
join balance on balance.snapshot_month = as_of.snapshot_month and balance."table" = '{table}'
left join delivered on delivered.snapshot_month = as_of.snapshot_month
left join kept on kept.snapshot_month = as_of.snapshot_month
left join set_aside on set_aside.snapshot_month = as_of.snapshot_month
left join amounts on amounts.snapshot_month = as_of.snapshot_month
left join usual on usual.snapshot_month = as_of.snapshot_month
left join due on due.snapshot_month = as_of.snapshot_month
order by as_of.snapshot_month
