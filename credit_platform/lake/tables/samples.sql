-- Views of the samples that versions were fitted and measured on. They read the metadata of the versions and the months
-- of features and labels whenever they are asked, so a version stored later is in them by itself.
create schema if not exists samples;

-- One row per version, sample and cohort.
create or replace view samples.cohorts as
with versions as (
    select
        split_part(filename, '/', -3) as model,
        split_part(filename, '/', -2) as model_version,
        as_of,
        coalesce(shared_customers.policy = 'left_out', false) as leaves_out,
        unnest([
            {'place': 1, 'sample': 'train', 'cohorts': windows.train},
            {'place': 2, 'sample': 'validation', 'cohorts': windows.validation},
            {'place': 3, 'sample': 'test', 'cohorts': windows.test},
            {'place': 4, 'sample': 'oot', 'cohorts': windows.oot}
        ]) as of_sample
    from read_json($metadata, filename = true, columns = {
        'as_of': 'DATE',
        'windows': 'STRUCT(train DATE[], validation DATE[], test DATE[], oot DATE[])',
        'shared_customers': 'STRUCT(policy VARCHAR)'
    })
)
select model, model_version, as_of, leaves_out, of_sample.sample, of_sample.place, unnest(of_sample.cohorts) as cohort
from versions;

-- The version whose samples are meant where none is named.
create or replace view samples.deciding as
$deciding;

-- The labelled cases of a version, with their sample. Where policy said so a customer is in the first of its samples only.
create or replace macro samples.of_version(of_model, of_version) as table
with chosen as (
    select * from samples.cohorts where model = of_model and model_version = of_version
),
kept as (
    select chosen.sample, features.snapshot_month, features.$case as case_key, labels.label
    from chosen
    join $features as features on features.snapshot_month = chosen.cohort
    join $labels as labels on labels.cohort = chosen.cohort and labels.$case = features.$case
    qualify not chosen.leaves_out or chosen.place = min(chosen.place) over (partition by features.$customer)
)
select of_model as model, of_version as model_version, kept.sample, features.$shown, kept.label
from kept
join $features as features on features.snapshot_month = kept.snapshot_month and features.$case = kept.case_key;
