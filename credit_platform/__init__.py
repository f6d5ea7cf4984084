"""A platform for a lender's monthly cycle as a Dagster asset graph."""

import credit_platform.previous_release  # noqa: F401 - makes the module names of the previous release importable
