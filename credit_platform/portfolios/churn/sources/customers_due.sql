select c.snapshot_month, count(*) as n_due, count(*) filter (where exists (
    select 1 from silver as seen where seen.customer_id = c.customer_id and {since}
)) as n_covered
from as_of as m
join cases as c on c.snapshot_month = m.snapshot_month
group by c.snapshot_month
