"""The Dagster UI as a person uses it: what can be clicked, and what is then to be seen.

What a test expects belongs to the test.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Locator, Page, Response, expect

_SECONDS = 1000
_TYPICAL = 30 * _SECONDS


@dataclass
class DagsterPage:
    """One browser tab on one webserver; keeps what goes wrong in it."""

    page: Page
    address: str
    pictures: Path
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(_TYPICAL)
        self.page.on("console", self._heed_console)
        self.page.on("pageerror", lambda error: self.problems.append(f"script error: {error}"))
        self.page.on("response", self._heed_response)

    def _heed_console(self, message: ConsoleMessage) -> None:
        # Addresses outside are the UI looking for news of itself; a machine without a network logs each as an error.
        where = message.location.get("url", "")
        if message.type == "error" and (not where or where.startswith(self.address)):
            self.problems.append(f"console: {message.text} ({where})")

    def _heed_response(self, response: Response) -> None:
        if response.status >= 400 and response.url.startswith(self.address):
            self.problems.append(f"{response.status} from {response.url}")

    def picture(self, name: str) -> None:
        """Keep what is on the screen."""
        self.page.screenshot(path=self.pictures / f"{name}.png")

    def open_lineage(self) -> None:
        """The graph of all assets."""
        self.page.goto(f"{self.address}/asset-groups")
        expect(self.page.get_by_role("button", name="Materialize all")).to_be_enabled(timeout=_TYPICAL)
        expect(self.graph_nodes("bronze").first).to_be_visible(timeout=_TYPICAL)

    def graph_nodes(self, name: str) -> Locator:
        """Nodes of the graph that show this text and nothing else."""
        return self.page.locator("foreignObject").filter(has_text=re.compile(rf"^{name}"))

    def sidebar_row(self, name: str) -> Locator:
        """The row of a group or of an asset in the list beside the graph."""
        row = self.page.locator("[class*=AssetSidebarNode_itemContainer]")
        return row.filter(has=self.page.get_by_title(name, exact=True))

    def unfold_in_sidebar(self, *groups: str) -> None:
        """Show what is in a group in the list beside the graph, and then in a group of that; again hides it."""
        for group in groups:
            self.sidebar_row(group).get_by_role("img", name="arrow_drop_down").click()

    def select_in_lineage(self, group: str, asset: str) -> None:
        """Unfold a group in the list beside the graph and select one of its assets."""
        if not self.sidebar_row(asset).is_visible():
            self.unfold_in_sidebar(group)
        self.sidebar_row(asset).get_by_title(asset, exact=True).click()
        expect(self.page.get_by_role("button", name="Materialize selected")).to_be_enabled()

    def search(self, selection: str) -> None:
        """Type a selection into the search field over the graph."""
        self.page.locator(".CodeMirror").click()
        self.page.keyboard.type(selection)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(re.compile("asset-groups~"))

    def expand_all_groups(self) -> None:
        """Unfold every group of the graph by its keyboard shortcut."""
        self.page.keyboard.press("Alt+e")

    def open_launch_dialog(self, button: str) -> Locator:
        """Press a button that asks which months to materialize."""
        self.page.get_by_role("button", name=button).click()
        dialog = self.page.get_by_role("dialog").filter(has_text="Partition selection")
        expect(dialog).to_be_visible(timeout=_TYPICAL)
        return dialog

    def materialize_month(self, month: str, button: str = "Materialize selected") -> str:
        """Materialize one month of what a button is about; returns the beginning of the run's id."""
        dialog = self.open_launch_dialog(button)
        months = dialog.get_by_placeholder("ex: ")
        months.fill(month)
        months.press("Enter")
        dialog.get_by_role("button", name="Launch 1 run").click()
        return self._launched(r"Launched run (\w+)")

    def launch_backfill_of_all_months(self, dialog: Locator) -> str:
        """Choose all months in the dialog and launch; returns the backfill's id."""
        dialog.get_by_role("button", name="All", exact=True).click()
        dialog.get_by_role("button", name="Launch backfill").click()
        return self._launched(r"Created backfill (\w+)")

    def execute_all_checks(self) -> str:
        """Press the button of an asset's Checks tab; returns the beginning of the run's id."""
        self.page.get_by_role("button", name="Execute all").click()
        return self._launched(r"Launched run (\w+)")

    def _launched(self, said: str) -> str:
        notice = self.page.get_by_text(re.compile(said)).last
        expect(notice).to_be_visible(timeout=_TYPICAL)
        found = re.search(said, notice.inner_text())
        assert found is not None
        return found.group(1)

    def open_backfill(self, backfill: str) -> None:
        """The page of a backfill."""
        self.page.goto(f"{self.address}/runs/b/{backfill}?tab=runs")
        expect(self.page.get_by_text("Partition selection")).to_be_visible(timeout=_TYPICAL)

    def open_asset(self, table: str, tab: str) -> None:
        """A tab of an asset's page."""
        self.page.goto(f"{self.address}/assets/{table}")
        self.page.get_by_role("tab", name=tab, exact=True).first.click()

    def open_job(self, job: str, tab: str) -> None:
        """A tab of a job's page."""
        self.page.goto(f"{self.address}/locations/credit_platform/jobs/{job}")
        self.page.get_by_role("tab", name=tab, exact=True).click()

    def open_runs(self, **tags: str) -> None:
        """The list of all runs with these tags of Dagster."""
        chosen = [f"q[{n}]=tag:dagster/{name}={value}" for n, (name, value) in enumerate(tags.items())]
        self.page.goto(f"{self.address}/runs?{'&'.join(chosen)}")

    def listed_run(self, run_id: str) -> Locator:
        """The row of a run in a list of runs."""
        return self.page.locator(f"a[href='/runs/{run_id}']").first

    def timeline_row(self, job: str) -> Locator:
        """The row of a job in the timeline of runs."""
        row = self.page.locator("[class*=RunTimeline_timelineRowContainer]")
        return row.filter(has=self.page.get_by_title(job, exact=True))

    def months_in_state(self, state: str) -> Locator:
        """The tick box that counts months in a state, on a Partitions tab; its text is `<state> (<number>)`."""
        return self.page.locator("label").filter(has_text=re.compile(rf"^{state} \(\d+\)$"))
