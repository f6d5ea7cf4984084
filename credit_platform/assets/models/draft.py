"""A scorecard as training as of a month would fit it, for people to look at: read, fit, compare, and store nothing.

Test and out-of-time cohorts are not read. What is shown is computed in `scoring.scorecard.draft`.
"""

from datetime import date

import polars as pl

from credit_platform.assets.models.training import SampleReader, is_triggered, tables_read
from credit_platform.lake.governance.promotions import PromotionLog, model_periods
from credit_platform.lake.provenance import require_unaltered
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import add_months, month_range
from credit_platform.policy.characteristics import set_by_hand
from credit_platform.policy.load import Policy
from credit_platform.policy.model_config import ModelConfig
from credit_platform.scoring.governance.life_cycle import period_of
from credit_platform.scoring.governance.promotion import AS_NEWEST
from credit_platform.scoring.scorecard.draft import (
    NEWEST,
    TRAIN,
    VALIDATION,
    ScorecardDraft,
    draft_characteristics,
    sample_facts,
)
from credit_platform.scoring.scorecard.draft_change import DraftChange, draft_change
from credit_platform.scoring.training.samples import SourceMix, as_newest
from credit_platform.scoring.training.tuning import regularised
from credit_platform.scoring.training.version import FittedVersion, fit_version
from credit_platform.scoring.training.windows import windows_for

_FEATURES = "gold/feature_store"
WITHOUT_HAND = "the same fit without what is set by hand"
_IN_FORCE = "version {version}, in force"
_BOTH = "version {version}, in force, which is the same fit without what is set by hand"


def draft_as_of(lake: Lake, model: str, month: date, policy: Policy) -> ScorecardDraft:
    """Fit a scorecard as training as of a month would, and hold it against the version in force and what the fit does.

    Raises:
        WindowError: the windows do not fit before the month.
        MissingMonthsError: a month of a window was never built.
        TrainingError: a sample is too small, or what policy says cannot be fitted.
        TableError: a file of such a month was altered since it was written.
        ModelStoreError: the version in force is damaged.
    """
    config = policy.model
    windows = windows_for(month, config, triggered=is_triggered(lake, model, month))
    fitted_on = (*windows.train, *windows.validation)
    require_unaltered(lake.layout, tables_read(fitted_on, config.label))
    reader = SampleReader(lake, windows, config)
    samples = {TRAIN: reader.read("train"), VALIDATION: reader.read("validation")}
    fitted = _fit(model, samples, policy, lake)
    newest = _newest(lake, windows.oot[-1], month)
    samples |= {NEWEST: newest} if newest.height else {}
    spec = regularised(config.models[model], int(samples[TRAIN]["label"].sum()))
    return ScorecardDraft(
        model=model,
        alias=spec.alias,
        month=month,
        windows=windows,
        policy_sha256=policy.sha256,
        set_by_hand=set_by_hand(model, spec.characteristics),
        params=spec.params,
        samples={name: sample_facts(fitted, loans) for name, loans in samples.items()},
        characteristics=draft_characteristics(fitted, spec, samples),
        changes=tuple(_changes(lake, fitted, samples, policy, month)),
    )


def _fit(model: str, samples: dict[str, pl.DataFrame], policy: Policy, lake: Lake) -> FittedVersion:
    return fit_version(model, samples[TRAIN], samples[VALIDATION], policy.model, portfolio=lake.layout.portfolio)


def _newest(lake: Lake, last: date, month: date) -> pl.DataFrame:
    """Features of the cohorts after the last with an outcome, up to the month, as far as there are."""
    later = month_range(add_months(last, 1), month) if last < month else []
    known = [cohort for cohort in later if lake.has(_FEATURES, cohort)]
    return lake.scan(_FEATURES, known).collect() if known else pl.DataFrame()


def _changes(
    lake: Lake, draft: FittedVersion, samples: dict[str, pl.DataFrame], policy: Policy, month: date
) -> list[DraftChange]:
    """Against the version in force after the month, if any, and against the fit alone, if anything is set by hand."""
    config, portfolio, model = policy.model, draft.portfolio, draft.model
    cases = portfolio.words.cases
    loans = {f"validation {cases}": samples[VALIDATION]}
    if NEWEST in samples:
        mix = SourceMix.of(samples[NEWEST], portfolio.features)
        blind = as_newest(
            samples[VALIDATION], mix, portfolio.features, key=portfolio.cases.key, seed=config.random_seed
        )
        loans |= {f"validation {cases} {AS_NEWEST}": blind} if blind is not samples[VALIDATION] else {}
        loans |= {f"{cases} of the newest cohorts": samples[NEWEST]}
    found: list[DraftChange] = []
    without = _without_hand(draft, samples, config)
    period = period_of(model_periods(PromotionLog(lake.layout).records(), model), add_months(month, 1))
    if period is not None:
        stored = lake.versions.read(model, period.version)
        other = stored.fitted(config)
        is_same = without is not None and _is_same(without, other)
        name = (_BOTH if is_same else _IN_FORCE).format(version=period.version)
        without = None if is_same else without
        cut_offs, trained_on = (draft.cut_off(config), other.cut_off(config)), stored.windows.train
        found.append(draft_change(draft, other, loans, against=name, cut_offs=cut_offs, trained_on=trained_on))
    if without is not None:
        cut_offs = draft.cut_off(config), without.cut_off(config)
        found.append(draft_change(draft, without, loans, against=WITHOUT_HAND, cut_offs=cut_offs))
    return found


def _without_hand(draft: FittedVersion, samples: dict[str, pl.DataFrame], config: ModelConfig) -> FittedVersion | None:
    """What the fit does alone; None where nothing is set by hand."""
    spec = config.models[draft.model]
    if not spec.characteristics:
        return None
    plain = {**config.models, draft.model: spec.model_copy(update={"characteristics": {}})}
    alone = config.model_copy(update={"models": plain})
    return fit_version(draft.model, samples[TRAIN], samples[VALIDATION], alone, portfolio=draft.portfolio)


def _is_same(one: FittedVersion, other: FittedVersion) -> bool:
    """Whether two versions give every loan the same score by the same bins."""
    return (one.estimator, one.transformer, one.calibrator) == (other.estimator, other.transformer, other.calibrator)
