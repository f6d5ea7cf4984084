"""What `platform.yaml` in a data folder says of its book: its kind, its months, and whether automation starts at once.

What the environment says beside it belongs to `settings`.
"""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from credit_platform.errors import SettingsError
from credit_platform.months import as_month, month_key
from credit_platform.policy.yaml_text import UnbearableError, read_yaml

PLATFORM_FILE = "platform.yaml"
DEFAULT_PORTFOLIO = "loans"

Automation = Literal["running", "stopped"]
Month = Annotated[date, BeforeValidator(as_month)]


class BookFile(BaseModel):
    """What `platform.yaml` says of the book: its kind, its months, and whether schedules and sensors start at once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    portfolio: str = DEFAULT_PORTFOLIO
    first_month: Month | None = None
    last_month: Month | None = None
    automation: Automation = "stopped"


def settings_error(name: str, error: ValidationError) -> SettingsError:
    """The first fault of a value that was read from outside, with its place."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    name = name if key == name else f"{name}, {key}"
    return SettingsError(name=name, reason=str(first["msg"]), fix="Correct the value and start again.")


def read_book_file(file: Path) -> BookFile:
    """Read `platform.yaml`; a missing file is an empty one.

    Raises:
        SettingsError: the file is not YAML or holds a wrong value.
    """
    if not file.is_file():
        return BookFile()
    try:
        content = read_yaml(file.read_text(encoding="utf-8"))
        # YAML reads an unquoted 2023-01-01 as a date already, and 2023-01 as text.
        return BookFile() if content is None else BookFile.model_validate(content)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(name=str(file), reason="not YAML", fix=str(error)) from error
    except UnbearableError as error:
        name = f"{file}, {error.key}" if error.key else str(file)
        raise SettingsError(name=name, reason=error.reason, fix="Correct the value and start again.") from error
    except ValidationError as error:
        raise settings_error(str(file), error) from error


def book_file_text(book: BookFile) -> str:
    """The text of `platform.yaml` for a book."""
    content = {
        "portfolio": book.portfolio,
        "first_month": month_key(book.first_month) if book.first_month else None,
        "last_month": month_key(book.last_month) if book.last_month else None,
        "automation": book.automation,
    }
    return (
        "# The kind of this book, and its months; CREDIT_FIRST_MONTH and CREDIT_LAST_MONTH override the months.\n"
        + (yaml.safe_dump(content, sort_keys=False))
    )
