select m.snapshot_month, count(*) as n_due, count(seen.customer_id) as n_covered
from as_of as m
join cases as l on l.snapshot_month = m.snapshot_month and l.mob = 0
left join (select customer_id, min(snapshot_month) as first_month from silver group by customer_id) as seen
    on seen.customer_id = l.customer_id and seen.first_month <= m.snapshot_month
group by m.snapshot_month
