"""The model card of a version: what it is for, what it was made of, how good it is, and what it must not be used for.

Facts come from the given tables only; what they do not say is written as `unknown`. Markdown and page are made by
`document`, the gates one by one are in `validation_checklist`.
"""

from collections.abc import Sequence

import polars as pl

from credit_platform.portfolios.portfolio import Words
from credit_platform.reports.documents.document import UNKNOWN, Bullets, Document, Grid, Part, facts, grid, part_of
from credit_platform.reports.version.facts import (
    CardSources,
    VersionFacts,
    entries,
    judged,
    measured,
    text_at,
    windows_table,
)
from credit_platform.reports.version.tables import making_rows, metric_texts
from credit_platform.reports.version.verdict import (
    caveat,
    discrimination_text,
    gate_texts,
    promotion_text,
    version_verdict,
)
from credit_platform.reports.wording import (
    interval_text,
    metric_name,
    model_name,
    month_name,
    number_text,
    setting_text,
    words,
)
from credit_platform.scoring.governance.promotion import AS_NEWEST

CALIBRATION = (
    "calibration_slope",
    "calibration_intercept",
    "calibration_in_the_large",
    "brier",
    "expected_calibration_error",
    "hosmer_lemeshow_p",
)
CAVEAT = (
    "Caveat: rows of {sources} were selected by customer. Figures on {cases} that have them are better than what new "
    "{cases} will show; judge the version by its figures without them."
)
# True of every version, because they follow from how the book and the label are made.
LIMITS = (
    "Learned from {words.booked} {words.cases} only: how applicants who were declined would have paid is not known.",
    "Judged by early delinquency, as the label says; that is not a default of 90 days, nor a loss.",
    "Probabilities and decisions are meant for {words.cases} of the kind it was trained on, at application.",
)


def model_card(facts_: VersionFacts, sources: CardSources) -> Document:
    """The card as a document, all sections of its kind of book always present."""
    head = part_of(__file__, "introduction", model=model_name(facts_.model), version=facts_.model_version)
    return Document(
        title=head.heading,
        introduction=" ".join(filter(None, (head.lead, facts_.book.no_calendar))),
        parts=(
            _purpose(facts_, sources),
            _decision(facts_),
            _data(facts_),
            _features(facts_, sources),
            _set_by_hand(facts_, sources),
            _excluded(sources),
            # Whether rows came late or were selected cannot be told without a calendar.
            *([_availability(facts_)] if facts_.book.has_calendar else []),
            _metrics(facts_),
            _calibration(facts_),
            _stability(facts_, sources),
            *(_degradation(facts_, sources, group) for group in sources.without),
            _limits(facts_),
            _reason_codes(sources, facts_.book.words),
            _approvals(sources),
            _making(facts_, sources),
        ),
    )


def _purpose(version: VersionFacts, sources: CardSources) -> Part:
    rows = [
        ("Purpose", sources.purpose),
        ("Owner", sources.owner),
        ("Model", f"{version.model} ({version.metadata.alias or UNKNOWN})"),
        ("Algorithm", version.metadata.algorithm),
        ("Version", version.model_version),
        ("Trained as of", month_name(version.as_of)),
        ("What counts as bad", version.metadata.label_def),
    ]
    return part_of(__file__, "purpose", facts(rows))


def _decision(version: VersionFacts) -> Part:
    verdict = version_verdict(version)
    rows = [
        ("Role", version.role),
        ("Ranking", discrimination_text(version)),
        ("Gates", verdict.gates),
        ("Production", promotion_text(version)),
    ]
    gates = grid(gate_texts(version.gates), ["Gate", "Value", "Limit", "Status"])
    return part_of(__file__, "decision", facts(rows), gates, Bullets(verdict.why))


def _data(version: VersionFacts) -> Part:
    table = windows_table(version.metadata).with_columns(pl.col("sample_role").replace(words("samples")))
    headings = ["Sample", "First cohort", "Last cohort", "Cohorts", version.book.words.heading, "Bad", "Bad rate"]
    shared, rebalanced = _shared_customers(version), _rebalancing(version)
    return part_of(__file__, "data", grid(table, headings), shared, *rebalanced, words=version.book.words)


def _shared_customers(version: VersionFacts) -> str:
    found = version.metadata.shared_customers
    counts = {role: getattr(found, role) for role in ("validation", "test", "oot")}
    said = ", ".join(f"{words('samples')[role]} {UNKNOWN if n is None else n}" for role, n in counts.items())
    left_out = (
        f"; their {version.book.words.cases} are left out of the later sample" if found.policy == "left_out" else ""
    )
    return f"Customers that an earlier sample has as well: {said}{left_out}."


def _rebalancing(version: VersionFacts) -> list[str]:
    said = version.metadata.rebalancing
    if not said:
        return []
    how = str(said["method"])
    if "smote" in said:
        how += f" (bads per good: {said['smote']} after SMOTE, {said['downsample']} after downsampling)"
    cases = version.book.words.cases
    return [
        f"Training {cases} are rebalanced by {how}, those of the other samples are not. Calibration undoes the shift."
    ]


def _features(version: VersionFacts, sources: CardSources) -> Part:
    names = sources.features
    read = UNKNOWN if names is None else str(len(names))
    ranked = version.importance.sort("rank").select("rank", "feature", "importance")
    unranked = sorted(set(names or ()) - set(version.importance.get_column("feature")))
    blocks: list[str | Grid] = [
        f"Columns read from the feature store: {read}.",
        grid(ranked, ["Rank", "Feature", "Share of importance"]),
    ]
    if unranked:
        names_told = ", ".join(unranked)
        blocks.append(f"Read, with no share of their own, as they enter together or not at all: {names_told}.")
    return part_of(__file__, "features", *blocks)


def _set_by_hand(version: VersionFacts, sources: CardSources) -> Part:
    said = version.metadata.set_by_hand
    if not said:
        return part_of(__file__, "set_by_hand", UNKNOWN if said is None else "Nothing.")
    rows = tuple((key, setting_text(value)) for key, value in said.items())
    warnings = (Bullets(sources.hand_set_warnings),) if sources.hand_set_warnings else ()
    return part_of(__file__, "set_by_hand", Grid(("Key in model_config.yaml", "Value"), rows), *warnings)


def _excluded(sources: CardSources) -> Part:
    table = grid(sources.excluded, ["Source", "Column", "Why no model reads it"])
    return part_of(__file__, "excluded", table)


def _availability(version: VersionFacts) -> Part:
    judged = version.metadata.availability
    rows = tuple((source, found.status, found.reason) for source, found in judged.items())
    failed = ", ".join(version.metadata.failed_sources)
    caveat = (CAVEAT.format(sources=failed, cases=version.book.words.cases),) if failed else ()
    return part_of(
        __file__, "availability", Grid(("Source", "Status", "Reason"), rows), *caveat, words=version.book.words
    )


def _metrics(version: VersionFacts) -> Part:
    if version.evaluation.metrics.is_empty():
        return part_of(__file__, "metrics", UNKNOWN)
    texts = metric_texts(version.evaluation.metrics, version.book.words.cases).with_columns(
        pl.exclude("metric").str.replace("\n(.*)", " ($1)")
    )
    headings = ["Metric", *(words("samples")[role] for role in texts.columns[1:])]
    return part_of(__file__, "metrics", *_newest_mix(version), grid(texts, headings))


def _newest_mix(version: VersionFacts) -> list[str | Grid]:
    """The figures that are judged, and why those below are not; nothing where they are the same."""
    mix, scarcer = version.metadata.newest_mix, version.metadata.scarcer_sources
    if mix is None or not scarcer:
        return []
    roles = {role: words("samples")[role] for role in ("validation", "test", "oot", "unseen")}
    rows = []
    for metric in ("roc_auc", "gini", "ks", "brier"):
        found = [judged(version, role, metric) for role in roles]
        rows.append((metric_name(metric), *(interval_text(one.value, one.low, one.high) for one in found)))
    shares = ", ".join(f"{name} {mix.present[name]:.1%} (out-of-time {mix.sample[name]:.1%})" for name in scarcer)
    cohorts = f"{month_name(mix.cohorts[0])} to {month_name(mix.cohorts[-1])}"
    return [
        f"{AS_NEWEST.capitalize()}, {cohorts}: {shares}. Judge by these.",
        Grid(("Metric", *roles.values()), tuple(rows)),
        f"With all sources, {caveat(scarcer, version.book.words.cases)}:",
    ]


def _calibration(version: VersionFacts) -> Part:
    rows = [
        (metric_name(metric), *(_measured_text(version, role, metric) for role in ("oot", "unseen")))
        for metric in CALIBRATION
    ]
    grades = version.evaluation.grades.filter(sample_role="unseen").select(
        "grade", "n", "n_bad", "mean_probability", "bad_rate", "ci_low", "ci_high", "jeffreys_p", "holm_p", "status"
    )
    headings = ["Grade", version.book.words.heading, "Bad", "Mean probability", "Bad rate", "From", "To"]
    headings += ["Jeffreys p", "Holm p", "Status"]
    samples = Grid(("Metric", words("samples")["oot"], words("samples")["unseen"]), tuple(rows))
    return part_of(__file__, "calibration", samples, grid(grades, headings))


def _stability(version: VersionFacts, sources: CardSources) -> Part:
    reference, said = sources.reference, version.book.words
    rows: list[tuple[str, str | None]] = [
        ("Sample", "Validation, frozen with the version" if reference else None),
        (said.heading, str(reference.n) if reference else None),
        (f"Mean {said.event} probability", number_text(reference.mean_probability) if reference else None),
        ("Spread of the probabilities", number_text(reference.std_probability) if reference else None),
        ("Characteristics with frozen bins", str(len(reference.features)) if reference else None),
    ]
    windows = windows_table(version.metadata).filter(sample_role="validation")
    first, last = windows.select("first_cohort", "last_cohort").row(0)
    rows.append(("Cohorts", None if first is None else f"{first} to {last}"))
    return part_of(__file__, "stability", facts(rows))


def _degradation(version: VersionFacts, sources: CardSources, group: str) -> Part:
    without = sources.without[group]
    rows = []
    for metric in ("roc_auc", "calibration_slope", "brier"):
        dark = measured(without, "oot", metric) if without is not None else None
        text = UNKNOWN if dark is None else interval_text(dark.value, dark.low, dark.high)
        rows.append((metric_name(metric), _measured_text(version, "oot", metric), text))
    retrained = facts([("ROC-AUC of the model trained without it", number_text(sources.trained_without.get(group)))])
    compared = Grid(("Metric", "With", "Without"), tuple(rows))
    return part_of(__file__, "degradation", compared, retrained, group=group, words=version.book.words)


def _limits(version: VersionFacts) -> Part:
    evaluation, said = version.evaluation, version.book.words
    found = [limit.format(words=said) for limit in LIMITS]
    untested = evaluation.grades.filter(sample_role="unseen", status="insufficient").get_column("grade").to_list()
    if untested:
        found.append(f"Too few unseen {said.cases} to test these grades: {', '.join(untested)}.")
    judged = evaluation.grades.filter(pl.col("status").is_in(["warn", "breach"]), sample_role="unseen")
    if not judged.is_empty():
        found.append(
            f"Too low a probability for the bad rate in these grades: {', '.join(judged.get_column('grade'))}."
        )
    for status, what in (("failed", "Gates not passed"), ("unknown", "Gates that could not be judged")):
        gates = gate_texts(version.gates.filter(status=status)).get_column("gate").to_list()
        if gates:
            found.append(f"{what}: {', '.join(gates)}.")
    undefined = evaluation.metrics.filter(pl.col("value").is_null(), sample_role="oot").get_column("metric").to_list()
    if undefined:
        found.append(f"Not defined on the out-of-time sample: {', '.join(map(metric_name, undefined))}.")
    if version.metadata.failed_sources:
        found.append(CAVEAT.format(sources=", ".join(version.metadata.failed_sources), cases=said.cases))
    if evaluation.metrics.is_empty():
        found.append("How good the version is, is unknown: it has no metrics.")
    return part_of(__file__, "limits", Bullets(tuple(found)))


def _reason_codes(sources: CardSources, said: Words) -> Part:
    codes = sources.reason_codes
    shown = None if codes is None else codes.select("code", "feature", "internal", "is_given")
    return part_of(__file__, "reason_codes", grid(shown, ["Code", "Feature", "Reason", "Given"]), words=said)


def _approvals(sources: CardSources) -> Part:
    audit = sources.audit
    shown = None if audit is None else audit.with_columns(pl.col("effective_month").dt.strftime("%Y-%m"))
    return part_of(__file__, "approvals", grid(shown, ["Action", "Actor", "Effective month", "Reasons"]))


def _making(version: VersionFacts, sources: CardSources) -> Part:
    manifest = sources.manifest
    recorded: Sequence[tuple[str, str | None]] = [
        ("Code (git commit)", text_at(manifest, "git_commit") or text_at(manifest, "provenance", "git_commit")),
        ("Schema of the stored files", text_at(manifest, "schema_version")),
    ]
    files = Grid(("File", "sha256"), tuple(entries(manifest.get("sha256"))))
    made = facts([*making_rows(version.metadata), *recorded])
    return part_of(__file__, "making", made, "Stored files:", files)


def _measured_text(version: VersionFacts, role: str, metric: str) -> str:
    found = measured(version.evaluation.metrics, role, metric)
    return interval_text(found.value, found.low, found.high)
