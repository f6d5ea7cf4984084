"""The verb `new-portfolio`: a portfolio of one's own as a folder of files, which runs before the first edit.

What the files say is written in `template` beside this module, a book like any other; here they are copied under
another name.
"""

from __future__ import annotations

import keyword
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from credit_platform.errors import SettingsError

TEMPLATE = Path(__file__).parent / "template"
_COPIED = {".py", ".yaml"}
_PACKAGE = f"{__package__}.template"
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def _is_free_name(_type: object, name: str) -> None:
    """Refuse what is no name of a Python package, or one that there is already."""
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        message = f"{name!r} cannot be a Python package: write small letters, digits and underscores, a letter first."
        raise ValueError(message)
    if find_spec(name) or find_spec(f"credit_platform.portfolios.{name}"):
        message = f"{name!r} is there already, as a Python package or as a portfolio. Choose another name."
        raise ValueError(message)


def new_portfolio(
    name: Annotated[
        str, Parameter(validator=_is_free_name, help="Of the Python package: small letters, digits, underscores.")
    ],
    *,
    folder: Annotated[Path, Parameter(help="Where to write it.")] = Path(),
) -> int:
    """Write an example of a portfolio of your own, with tests, policy and generator; it runs before the first edit."""
    made = write_portfolio(name, folder)
    enter = "" if folder.resolve() == Path.cwd() else f"cd {folder} && "
    print(
        f"Written: {len(made)} files in {folder / name}. Begin to read in {folder / name / 'portfolio.py'}. Next:\n"
        f"  {enter}export CREDIT_PORTFOLIO={address(name)} CREDIT_DATA_DIR={name}_data\n"
        f"  credit-platform demo --months 20 --cases 150\n"
        f"  pytest {name}\n"
        f"credit-platform finds {name} when it is started in the folder that contains it."
    )
    return 0


def address(name: str) -> str:
    """What `CREDIT_PORTFOLIO` calls a portfolio that was written under a name."""
    return f"{name}.portfolio:{name.upper()}"


def write_portfolio(name: str, folder: Path) -> list[Path]:
    """Write the files of the template under another name into a new folder `folder`/`name`; the files written.

    Raises:
        SettingsError: something is there already; nothing is written then.
    """
    home = folder / name
    try:
        home.mkdir(parents=True)
    except (FileExistsError, NotADirectoryError):
        reason = "it is there already" if home.exists() else f"{folder} is no folder"
        raise SettingsError(name=str(home), reason=reason, fix="Choose another name or another --folder.") from None
    made = []
    for file in sorted(file for file in TEMPLATE.rglob("*") if file.suffix in _COPIED):
        text = file.read_text(encoding="utf-8").replace(_PACKAGE, name)
        copy = home / file.relative_to(TEMPLATE)
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(text.replace('"template"', f'"{name}"').replace("TEMPLATE", name.upper()), encoding="utf-8")
        made.append(copy)
    return made


def add_new_portfolio_verb(app: App) -> None:
    """Register the verb."""
    app.command(new_portfolio)
