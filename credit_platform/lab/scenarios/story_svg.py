"""The history of one model as a picture: AUC per cohort, drifts, detections, actions, versions in force.

Reading the history belongs to `life_story`, the pages around the picture to `page`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

from credit_platform.lab.scenarios.detections import MEANING, Detector
from credit_platform.lab.scenarios.life_story import CohortOutcome, ModelStory, Version
from credit_platform.months import add_months, month_range, months_between
from credit_platform.reports.wording import ACTION_COLOURS, ACTIONS, BLUE, GREEN, GREY, ORANGE, VERMILION, month_name

# Detectors in the order in which they can know, each a lane of its own.
LANES: Mapping[Detector, str] = {
    Detector.DELIVERY: "Deliveries",
    Detector.MISSING_VALUES: "Missing values",
    Detector.FEATURES: "Features (CSI)",
    Detector.SCORES: "Scores (PSI)",
    Detector.ESTIMATE: "Estimate",
    Detector.EARLY_READS: "Early reads",
    Detector.OUTCOME: "Outcome",
    Detector.UNMEASURED: "Not measured",
}
_LANE = 22
_VERSION_COLOURS = (BLUE, GREEN, ORANGE, GREY)


@dataclass(frozen=True)
class Truth:
    """A simulated drift: its name and the first month that shows it."""

    name: str
    first_month: date


@dataclass(frozen=True)
class _Frame:
    """The place of months and AUCs on the picture, in pixels."""

    first: date
    last: date
    left: float
    right: float
    top: float
    bottom: float
    low: float
    high: float

    @property
    def step(self) -> float:
        return (self.right - self.left) / (months_between(self.first, self.last) + 1)

    def x(self, month: date) -> float:
        """The middle of a month."""
        return self.left + self.step * (months_between(self.first, month) + 0.5)

    def edge(self, month: date) -> float:
        """Where a month begins."""
        return min(max(self.left, self.left + self.step * months_between(self.first, month)), self.right)

    def y(self, value: float) -> float:
        share = (self.high - value) / (self.high - self.low)
        return self.top + (self.bottom - self.top) * min(1.0, max(0.0, share))


def story_svg(
    story: ModelStory, *, truths: Sequence[Truth], cure: Version | None, floors: Sequence[float], last: date
) -> str:
    """The whole picture, 1200 wide, for a page of any background: texts take the colour around them.

    Args:
        story: The model's history.
        truths: The simulated drifts.
        cure: The version that cured them; None where none did.
        floors: Thresholds of the ROC-AUC, the milder first.
        last: Last month of the book.
    """
    first = _first_month(story, last)
    lanes = [lane for lane in LANES if any(one.detector == lane for one in story.detections)]
    frame = _Frame(first, last, 130, 1190, 34, 250, *_range(story.outcomes, floors))
    height = frame.bottom + 40 + _LANE * (len(lanes) + 2)
    parts = [
        *_shading(frame, truths, cure, bottom=height - 14),
        *_floors(frame, floors),
        *_axis(frame),
        *_dots(frame, story, radius=4),
        *_lanes(frame, story, lanes, truths),
    ]
    return _svg("".join(parts), 1200, height, f"Life of {story.model}")


def small_story_svg(
    story: ModelStory, *, truths: Sequence[Truth], cure: Version | None, floors: Sequence[float], last: date
) -> str:
    """The AUC of the cohorts alone, 360 wide, with the drift, the months that asked for a retraining, and the cure."""
    frame = _Frame(_first_month(story, last), last, 34, 356, 8, 84, *_range(story.outcomes, floors))
    asked = [one for one in story.detections if one.detector == Detector.RETRAIN]
    parts = [
        *_shading(frame, truths, cure, bottom=96, is_named=False),
        *_floors(frame, floors[-1:]),
        *_dots(frame, story, radius=2.4),
        *(_square(frame.x(one.month), 91, VERMILION, f"{one.month:%Y-%m}: retrain", size=5) for one in asked),
        *(
            f"<text x='30' y='{frame.y(value) + 4:.1f}' text-anchor='end'>{value:.2f}</text>"
            for value in (frame.low, frame.high)
        ),
        f"<text x='{frame.left}' y='110'>{month_name(frame.first)}</text>",
        f"<text x='{frame.right}' y='110' text-anchor='end'>{month_name(last)}</text>",
    ]
    return _svg("".join(parts), 360, 114, f"ROC-AUC of the cohorts of {story.model}")


def _first_month(story: ModelStory, last: date) -> date:
    months = [outcome.cohort for outcome in story.outcomes] + [one.month for one in story.detections]
    return min([add_months(last, -11), *months])


def _range(outcomes: Sequence[CohortOutcome], floors: Sequence[float]) -> tuple[float, float]:
    known = [value for o in outcomes for value in (o.value, o.low, o.high) if value is not None]
    low = min([*known, *floors, 0.75])
    return max(0.0, int(low * 20) / 20), 1.0


def _svg(content: str, width: float, height: float, name: str) -> str:
    return (
        f"<svg viewBox='0 0 {width:g} {height:g}' role='img' aria-label='{escape(name, quote=True)}' "
        f"style='width:100%;max-width:{width:g}px;height:auto;display:block' fill='currentColor' "
        f"font-family='inherit' font-size='12'>{content}</svg>"
    )


def _shading(
    frame: _Frame, truths: Sequence[Truth], cure: Version | None, *, bottom: float, is_named: bool = True
) -> Iterator[str]:
    """The drift from its first month on, and the months of the version that cured it."""
    until = frame.edge(cure.first) if cure else frame.right
    for place, truth in enumerate(truths):
        x = frame.edge(truth.first_month)
        yield _ground(frame, (x, until), bottom, VERMILION, 0.10)
        yield _upright(x, (frame.top - 8, bottom), VERMILION, 2)
        if is_named:
            text = escape(f"{truth.name} begins {month_name(truth.first_month)}")
            yield f"<text x='{x + 6:.1f}' y='{frame.top - 10 + 14 * place:.1f}' fill='{VERMILION}'>{text}</text>"
    if cure:
        yield _ground(frame, (until, frame.right), bottom, GREEN, 0.12)
        if is_named:
            text = f"cured by the version in force from {month_name(cure.first)}"
            yield f"<text x='{until + 6:.1f}' y='{frame.bottom - 6:.1f}' fill='{GREEN}'>{text}</text>"


def _floors(frame: _Frame, floors: Sequence[float]) -> Iterator[str]:
    for floor, colour in zip(floors, (ORANGE, VERMILION)[-len(floors) :], strict=False):
        y = frame.y(floor)
        yield (
            f"<line x1='{frame.left}' x2='{frame.right}' y1='{y:.1f}' y2='{y:.1f}' stroke='{colour}' "
            f"stroke-dasharray='6 4'><title>threshold {floor:g}</title></line>"
        )


def _axis(frame: _Frame) -> Iterator[str]:
    yield f"<text x='8' y='{frame.top + 4}'>ROC-AUC</text>"
    yield f"<text x='8' y='{frame.top + 20}' opacity='.7'>by cohort</text>"
    steps = round((frame.high - frame.low) / 0.05)
    for step in range(steps + 1):
        value = frame.low + 0.05 * step
        yield (
            f"<text x='{frame.left - 8}' y='{frame.y(value) + 4:.1f}' text-anchor='end'>{value:.2f}</text>"
            f"<line x1='{frame.left}' x2='{frame.right}' y1='{frame.y(value):.1f}' y2='{frame.y(value):.1f}' "
            "stroke='currentColor' stroke-opacity='.12'/>"
        )
    months = month_range(frame.first, frame.last)
    every = 1 if len(months) <= 14 else 3 if len(months) <= 42 else 6
    for month in months:
        if (month.month - 1) % every == 0:
            x = frame.x(month)
            yield _upright(x, (frame.bottom, frame.bottom + 4), "currentColor", 1)
            yield f"<text x='{x:.1f}' y='{frame.bottom + 18:.1f}' text-anchor='middle'>{month_name(month)}</text>"


def _dots(frame: _Frame, story: ModelStory, *, radius: float) -> Iterator[str]:
    """One dot per cohort with its interval, coloured by version; hollow in its development sample."""
    for outcome in story.outcomes:
        if outcome.value is None:
            continue
        x, y = frame.x(outcome.cohort), frame.y(outcome.value)
        colour = _colour_of(story, outcome.version)
        text = (
            f"cohort {month_name(outcome.cohort)}: {outcome.value:.3f}, {outcome.n} {story.cases}, known in "
            f"{month_name(outcome.known_in)}, version {outcome.version}, {outcome.sample_role}"
        )
        if outcome.low is not None and outcome.high is not None:
            yield _upright(x, (frame.y(outcome.low), frame.y(outcome.high)), colour, radius / 2.5)
        fill = f"fill='{colour}'" if outcome.is_live else f"fill='none' stroke='{colour}' stroke-width='1.5'"
        yield f"<circle cx='{x:.1f}' cy='{y:.1f}' r='{radius}' {fill}><title>{escape(text)}</title></circle>"


def _lanes(frame: _Frame, story: ModelStory, lanes: Sequence[Detector], truths: Sequence[Truth]) -> Iterator[str]:
    """Detections by month, the actions, and the versions in force."""
    y = frame.bottom + 46
    begins = min((truth.first_month for truth in truths), default=None)
    for lane in lanes:
        meaning = escape(MEANING[lane].format(cases=story.cases))
        yield f"<text x='8' y='{y + 4}'>{LANES[lane]}<title>{meaning}</title></text>"
        for found in story.detections:
            if found.detector == lane:
                is_early = begins is not None and found.month < begins
                text = f"{month_name(found.month)}: {found.detail}"
                yield _triangle(frame.x(found.month), y, GREY if is_early else ORANGE, text)
        y += _LANE
    yield f"<text x='8' y='{y + 4}'>Action</text>"
    for one in story.actions:
        text = f"{month_name(one.month)}: {ACTIONS[one.action]}{'' if one.actionable else ' (backtest)'}. {one.reason}"
        size = min(13.0, frame.step - 2)
        yield _square(
            frame.x(one.month), y, ACTION_COLOURS[one.action], text, size=size, opacity=1 if one.actionable else 0.35
        )
    y += _LANE
    yield f"<text x='8' y='{y + 4}'>Version in force</text>"
    for version in story.versions:
        x, end = frame.edge(version.first), frame.edge(add_months(version.last or frame.last, 1))
        if end <= x:
            continue
        text = f"{version.name}, trained as of {month_name(version.as_of)}, in force from {month_name(version.first)}"
        yield (
            f"<rect x='{x + 0.5:.1f}' y='{y - 7:.1f}' width='{max(1.0, end - x - 1):.1f}' height='14' rx='2' "
            f"fill='{_colour_of(story, version.name)}'><title>{escape(text)}</title></rect>"
        )


def _colour_of(story: ModelStory, version: str) -> str:
    names = [known.name for known in story.versions]
    return _VERSION_COLOURS[names.index(version) % len(_VERSION_COLOURS)] if version in names else GREY


def _upright(x: float, ends: tuple[float, float], colour: str, width: float) -> str:
    places = f"x1='{x:.1f}' y1='{ends[0]:.1f}' x2='{x:.1f}' y2='{ends[1]:.1f}'"
    return f"<line {places} stroke='{colour}' stroke-width='{width:g}'/>"


def _ground(frame: _Frame, ends: tuple[float, float], bottom: float, colour: str, opacity: float) -> str:
    x, width = ends[0], max(0.0, ends[1] - ends[0])
    box = f"x='{x:.1f}' y='{frame.top:.1f}' width='{width:.1f}' height='{bottom - frame.top:.1f}'"
    return f"<rect {box} fill='{colour}' fill-opacity='{opacity:g}'/>"


def _square(x: float, y: float, colour: str, text: str, *, size: float, opacity: float = 1) -> str:
    box = f"x='{x - size / 2:.1f}' y='{y - size / 2:.1f}' width='{size:.1f}' height='{size:.1f}'"
    return f"<rect {box} fill='{colour}' fill-opacity='{opacity:g}'><title>{escape(text)}</title></rect>"


def _triangle(x: float, y: float, colour: str, text: str) -> str:
    points = f"{x - 6:.1f},{y + 5:.1f} {x + 6:.1f},{y + 5:.1f} {x:.1f},{y - 6:.1f}"
    return f"<polygon points='{points}' fill='{colour}'><title>{escape(text)}</title></polygon>"
