with instalments as (
    select
        SK_ID_CURR,
        avg(case when DAYS_ENTRY_PAYMENT > DAYS_INSTALMENT then 1.0 else 0.0 end) as instalments_late_rate,
        avg(greatest(0, DAYS_ENTRY_PAYMENT - DAYS_INSTALMENT)) as instalments_days_late_mean
    from installments_payments
    where DAYS_ENTRY_PAYMENT is not null
    group by SK_ID_CURR
),
credits as (
    select
        SK_ID_CURR,
        count(*) filter (where CREDIT_ACTIVE = 'Active') as bureau_n_active,
        count(*) filter (where CREDIT_ACTIVE = 'Closed') as bureau_n_closed,
        fsum(AMT_CREDIT_SUM_DEBT) as bureau_debt_amount,
        max(CREDIT_DAY_OVERDUE) as bureau_overdue_days_max
    from bureau
    group by SK_ID_CURR
),
months as (
    select b.SK_ID_CURR, max(try_cast(m.STATUS as integer)) as bureau_balance_worst_status
    from bureau_balance as m
    join bureau as b on b.SK_ID_BUREAU = m.SK_ID_BUREAU
    group by b.SK_ID_CURR
),
previous as (
    select
        SK_ID_CURR,
        count(*) as previous_n_applications,
        avg(case when NAME_CONTRACT_STATUS = 'Refused' then 1.0 else 0.0 end) as previous_refused_rate,
        -max(DAYS_DECISION) as previous_days_since_last_decision
    from previous_application
    group by SK_ID_CURR
),
pos as (
    select SK_ID_CURR, avg(case when SK_DPD > 0 then 1.0 else 0.0 end) as pos_dpd_rate
    from POS_CASH_balance
    group by SK_ID_CURR
),
cards as (
    select SK_ID_CURR, favg(AMT_BALANCE / AMT_CREDIT_LIMIT_ACTUAL) as card_utilisation_mean
    from credit_card_balance
    where AMT_CREDIT_LIMIT_ACTUAL > 0
    group by SK_ID_CURR
)
select
    application.SK_ID_CURR::varchar as application_id,
    bureau_n_active, bureau_n_closed, bureau_debt_amount, bureau_overdue_days_max,
    bureau_balance_worst_status,
    previous_n_applications, previous_refused_rate, previous_days_since_last_decision,
    instalments_late_rate, instalments_days_late_mean,
    pos_dpd_rate,
    card_utilisation_mean
from application
left join credits using (SK_ID_CURR)
left join months using (SK_ID_CURR)
left join previous using (SK_ID_CURR)
left join instalments using (SK_ID_CURR)
left join pos using (SK_ID_CURR)
left join cards using (SK_ID_CURR)
order by application_id
