select m.snapshot_month, count(*) as n_due, count(known.application_id) as n_covered
from as_of as m
join cases as a on a.snapshot_month = m.snapshot_month
left join (select distinct snapshot_month, application_id from silver) as known
    on known.snapshot_month = a.snapshot_month and known.application_id = a.application_id
group by m.snapshot_month
