"""Rendering charts as PNG files, by the renderer that comes with kaleido and needs no browser.

What the charts show is written in `reports.figures.charts`; which months get them is policy.
"""

import json
import os
import signal
import subprocess
from base64 import b64decode
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.util import find_spec
from pathlib import Path

from credit_platform.lake.files import write_bytes
from credit_platform.lake.layout import Layout
from credit_platform.months import month_key
from credit_platform.reports.dashboard.charts import WIDTH, charts_of
from credit_platform.reports.dashboard.overview import Overview
from credit_platform.reports.figures.panels import Figure
from credit_platform.reports.page import figure_json

# A chart takes a third of a second, starting about one. On a busy machine one start in thirty hangs for ever, so
# the renderer is started again; one that always hangs must not hold up the month.
TRIES_SECONDS = (20, 40, 60)
# As kaleido's own Python wrapper starts it, which imports all of Plotly and waits without an end.
_FLAGS = (
    "--disable-gpu",
    "--allow-file-access-from-files",
    "--disable-breakpad",
    "--disable-dev-shm-usage",
    "--no-sandbox",
)


class RenderError(Exception):
    """The renderer is missing, hung, or refused a chart. Pictures are an extra: whoever draws them goes on without."""

    def __init__(self, *, reason: str) -> None:
        super().__init__(reason)


def draws_charts(months: Sequence[date], newest: str | None, png: str) -> bool:
    """Whether a run of some months draws the charts: by policy, and not while its command has later months to do."""
    return png == "latest" and (newest is None or month_key(months[-1]) >= newest)


def write_charts(overview: Overview, layout: Layout) -> list[Path]:
    """Render and write all charts; gives their files.

    Raises:
        RenderError: they could not be rendered; what was written before stays.
    """
    files = []
    for name, content in render_pngs(charts_of(overview)).items():
        file = layout.chart(name)
        write_bytes(file, content)
        files.append(file)
    return files


def render_pngs(figures: Mapping[str, Figure]) -> dict[str, bytes]:
    """Figures as PNG by name; the same figure gives the same bytes.

    Raises:
        RenderError: the renderer is missing, took too long, or refused a figure.
    """
    lines = [
        json.dumps({"format": "png", "width": WIDTH, "height": _height(figure), "scale": 1}).removesuffix("}")
        + f', "data": {figure_json(figure)}}}'
        for figure in figures.values()
    ]
    answers = _ask("".join(f"{line}\n" for line in lines).encode())
    if len(answers) != len(figures):
        raise RenderError(reason=f"the renderer answered {len(answers)} of {len(figures)} charts")
    return {name: _png(name, answer) for name, answer in zip(figures, answers, strict=True)}


def _height(figure: Figure) -> object:
    layout = figure["layout"]
    return layout["height"] if isinstance(layout, dict) else None


def _png(name: str, answer: dict[str, object]) -> bytes:
    if answer.get("code") != 0 or not isinstance(answer.get("result"), str):
        raise RenderError(reason=f"chart {name} was refused: {answer.get('message')}")
    return b64decode(str(answer["result"]))


def _ask(requests: bytes) -> list[dict[str, object]]:
    """The renderer's answers to requests, one JSON object a line; its first line only says that it started."""
    try:
        from kaleido.scopes.plotly import PlotlyScope

        plotly = find_spec("plotly")
        if plotly is None or plotly.origin is None:
            raise RenderError(reason="plotly is not installed")
        library = Path(plotly.origin).parent / "package_data" / "plotly.min.js"
        command = [PlotlyScope.executable_path(), "plotly", f"--plotlyjs={str(library)!r}", *_FLAGS]
        answers = (_run(command, requests, seconds) for seconds in TRIES_SECONDS)
        output = next((answer for answer in answers if answer is not None), None)
    except (ImportError, OSError, ValueError) as error:
        raise RenderError(reason=f"the renderer cannot be started: {error}") from error
    if output is None:
        raise RenderError(
            reason=f"the renderer gave no answer in {len(TRIES_SECONDS)} tries, {sum(TRIES_SECONDS):g} seconds"
        )
    try:
        return [json.loads(line) for line in output.decode().splitlines() if line.startswith("{")][1:]
    except ValueError as error:
        raise RenderError(reason=f"the renderer's answer cannot be read: {error}") from error


def _run(command: Sequence[str], requests: bytes, seconds: float) -> bytes | None:
    """What the renderer printed; None when it did not end in time and was ended."""
    process = subprocess.Popen(  # noqa: S603 - the renderer's own program
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        return process.communicate(requests, timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return None
