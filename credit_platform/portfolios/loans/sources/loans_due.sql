select m.snapshot_month, count(*) as n_due, count(now.loan_id) as n_covered
from as_of as m
join cases as past
    on past.snapshot_month = m.snapshot_month - interval 1 month
    and past.installment_num < past.tenure and past.balance_amount >= {least_balance}
left join cases as now on now.snapshot_month = m.snapshot_month and now.loan_id = past.loan_id
group by m.snapshot_month
