-- Every feature of the feature store as plain SQL over the files, one view per source under its own name.
-- `over` is a ratio that is null where the whole is not positive, or the ratio none of amounts.
create temp macro over(part, whole) as
    case when whole > 0 and abs(part / whole) <= 1e13 then part / whole end;
create temp macro day(cell) as case when cell <> 365243 then cell end;
create temp macro named(cell) as case when cell not in ('XNA', 'XAP') then cell end;
create temp macro later(cell) as greatest(0, cell);

copy (
with credits as (
    select
        SK_ID_CURR,
        count(*) as bureau_n_credits,
        count(*) filter (where CREDIT_ACTIVE = 'Active') as bureau_n_active,
        count(*) filter (where CREDIT_ACTIVE = 'Closed') as bureau_n_closed,
        count(*) filter (where CREDIT_ACTIVE in ('Sold', 'Bad debt')) as bureau_n_sold_or_bad,
        bureau_n_active / bureau_n_credits as bureau_active_rate,
        count(distinct named(CREDIT_TYPE)) as bureau_n_credit_types,
        count(*) filter (where CREDIT_TYPE = 'Credit card') as bureau_n_credit_cards,
        count(*) filter (where CREDIT_TYPE = 'Mortgage') as bureau_n_mortgages,
        count(*) filter (where CREDIT_TYPE = 'Microloan') as bureau_n_microloans,
        -max(DAYS_CREDIT) as bureau_days_since_last_credit,
        -min(DAYS_CREDIT) as bureau_days_since_first_credit,
        -avg(DAYS_CREDIT) as bureau_credit_age_days_mean,
        count(*) filter (where DAYS_CREDIT >= -365) as bureau_n_credits_12m,
        -max(DAYS_ENDDATE_FACT) as bureau_days_since_last_end,
        sum(AMT_CREDIT_SUM) as bureau_credit_amount,
        max(AMT_CREDIT_SUM) as bureau_credit_amount_max,
        sum(AMT_CREDIT_SUM_DEBT) as bureau_debt_amount,
        over(bureau_debt_amount, sum(AMT_CREDIT_SUM) filter (where AMT_CREDIT_SUM_DEBT is not null))
            as bureau_debt_to_credit,
        over(
            sum(AMT_CREDIT_SUM_DEBT) filter (where CREDIT_TYPE = 'Credit card' and AMT_CREDIT_SUM_LIMIT is not null),
            sum(AMT_CREDIT_SUM_LIMIT) filter (where CREDIT_TYPE = 'Credit card' and AMT_CREDIT_SUM_DEBT is not null)
        ) as bureau_card_debt_to_limit,
        sum(AMT_CREDIT_SUM_OVERDUE) as bureau_overdue_amount,
        max(AMT_CREDIT_MAX_OVERDUE) as bureau_max_overdue_amount,
        max(CREDIT_DAY_OVERDUE) as bureau_overdue_days_max,
        count(*) filter (where CREDIT_DAY_OVERDUE > 0) as bureau_n_overdue,
        sum(CNT_CREDIT_PROLONG) as bureau_n_prolongations,
        sum(AMT_ANNUITY) filter (where CREDIT_ACTIVE = 'Active') as bureau_annuity_amount,
        max(DAYS_CREDIT_ENDDATE) filter (where CREDIT_ACTIVE = 'Active') as bureau_days_left_max,
        avg((DAYS_ENDDATE_FACT < DAYS_CREDIT_ENDDATE)::int) filter (where CREDIT_ACTIVE = 'Closed')
            as bureau_ended_early_rate
    from bureau
    group by SK_ID_CURR
),
credit_months as (
    select
        SK_ID_BUREAU,
        count(*) as n,
        count(late) as n_known,
        count(*) filter (where late > 0) as n_late,
        count(late) filter (where MONTHS_BALANCE >= -12) as n_known_12m,
        count(*) filter (where late > 0 and MONTHS_BALANCE >= -12) as n_late_12m,
        count(late) filter (where MONTHS_BALANCE >= -24) as n_known_24m,
        count(*) filter (where late > 0 and MONTHS_BALANCE >= -24) as n_late_24m,
        count(*) filter (where STATUS = 'C') as n_closed,
        count(*) filter (where STATUS = 'X') as n_unknown,
        max(late) as worst,
        max(late) filter (where MONTHS_BALANCE >= -12) as worst_12m,
        max(MONTHS_BALANCE) filter (where late > 0) as last_late
    from (select *, try_cast(STATUS as tinyint) as late from bureau_balance)
    group by SK_ID_BUREAU
),
bureau_months as (
    select
        SK_ID_CURR,
        sum(n) as bureau_balance_n_months,
        max(worst) as bureau_balance_worst_status,
        max(worst_12m) as bureau_balance_worst_status_12m,
        over(sum(n_late), sum(n_known)) as bureau_balance_late_rate,
        over(sum(n_late_12m), sum(n_known_12m)) as bureau_balance_late_rate_12m,
        over(sum(n_late_24m), sum(n_known_24m)) as bureau_balance_late_rate_24m,
        avg(over(n_late, n_known)) as bureau_balance_credit_late_rate_mean,
        over(sum(n_closed), sum(n)) as bureau_balance_closed_rate,
        over(sum(n_unknown), sum(n)) as bureau_balance_unknown_rate,
        -max(last_late) as bureau_balance_months_since_late
    from credit_months
    join (select SK_ID_CURR, SK_ID_BUREAU from bureau) using (SK_ID_BUREAU)
    group by SK_ID_CURR
),
previous_typed as (
    select
        *,
        NAME_CONTRACT_STATUS = 'Approved' as is_approved,
        NAME_CONTRACT_STATUS = 'Refused' as is_refused,
        is_approved and day(DAYS_FIRST_DUE) is not null and day(DAYS_TERMINATION) is null as is_running
    from previous_application
),
previous as (
    select
        SK_ID_CURR,
        count(*) as previous_n_applications,
        count(*) filter (where is_approved) as previous_n_approved,
        count(*) filter (where is_refused) as previous_n_refused,
        previous_n_approved / previous_n_applications as previous_approved_rate,
        previous_n_refused / previous_n_applications as previous_refused_rate,
        count(*) filter (where NAME_CONTRACT_STATUS = 'Canceled') / previous_n_applications as previous_cancelled_rate,
        count(*) filter (where DAYS_DECISION >= -365) as previous_n_applications_12m,
        count(*) filter (where is_refused and DAYS_DECISION >= -365) as previous_n_refused_12m,
        count(*) filter (where is_refused and DAYS_DECISION >= -730) as previous_n_refused_24m,
        -max(DAYS_DECISION) as previous_days_since_last_decision,
        -min(DAYS_DECISION) as previous_days_since_first_decision,
        -max(DAYS_DECISION) filter (where is_refused) as previous_days_since_last_refusal,
        -max(DAYS_DECISION) filter (where is_approved) as previous_days_since_last_approval,
        avg(AMT_APPLICATION) as previous_applied_amount_mean,
        avg(AMT_CREDIT) filter (where is_approved) as previous_credit_amount_mean,
        max(AMT_CREDIT) filter (where is_approved) as previous_credit_amount_max,
        over(
            sum(AMT_CREDIT) filter (where AMT_APPLICATION > 0),
            sum(AMT_APPLICATION) filter (where AMT_CREDIT is not null)
        ) as previous_credit_to_applied,
        avg(AMT_ANNUITY) as previous_annuity_amount_mean,
        avg(RATE_DOWN_PAYMENT) as previous_down_payment_rate_mean,
        avg(CNT_PAYMENT) filter (where is_approved) as previous_n_payments_mean,
        count(*) filter (where is_running) as previous_n_running,
        sum(AMT_ANNUITY) filter (where is_running) as previous_running_annuity_amount,
        count(*) filter (where NAME_CONTRACT_TYPE = 'Cash loans') / previous_n_applications as previous_cash_loan_rate,
        count(*) filter (where NAME_CONTRACT_TYPE = 'Revolving loans') / previous_n_applications
            as previous_revolving_loan_rate,
        count(*) filter (where is_approved and NAME_YIELD_GROUP = 'high') / nullif(previous_n_approved, 0)
            as previous_high_interest_rate,
        avg(NFLAG_INSURED_ON_APPROVAL) as previous_insured_rate,
        count(*) filter (where CODE_REJECT_REASON = 'LIMIT') as previous_n_refused_for_limit,
        count(*) filter (where CODE_REJECT_REASON in ('SCO', 'SCOFR')) as previous_n_refused_for_rating,
        count(*) filter (where CODE_REJECT_REASON = 'HC') as previous_n_refused_for_history,
        avg(day(DAYS_LAST_DUE_1ST_VERSION) - day(DAYS_LAST_DUE)) as previous_days_ended_early_mean
    from previous_typed
    group by SK_ID_CURR
),
contract_instalments as (
    select
        SK_ID_CURR,
        count(*) as n,
        count(DAYS_ENTRY_PAYMENT) as n_paid,
        count(DAYS_ENTRY_PAYMENT) filter (where DAYS_INSTALMENT >= -365) as n_paid_12m,
        count(DAYS_ENTRY_PAYMENT) filter (where DAYS_INSTALMENT >= -730) as n_paid_24m,
        count(*) filter (where late > 0) as n_late,
        count(*) filter (where late > 0 and DAYS_INSTALMENT >= -365) as n_late_12m,
        count(*) filter (where late > 0 and DAYS_INSTALMENT >= -730) as n_late_24m,
        count(*) filter (where late >= 30) as n_late_30,
        sum(later(late)) filter (where late is not null) as days_late,
        sum(later(-late)) filter (where late is not null) as days_early,
        max(later(late)) filter (where late is not null) as days_late_max,
        max(later(late)) filter (where late is not null and DAYS_INSTALMENT >= -365) as days_late_max_12m,
        max(DAYS_INSTALMENT) filter (where late > 0) as last_late,
        max(DAYS_ENTRY_PAYMENT) as last_payment,
        count(*) filter (where DAYS_ENTRY_PAYMENT is null) as n_unpaid,
        count(*) filter (where DAYS_ENTRY_PAYMENT is not null and AMT_PAYMENT < AMT_INSTALMENT) as n_underpaid,
        sum(AMT_INSTALMENT) as owed,
        sum(AMT_PAYMENT) as paid,
        count(AMT_INSTALMENT) as n_owed,
        max(NUM_INSTALMENT_VERSION) as version
    from (select *, DAYS_ENTRY_PAYMENT - DAYS_INSTALMENT as late from installments_payments)
    group by SK_ID_CURR, SK_ID_PREV
),
instalments as (
    select
        SK_ID_CURR,
        sum(n) as instalments_n_payments,
        count(*) as instalments_n_contracts,
        over(sum(n_late), sum(n_paid)) as instalments_late_rate,
        over(sum(n_late_12m), sum(n_paid_12m)) as instalments_late_rate_12m,
        over(sum(n_late_24m), sum(n_paid_24m)) as instalments_late_rate_24m,
        over(sum(n_late_30), sum(n_paid)) as instalments_late_30_rate,
        over(sum(days_late), sum(n_paid)) as instalments_days_late_mean,
        max(days_late_max) as instalments_days_late_max,
        max(days_late_max_12m) as instalments_days_late_12m_max,
        over(sum(days_early), sum(n_paid)) as instalments_days_early_mean,
        -max(last_late) as instalments_days_since_last_late,
        -max(last_payment) as instalments_days_since_last_payment,
        sum(n_unpaid) as instalments_n_unpaid,
        over(sum(n_underpaid), sum(n_paid)) as instalments_underpaid_rate,
        over(sum(paid), sum(owed)) as instalments_paid_to_owed,
        over(sum(owed), sum(n_owed)) as instalments_amount_mean,
        avg(over(n_late, n_paid)) as instalments_contract_late_rate_mean,
        max(over(n_late, n_paid)) as instalments_contract_late_rate_max,
        max(version) as instalments_calendar_version_max
    from contract_instalments
    group by SK_ID_CURR
),
contract_pos as (
    select
        SK_ID_CURR,
        count(*) as n,
        count(*) filter (where MONTHS_BALANCE >= -12) as n_12m,
        count(*) filter (where SK_DPD > 0) as n_dpd,
        count(*) filter (where SK_DPD > 0 and MONTHS_BALANCE >= -12) as n_dpd_12m,
        count(*) filter (where SK_DPD > 0 and MONTHS_BALANCE >= -24) as n_dpd_24m,
        max(SK_DPD) as dpd_max,
        max(SK_DPD_DEF) as dpd_tolerant_max,
        max(MONTHS_BALANCE) filter (where SK_DPD > 0) as last_dpd,
        max(MONTHS_BALANCE) as last_month,
        count(*) filter (where NAME_CONTRACT_STATUS = 'Completed') as n_completed,
        max(CNT_INSTALMENT) as term_max,
        min(CNT_INSTALMENT_FUTURE) as left_min
    from POS_CASH_balance
    group by SK_ID_CURR, SK_ID_PREV
),
pos as (
    select
        SK_ID_CURR,
        sum(n) as pos_n_months,
        count(*) as pos_n_contracts,
        over(sum(n_dpd), sum(n)) as pos_dpd_rate,
        over(sum(n_dpd_12m), sum(n_12m)) as pos_dpd_rate_12m,
        sum(n_dpd_24m) as pos_n_dpd_24m,
        max(dpd_max) as pos_dpd_max,
        max(dpd_tolerant_max) as pos_dpd_tolerant_max,
        -max(last_dpd) as pos_months_since_dpd,
        avg(over(n_dpd, n)) as pos_contract_dpd_rate_mean,
        count(*) filter (where n_completed > 0) as pos_n_completed,
        avg(term_max) as pos_term_mean,
        min(left_min) as pos_instalments_left_min,
        -max(last_month) as pos_months_since_last
    from contract_pos
    group by SK_ID_CURR
),
contract_cards as (
    select
        SK_ID_CURR,
        count(*) as n,
        count(*) filter (where MONTHS_BALANCE >= -12) as n_12m,
        count(*) filter (where SK_DPD > 0) as n_dpd,
        count(*) filter (where SK_DPD > 0 and MONTHS_BALANCE >= -12) as n_dpd_12m,
        max(SK_DPD) as dpd_max,
        max(MONTHS_BALANCE) filter (where SK_DPD > 0) as last_dpd,
        sum(use) as use,
        count(use) as n_use,
        max(use) as use_max,
        sum(use) filter (where MONTHS_BALANCE >= -12) as use_12m,
        count(use) filter (where MONTHS_BALANCE >= -12) as n_use_12m,
        sum(AMT_BALANCE) as balance,
        count(AMT_BALANCE) as n_balance,
        max(AMT_CREDIT_LIMIT_ACTUAL) as limit_max,
        sum(AMT_DRAWINGS_CURRENT) as drawn,
        count(AMT_DRAWINGS_CURRENT) as n_drawn,
        sum(AMT_DRAWINGS_ATM_CURRENT) filter (where AMT_DRAWINGS_CURRENT is not null) as atm_of_drawn,
        sum(AMT_DRAWINGS_CURRENT) filter (where AMT_DRAWINGS_ATM_CURRENT is not null) as drawn_of_atm,
        sum(AMT_INST_MIN_REGULARITY) filter (where is_due) as due,
        sum(AMT_PAYMENT_TOTAL_CURRENT) filter (where is_due) as paid_of_due,
        count(*) filter (where is_due) as n_due,
        count(*) filter (where is_due and AMT_PAYMENT_TOTAL_CURRENT < AMT_INST_MIN_REGULARITY) as n_below
    from (
        select
            *,
            over(AMT_BALANCE, AMT_CREDIT_LIMIT_ACTUAL) as use,
            AMT_INST_MIN_REGULARITY > 0 and AMT_PAYMENT_TOTAL_CURRENT is not null as is_due
        from credit_card_balance
    )
    group by SK_ID_CURR, SK_ID_PREV
),
cards as (
    select
        SK_ID_CURR,
        sum(n) as card_n_months,
        over(sum(use), sum(n_use)) as card_utilisation_mean,
        max(use_max) as card_utilisation_max,
        over(sum(use_12m), sum(n_use_12m)) as card_utilisation_12m_mean,
        avg(over(use, n_use)) as card_contract_utilisation_mean,
        over(sum(balance), sum(n_balance)) as card_balance_amount_mean,
        max(limit_max) as card_limit_amount_max,
        over(sum(drawn), sum(n_drawn)) as card_drawings_amount_mean,
        over(sum(atm_of_drawn), sum(drawn_of_atm)) as card_atm_drawings_rate,
        over(sum(paid_of_due), sum(due)) as card_payment_to_minimum,
        over(sum(n_below), sum(n_due)) as card_below_minimum_rate,
        over(sum(n_dpd), sum(n)) as card_dpd_rate,
        over(sum(n_dpd_12m), sum(n_12m)) as card_dpd_rate_12m,
        max(dpd_max) as card_dpd_max,
        -max(last_dpd) as card_months_since_dpd
    from contract_cards
    group by SK_ID_CURR
)
select
    application.SK_ID_CURR::varchar as application_id,
    AMT_INCOME_TOTAL as income_amount,
    AMT_CREDIT as credit_amount,
    AMT_ANNUITY as annuity_amount,
    AMT_GOODS_PRICE as goods_price_amount,
    over(AMT_CREDIT, AMT_INCOME_TOTAL) as credit_to_income,
    over(AMT_ANNUITY, AMT_INCOME_TOTAL) as annuity_to_income,
    over(AMT_CREDIT, AMT_GOODS_PRICE) as credit_to_goods_price,
    over(AMT_CREDIT, AMT_ANNUITY) as credit_term,
    EXT_SOURCE_1 as external_score_1,
    EXT_SOURCE_2 as external_score_2,
    EXT_SOURCE_3 as external_score_3,
    list_avg([EXT_SOURCE_1, EXT_SOURCE_2, EXT_SOURCE_3]) as external_score_mean,
    least(EXT_SOURCE_1, EXT_SOURCE_2, EXT_SOURCE_3) as external_score_min,
    greatest(EXT_SOURCE_1, EXT_SOURCE_2, EXT_SOURCE_3) as external_score_max,
    (EXT_SOURCE_1 is not null)::int + (EXT_SOURCE_2 is not null)::int + (EXT_SOURCE_3 is not null)::int
        as n_external_scores,
    DAYS_EMPLOYED = 365243 as is_without_employment,
    -day(DAYS_EMPLOYED) as days_since_employment,
    -DAYS_REGISTRATION as days_since_registration,
    -DAYS_ID_PUBLISH as days_since_id_document,
    -DAYS_LAST_PHONE_CHANGE as days_since_phone_change,
    FLAG_OWN_CAR in (true) as has_car,
    OWN_CAR_AGE as car_age_years,
    FLAG_OWN_REALTY in (true) as has_realty,
    FLAG_WORK_PHONE = 1 as has_work_phone,
    FLAG_PHONE = 1 as has_home_phone,
    FLAG_EMAIL = 1 as has_email,
    REGION_POPULATION_RELATIVE as region_population_rate,
    REGION_RATING_CLIENT_W_CITY as region_and_city_rating,
    REG_REGION_NOT_WORK_REGION = 1 as is_registered_region_not_work,
    REG_CITY_NOT_LIVE_CITY = 1 as is_registered_city_not_home,
    REG_CITY_NOT_WORK_CITY = 1 as is_registered_city_not_work,
    LIVE_CITY_NOT_WORK_CITY = 1 as is_home_city_not_work,
    HOUR_APPR_PROCESS_START as application_hour,
    FLAG_DOCUMENT_2 + FLAG_DOCUMENT_3 + FLAG_DOCUMENT_4 + FLAG_DOCUMENT_5 + FLAG_DOCUMENT_6 + FLAG_DOCUMENT_7
        + FLAG_DOCUMENT_8 + FLAG_DOCUMENT_9 + FLAG_DOCUMENT_10 + FLAG_DOCUMENT_11 + FLAG_DOCUMENT_12
        + FLAG_DOCUMENT_13 + FLAG_DOCUMENT_14 + FLAG_DOCUMENT_15 + FLAG_DOCUMENT_16 + FLAG_DOCUMENT_17
        + FLAG_DOCUMENT_18 + FLAG_DOCUMENT_19 + FLAG_DOCUMENT_20 + FLAG_DOCUMENT_21 as n_documents,
    FLAG_DOCUMENT_3 = 1 as has_document_3,
    FLAG_DOCUMENT_6 = 1 as has_document_6,
    AMT_REQ_CREDIT_BUREAU_MON as n_enquiries_month,
    AMT_REQ_CREDIT_BUREAU_QRT as n_enquiries_quarter,
    AMT_REQ_CREDIT_BUREAU_YEAR as n_enquiries_year,
    AMT_REQ_CREDIT_BUREAU_HOUR + AMT_REQ_CREDIT_BUREAU_DAY + AMT_REQ_CREDIT_BUREAU_WEEK + AMT_REQ_CREDIT_BUREAU_MON
        + AMT_REQ_CREDIT_BUREAU_QRT + AMT_REQ_CREDIT_BUREAU_YEAR as n_enquiries,
    OBS_30_CNT_SOCIAL_CIRCLE as n_social_circle_seen_30dpd,
    DEF_30_CNT_SOCIAL_CIRCLE as n_social_circle_defaults_30dpd,
    APARTMENTS_AVG as building_apartments_mean,
    YEARS_BUILD_AVG as building_years_since_built_mean,
    ELEVATORS_AVG as building_elevators_mean,
    FLOORSMAX_AVG as building_floors_max_mean,
    LIVINGAREA_AVG as building_living_area_mean,
    TOTALAREA_MODE as building_total_area_mode,
    named(NAME_CONTRACT_TYPE) as contract_type,
    named(NAME_INCOME_TYPE) as income_type,
    named(NAME_EDUCATION_TYPE) as education,
    named(NAME_HOUSING_TYPE) as housing_type,
    named(OCCUPATION_TYPE) as occupation,
    named(ORGANIZATION_TYPE) as organisation_type,
    named(WALLSMATERIAL_MODE) as building_wall_material,
    credits.* exclude (SK_ID_CURR),
    bureau_months.* exclude (SK_ID_CURR),
    previous.* exclude (SK_ID_CURR),
    instalments.* exclude (SK_ID_CURR),
    pos.* exclude (SK_ID_CURR),
    cards.* exclude (SK_ID_CURR),
    over(bureau_debt_amount, AMT_INCOME_TOTAL) as bureau_debt_to_income,
    over(bureau_annuity_amount, AMT_INCOME_TOTAL) as bureau_annuity_to_income,
    over(AMT_CREDIT, previous_credit_amount_max) as credit_to_previous_credit_max,
    over(AMT_ANNUITY, previous_annuity_amount_mean) as annuity_to_previous_annuity_mean,
    bureau_n_credits is not null as has_bureau,
    bureau_balance_n_months is not null as has_bureau_balance,
    previous_n_applications is not null as has_previous_application,
    instalments_n_payments is not null as has_instalments,
    pos_n_months is not null as has_pos,
    card_n_months is not null as has_card,
    concat_ws(
        '+',
        case when has_bureau then 'bureau' end,
        case when has_bureau_balance then 'bureau_balance' end,
        case when has_card then 'card' end,
        case when has_instalments then 'instalments' end,
        case when has_pos then 'pos' end,
        case when has_previous_application then 'previous_application' end
    ) as sources_present
from application
left join credits using (SK_ID_CURR)
left join bureau_months using (SK_ID_CURR)
left join previous using (SK_ID_CURR)
left join instalments using (SK_ID_CURR)
left join pos using (SK_ID_CURR)
left join cards using (SK_ID_CURR)
order by application_id
) to '{parquet}' (format parquet, compression zstd);
