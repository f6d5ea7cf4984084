select m.snapshot_month, count(a.application_id) as n_due, least(count(a.application_id), any_value(known.n)) as n_covered
from as_of as m
join cases as a on a.snapshot_month = m.snapshot_month
left join (select snapshot_month, count(distinct bureau_credit_id) as n from silver group by snapshot_month) as known
    on known.snapshot_month = m.snapshot_month
group by m.snapshot_month
