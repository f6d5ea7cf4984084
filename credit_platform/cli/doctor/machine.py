"""What the doctor looks at on the machine: Python, libraries, what they need of the system, port and disk.

Every look takes what it asks as an argument, so that a test can answer for the machine. The book belongs to
`doctor_data`, its history to `doctor_history`.
"""

import importlib.util
import shutil
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from credit_platform.cli.doctor.findings import DoctorFinding, error, first_of, warning, well
from credit_platform.policy.model_config import ModelConfig
from credit_platform.scoring.training.algorithms import ALGORITHMS

DISTRIBUTION = "credit-platform"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_INSTALL = "Install what requirements.lock pins: remove .venv and run make."
_MEGABYTE = 1_000_000
# A month of the demo's book takes about 1 MB with its history; below the first nothing should be started.
_FULL_BELOW = 200 * _MEGABYTE
_TIGHT_BELOW = 2_000 * _MEGABYTE


def check_python(version: tuple[int, int, int] = sys.version_info[:3], requires: str | None = None) -> DoctorFinding:
    """The interpreter is one that the package allows."""
    wanted = requires or _required_python()
    found = ".".join(str(number) for number in version)
    if SpecifierSet(wanted).contains(found):
        return well("python", found)
    mend = "Name another interpreter: remove .venv, then make PYTHON=python3.12."
    return error("python", f"{found}, and {wanted} is needed", mend)


def _required_python() -> str:
    try:
        return metadata.metadata(DISTRIBUTION)["Requires-Python"]
    except metadata.PackageNotFoundError:
        return ">=3.11"


def _requirements() -> list[str] | None:
    try:
        return metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return None


def _version_of(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def check_libraries(
    requirements: Sequence[str] | None = None, version_of: Callable[[str], str | None] = _version_of
) -> DoctorFinding:
    """Every library the package names is installed, in a version it allows."""
    named = requirements if requirements is not None else _requirements()
    if named is None:
        return warning("libraries", f"{DISTRIBUTION} itself is not installed, so its needs are unknown", _INSTALL)
    # Without an extra asked for, a marker that names one does not hold.
    needed = [r for r in map(Requirement, named) if r.marker is None or r.marker.evaluate({"extra": ""})]
    wrong: list[str] = []
    for requirement in needed:
        version = version_of(requirement.name)
        if version is None:
            wrong.append(f"{requirement.name} is missing")
        elif not requirement.specifier.contains(version, prereleases=True):
            wrong.append(f"{requirement.name} {version} is not {requirement.specifier}")
    if wrong:
        return error("libraries", first_of(wrong, 6), _INSTALL)
    return well("libraries", f"all {len(needed)} as the package wants them")


def check_algorithms(
    config: ModelConfig,
    find: Callable[[str], object | None] = importlib.util.find_spec,
    *,
    retrain_below: float | None = None,
) -> DoctorFinding:
    """The policy has loaded, and what the algorithms of its models need beyond the package is installed.

    `retrain_below` is the floor of the primary metric that the environment sets, which is said.
    """
    needed = {
        extra
        for spec in config.models.values()
        if spec.algorithm in ALGORITHMS
        for extra in ALGORITHMS[spec.algorithm].libraries
    }
    if missing := sorted(extra for extra in needed if find(extra) is None):
        mend = (
            f"make {' '.join(f'extra-{extra}' for extra in missing)}, or leave those models out of model_config.yaml."
        )
        return error("policy", f"a model of it needs {', '.join(missing)}, which is not installed", mend)
    floor = "" if retrain_below is None else f"; RETRAIN_THRESHOLD: {config.selection.primary} below {retrain_below:g}"
    return well("policy", f"loads, with {len(config.models)} models{floor}")


def check_foreign_words(words: Mapping[str, str]) -> list[DoctorFinding]:
    """Variables of other pipelines that are set and not used here, each with what takes its place."""
    return [warning("environment", f"{word} is set and not used", said) for word, said in words.items()]


def check_openmp(load: Callable[[str], object] = importlib.import_module) -> DoctorFinding:
    """LightGBM starts, which needs the OpenMP runtime of the system."""
    try:
        load("lightgbm")
    except ImportError:
        return error("openmp", "LightGBM is not installed", _INSTALL)
    except OSError as fault:
        mend = "Debian, Ubuntu: apt-get install libgomp1. Fedora: dnf install libgomp. macOS: brew install libomp."
        return error("openmp", f"LightGBM cannot start: {fault}", mend)
    return well("openmp", "LightGBM starts")


def check_browser(find: Callable[[str], str | None] = shutil.which) -> DoctorFinding:
    """There is a Chromium for the tests that drive the UI; the platform itself needs none."""
    for name in BROWSERS:
        file = find(name)
        if file is not None:
            return well("browser", file)
    return warning("browser", "no Chromium; only make test-slow needs it", "apt-get install chromium, or its like.")


def check_renderer(render: Callable[[], bytes] | None = None) -> DoctorFinding:
    """Kaleido turns a chart into a picture."""
    try:
        picture = (render or _one_picture)()
    except (OSError, RuntimeError) as fault:
        return error("chart renderer", f"Kaleido draws no picture: {fault!s}", _INSTALL)
    return well("chart renderer", f"Kaleido draws ({len(picture):,} bytes)")


def _one_picture() -> bytes:
    from credit_platform.assets.pages.charts import RenderError, render_pngs

    try:
        return render_pngs({"bar": {"data": [{"type": "bar", "y": [1]}], "layout": {"height": 200}}})["bar"]
    except RenderError as error:
        raise RuntimeError(str(error)) from error


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def check_port(port: int, is_busy: Callable[[int], bool] = _answers) -> DoctorFinding:
    """Nobody answers yet where the UI is to listen."""
    if is_busy(port):
        mend = "If that is this book's UI, all is well. Otherwise start it elsewhere: make ui PORT=3001."
        return warning("port", f"{port} is taken", mend)
    return well("port", f"{port} is free")


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def check_disk(folder: Path, free_bytes: Callable[[Path], int] = _free_bytes) -> DoctorFinding:
    """There is room where the tables are written."""
    standing = next(place for place in (folder, *folder.absolute().parents) if place.is_dir())
    free = free_bytes(standing)
    found = f"{free / 1e9:.1f} GB free at {standing}"
    mend = "Make room, prune (credit-platform prune), or name another folder in CREDIT_DATA_DIR."
    if free < _FULL_BELOW:
        return error("disk", found, mend)
    return warning("disk", found, mend) if free < _TIGHT_BELOW else well("disk", found)


def machine_findings(folder: Path, *, port: int) -> list[DoctorFinding]:
    """Everything about the machine."""
    return [
        check_python(),
        check_libraries(),
        check_openmp(),
        check_renderer(),
        check_browser(),
        check_port(port),
        check_disk(folder),
    ]
