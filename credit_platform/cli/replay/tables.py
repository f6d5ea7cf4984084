"""What a replay found, for the terminal and for programs.

Finding it belongs to `replay` and `replay_corrections`.
"""

from collections.abc import Iterator, Sequence

from rich.table import Table

from credit_platform.automation.jobs import BUILD_MONTH, MONITOR_MONTH, SCORE_MONTH
from credit_platform.cli.printing import folding_table
from credit_platform.cli.replay.corrections import LateCorrection
from credit_platform.cli.replay.replay import SOUND, Proof, Replay, ReplayVerdict
from credit_platform.lake.provenance import code_state
from credit_platform.monitoring.data_quality.version_difference import CellChange, Difference
from credit_platform.portfolios.tables import begins_with

_SHOWN = 5
_JOBS = {"snapshot": BUILD_MONTH, "scoring": SCORE_MONTH, "outcome": MONITOR_MONTH}


def replay_table(replay: Replay) -> Table:
    """One line per table of the month: its rows, how many editions it had, whether they are made again."""
    columns, counts = ("table", "rows", "editions", "equal to what is stored"), ("rows", "editions")
    table = folding_table(f"{replay.month:%Y-%m}, made again from what was known", *columns, right=counts)
    for found in replay.tables:
        rows = dict.fromkeys(f"{proof.rows:,}" if proof.rows is not None else "?" for proof in found.proofs)
        said = dict.fromkeys(_said(proof) for proof in found.proofs)
        table.add_row(found.table, " then ".join(rows), str(len(found.proofs)), " / ".join(said))
    return table


def _said(proof: Proof) -> str:
    if proof.verdict is ReplayVerdict.OPEN:
        return "open: its source has changed"
    if proof.verdict in SOUND:
        how = "as delivered" if proof.edition.table.startswith("bronze/") else "bit for bit"
        how = how if proof.verdict is ReplayVerdict.EQUAL else "by value, not byte"
        return f"yes, {how}"
    return f"no: {proof.verdict}"


def restatement_table(replay: Replay) -> Table | None:
    """What the month's tables say now and did not say when they were first made; None where nothing."""
    restated = [found for found in replay.tables if found.restated is not None]
    if not restated:
        return None
    counts = ("rows then", "rows now", "rows other")
    headings = ("table", *counts, "about", "columns (rows)")
    table = folding_table(f"{replay.month:%Y-%m}: known then, known now", *headings, right=counts)
    for found in restated:
        change = found.restated
        if change is not None:
            table.add_row(
                found.table,
                f"{change.rows_former:,}",
                f"{change.rows_later:,}",
                f"{change.added + change.removed + change.changed:,}",
                subjects(change),
                columns(change),
            )
    return table


def corrections_table(replay: Replay, corrections: Sequence[LateCorrection]) -> Table | None:
    """Deliveries replaced after the month was first made; None where there are none."""
    if not corrections:
        return None
    headings = ("source", "month", "taken", "rows other", "about", "columns (rows)", "not made again since")
    table = folding_table(f"Corrections that came after {replay.month:%Y-%m} was first made", *headings)
    for late in corrections:
        change = late.change
        table.add_row(
            late.source,
            f"{late.month:%Y-%m}",
            late.time,
            f"{change.added + change.removed + change.changed:,}" if change else "?",
            subjects(change) if change else "the former delivery is not kept any more",
            columns(change) if change else "",
            ", ".join(late.not_made_again) or "nothing",
        )
    return table


def subjects(change: Difference) -> str:
    """Who the rows are about: how many, and the first of them."""
    if change.subject is None:
        return ""
    named = ", ".join(change.subjects[:_SHOWN]) + (" ..." if len(change.subjects) > _SHOWN else "")
    return f"{len(change.subjects):,} {change.noun}{'s' if len(change.subjects) != 1 else ''}: {named}"


def columns(change: Difference) -> str:
    """The columns that differ, with their rows; rows that came or went are told first."""
    moved = [f"{n:,} rows {what}" for n, what in ((change.added, "more"), (change.removed, "less")) if n]
    shown = [f"{column} ({n:,})" for column, n in change.columns.items()]
    more = [f"and {len(shown) - _SHOWN} more"] if len(shown) > _SHOWN else []
    return ", ".join([*moved, *shown[:_SHOWN], *more])


def findings(replay: Replay) -> Iterator[str]:
    """Whatever keeps the month from being proven, with what to do; tables with the same fault are told together."""
    told: dict[str, list[str]] = {}
    for found in replay.tables:
        for number, proof in enumerate(found.proofs, start=1):
            if proof.verdict not in SOUND:
                which = f" (edition {number} of {len(found.proofs)})" if len(found.proofs) > 1 else ""
                told.setdefault(f"{_what(proof)} {_fix(proof)}", []).append(f"{found.table}{which}")
    for fault, tables in told.items():
        yield f"{', '.join(tables)}, {replay.month:%Y-%m}: {fault}"
    if replay.unlogged:
        yield (
            f"{', '.join(replay.unlogged)}, {replay.month:%Y-%m}: written before editions were logged, so nobody knows "
            f"what they were made of. {_again(replay.unlogged[0], replay)} From then on the month can be replayed."
        )


def notes(replay: Replay) -> Iterator[str]:
    """What a reader should know beside the tables."""
    for found in replay.tables:
        for scored in dict.fromkeys(proof.scored_by for proof in found.proofs if proof.scored_by):
            yield f"{found.table}: scored by {scored}"
    if replay.lost:
        named = ", ".join(f"{table} {month:%Y-%m}" for table, month in replay.lost[:_SHOWN])
        more = f" and {len(replay.lost) - _SHOWN} more" if len(replay.lost) > _SHOWN else ""
        yield f"Files of other months are not those that were written: {named}{more}. Replay those months as well."


def _what(proof: Proof) -> str:
    file = proof.file
    sentence = {
        ReplayVerdict.CHANGED: f"changed since it was written ({file}).",
        ReplayVerdict.UNEQUAL: f"what is stored is not what follows from what was known ({file}).",
        ReplayVerdict.MISSING: f"{file} is not there.",
    }.get(proof.verdict, "it cannot be made again.")
    if proof.departure is not None and not proof.departure.is_none:
        change = proof.departure
        cells = "; ".join(cell_text(cell, change) for cell in change.examples)
        moved = [
            f"{n:,} rows {what}"
            for n, what in ((change.removed, "that do not follow"), (change.added, "that should be there and are not"))
            if n
        ]
        about = f" About {subjects(change)}." if change.subjects else ""
        return f"{sentence} {'; '.join([*moved, cells] if cells else moved)}.{about}"
    return f"{sentence} {proof.why}." if proof.why and proof.verdict is not ReplayVerdict.MISSING else sentence


def cell_text(cell: CellChange, change: Difference) -> str:
    """A cell that differs, as people name it; personal data are not shown."""
    key = cell.key.get(change.subject or "")
    row = f"{change.noun} {key}" if key is not None else _row(cell)
    if cell.is_hidden:
        return f"{row}, {cell.column}: not shown, it is personal data"
    return f"{row}, {cell.column}: stored {cell.former!r}, made again {cell.later!r}"


def _row(cell: CellChange) -> str:
    return ", ".join(f"{name} {value}" for name, value in cell.key.items() if name != "snapshot_month") or "its row"


def _fix(proof: Proof) -> str:
    edition = proof.edition
    if proof.fix:
        return proof.fix
    month = f"{edition.month:%Y-%m}"
    restore = "Restore the file from a backup"
    if edition.table.startswith("bronze/"):
        return f"{restore}, or deliver the rows again: credit-platform backfill --from {month} --to {month} --replace."
    if proof.verdict is ReplayVerdict.UNEQUAL:
        then, now = edition.git_commit[:12], code_state().commit[:12]
        other = "" if then == now else f" It was made by code {then}, this is {now}: replay with that code."
        return f"See the tables and notes above for what it rests on.{other}"
    if proof.is_former:
        return f"{restore}."
    command = _command(edition.table, month)
    return f"{restore}, or build it again, which keeps the changed file in the archive: {command}."


def _command(table: str, month: str) -> str:
    return f"credit-platform backfill --from {month} --to {month} --job {_JOBS[begins_with(table)]}"


def _again(table: str, replay: Replay) -> str:
    return f"Build the month again: {_command(table, f'{replay.month:%Y-%m}')}."


def replay_dict(replay: Replay, corrections: Sequence[LateCorrection]) -> dict[str, object]:
    """The replay for programs."""
    return {
        "as_of": f"{replay.month:%Y-%m-%d}",
        "is_equal": replay.is_sound,
        "findings": list(findings(replay)),
        "tables": [
            {
                "table": found.table,
                "is_equal": found.is_sound,
                "editions": [_proof_dict(proof) for proof in found.proofs],
                "known_now": _difference_dict(found.restated),
            }
            for found in replay.tables
        ],
        "late_corrections": [
            {
                "source": late.source,
                "month": f"{late.month:%Y-%m-%d}",
                "taken": late.time,
                "change": _difference_dict(late.change),
                "not_made_again": list(late.not_made_again),
            }
            for late in corrections
        ],
        "not_logged": list(replay.unlogged),
        "files_of_other_months_not_as_written": [[table, f"{month:%Y-%m-%d}"] for table, month in replay.lost],
    }


def _proof_dict(proof: Proof) -> dict[str, object]:
    edition = proof.edition
    return {
        "verdict": proof.verdict.value,
        "rows": proof.rows,
        "file": str(proof.file),
        "sha256": edition.sha256,
        "sequence": edition.sequence,
        "written": edition.time,
        "policy_sha256": edition.policy_sha256,
        "audit_records": edition.audit_records,
        "git_commit": edition.git_commit,
        "scored_by": proof.scored_by or None,
        "stored_against_made_again": _difference_dict(proof.departure),
        "why": proof.why or None,
    }


def _difference_dict(change: Difference | None) -> dict[str, object] | None:
    if change is None:
        return None
    return {
        "rows_former": change.rows_former,
        "rows_later": change.rows_later,
        "added": change.added,
        "removed": change.removed,
        "changed": change.changed,
        "columns": dict(change.columns),
        "subject": change.subject,
        "subjects": list(change.subjects),
        "examples": [
            {"key": dict(cell.key), "column": cell.column}
            | ({} if cell.is_hidden else {"former": cell.former, "later": cell.later})
            for cell in change.examples
        ],
    }
