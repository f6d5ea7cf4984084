"""What keeps the start of a run short: imported before anything else by the code location.

Dataframely imports SQLAlchemy with its PostgreSQL and SQL Server dialects when it finds it, for a feature that is not
used here; that costs as much as the rest of Dataframely and half as much as Dagster. It does without when it does not
find it. Ordinary imports and settings do not belong here.
"""

import sys

_SQLALCHEMY = "sqlalchemy"

if _SQLALCHEMY not in sys.modules and "dataframely" not in sys.modules:
    # None makes an import fail as if the module were not installed; it is taken back at once.
    sys.modules[_SQLALCHEMY] = None  # pyrefly: ignore[unsupported-operation]
    try:
        import dataframely  # noqa: F401 - for its effect on the module cache
    finally:
        del sys.modules[_SQLALCHEMY]
