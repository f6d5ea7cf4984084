"""Texts that lie beside the modules that use them: SQL, style sheets, scripts, templates, wording.

Only what ships with the package is read here; policy files, raw files and tables have readers of their own.
"""

from functools import cache
from pathlib import Path


@cache
def text_beside(module: str, name: str) -> str:
    """The text of a shipped file, read once per process.

    Args:
        module: `__file__` of the module it lies beside.
        name: The file, as seen from the module.
    """
    return (Path(module).parent / name).read_text(encoding="utf-8")
