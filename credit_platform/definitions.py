"""What Dagster loads: the platform for the book that the environment names.

Importing this module builds it; importing any other builds nothing. How it is put together belongs to `code_location`.
"""

from credit_platform.code_location import build_definitions
from credit_platform.settings import load_settings

_SETTINGS = load_settings()
defs = build_definitions(_SETTINGS.portfolio, _SETTINGS)
