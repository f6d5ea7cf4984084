"""The verb `map`: a map of columns for a lender's file, as YAML to paste, and ten rows as they would be read.

Finding the map belongs to `lake.raw.map_proposal`; nothing is written but the file that --out names.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import yaml
from cyclopts import App, Parameter

from credit_platform.monitoring.data_quality.id_shapes import shape_of

if TYPE_CHECKING:
    from credit_platform.lake.raw.map_proposal import MapProposal
    from credit_platform.portfolios.source import Source

SHOWN_ROWS = 10
_WIDEST = 26
MASK = "***"
# What is masked in any column: the shapes of a social security number, an address of mail, a card number.
_PERSONAL_SHAPE = re.compile(r"\d{3}[- ]\d{2}[- ]\d{4}|[^@\s]+@[^@\s]+\.\w+|(?:\d[ -]?){15,16}")
# Numbers and dates, with what reading puts behind those in another form; the short ones are no person's number.
_MEASURE = re.compile(r"[-+\d.,:/' eE_%$]*(?: \(.*\))?")
_SHORT_MEASURE = re.compile(rf"(?!(?:\D*\d){{9}}){_MEASURE.pattern}")
_IDENTIFIER, _NOTHING, _ANYTHING = re.compile(r"\S*\d\S*"), re.compile(r""), re.compile(r".*")


def map_columns(
    file: Annotated[Path, Parameter(help="A file of the lender, CSV or Parquet.")],
    *,
    source: Annotated[str | None, Parameter(help="The source it is for; without, the one it fits best.")] = None,
    out: Annotated[Path | None, Parameter(help="Write the YAML here.")] = None,
) -> int:
    """Propose a map of a file's columns to a source's, and show ten rows read by it; exits 1 if a needed one lacks."""
    from credit_platform.errors import SettingsError
    from credit_platform.lake.files import write_text
    from credit_platform.lake.raw.file_sample import file_sample
    from credit_platform.lake.raw.map_proposal import propose_map
    from credit_platform.lake.raw.raw_file import file_content
    from credit_platform.settings import load_settings

    portfolio = load_settings().portfolio
    known = [one for one in portfolio.sources if source in (None, one.name)]
    if not known:
        names = ", ".join(one.name for one in portfolio.sources)
        raise SettingsError(name="--source", reason=f"no source {source!r}", fix=f"Choose one of {names}.")
    if out is not None and out.exists():
        raise SettingsError(name="--out", reason=f"{out} is there already", fix="Name a new file.")
    name = source or known[0].name
    content = file_content(name, file)
    sample = file_sample(name, file, content)
    proposals = [propose_map(one, file, sample, portfolio.synonyms()) for one in known]
    best = max(proposals, key=lambda proposal: proposal.found_share)
    chosen = portfolio.source(best.source)
    text = yaml_of(best, n_columns=len(sample.header))
    print(text)
    if out is not None:
        write_text(out, text)
        print(f"Written to {out}.\n")
    identifiers = {key for one in portfolio.sources for key in one.cells.key}
    print(rows_shown(chosen, best, file, content, identifiers=identifiers))
    for column in best.missing:
        print(f"Not found: {column}. {_meaning(chosen, column)}. Write the file's column into columns by hand.")
    return 1 if best.missing else 0


def yaml_of(proposal: MapProposal, *, n_columns: int) -> str:
    """The section of model_config.yaml, with what a person should know of it as comments."""
    form = proposal.form
    used = len({name for name in form.columns.values() if name is not None})
    read = f"{used} of the file's {n_columns} columns are read" if form.columns else "The header is the contract's"
    notes = [f"# {read}."]
    notes += [f"# Not found, and needed: {', '.join(proposal.missing)}."] if proposal.missing else []
    notes += [f"# Not found, read as empty: {', '.join(proposal.empty)}."] if proposal.empty else []
    notes += [f"# Look at this: {remark}." for remark in proposal.remarks]
    values = form.model_dump(mode="json")
    body = yaml.safe_dump({"sources": {proposal.source: values}}, sort_keys=False, allow_unicode=True, width=120)
    return "\n".join([f"# For model_config.yaml: {proposal.source}", *notes, body])


def rows_shown(
    source: Source, proposal: MapProposal, file: Path, content: bytes, *, identifiers: Collection[str]
) -> str:
    """The first rows of a file under the contract's columns, personal data masked.

    In the columns `identifiers`, and of a source with personal data in all columns, a text is shown by its shape unless
    it cannot be a name.

    Raises:
        SourceError: the file cannot be read for sure.
    """
    from credit_platform.assets.tables.bronze import map_of
    from credit_platform.lake.raw.readers import read_table

    form = proposal.form
    columns = dict(form.columns) | dict.fromkeys(proposal.missing)
    read_by = map_of(source, form.model_copy(update={"columns": columns}) if form.columns else form)
    table = read_table(source.name, source.columns, file, content, read_by)
    rows = table.rows.head(SHOWN_ROWS)
    named = [name for name in rows.columns if columns.get(name, name) is not None]
    allowed = {name: _may_be_shown(source, name, identifiers) for name in named}
    shown = [[name, *(_shown(cell, allowed[name]) for cell in rows[name])] for name in named]
    padded = [[cell.ljust(max(map(len, column))) for cell in column] for column in shown]
    lines = ["  ".join(line).rstrip() for line in zip(*padded, strict=True)]
    return "\n".join([f"The first {rows.height} of {table.rows.height:,} rows as they would be read:", *lines, ""])


def _may_be_shown(source: Source, column: str, identifiers: Collection[str]) -> re.Pattern[str] | None:
    """Which texts of a column are shown as they are, others by their shape; None: its texts are masked."""
    if column in source.personal_columns:
        return None
    if column in {*source.cells.numbers, *source.cells.dates, "snapshot_date", "source_line"}:
        return _SHORT_MEASURE if source.personal_columns else _MEASURE
    if source.personal_columns:
        return _NOTHING
    return _IDENTIFIER if column in identifiers else _ANYTHING


def _shown(cell: object, may_be_shown: re.Pattern[str] | None) -> str:
    """A cell as people may see it; of a text that may be somebody's name in the wrong column, its shape."""
    if cell is None:
        return ""
    text = re.sub(r"[^ -~\u00a1-\uffff]", "?", str(cell))
    if text and (may_be_shown is None or _PERSONAL_SHAPE.search(text)):
        return MASK
    text = text if may_be_shown is None or may_be_shown.fullmatch(text) else shape_of(text)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 3]}..."


def _meaning(source: Source, column: str) -> str:
    return (source.bronze.columns()[column].description or column).removesuffix(", as text")


def add_map_verb(app: App) -> None:
    """Register the verb."""
    app.command(map_columns, name="map")
