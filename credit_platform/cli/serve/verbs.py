"""The verbs about decisions online: serve, serve-key, decision.

Each reads its arguments, calls one function and prints, as in `main`.
"""

import json
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console

from credit_platform.cli.arguments import AsJson
from credit_platform.errors import MissingExtraError, SettingsError
from credit_platform.lake.governance.api_keys import ROLES, ApiKeyFile

serve_key = App(name="serve-key", help="The keys by which clients of the service are known.")
decision = App(name="decision", help="Decisions taken online: show one, verify the log of all.")
Owner = Annotated[str, Parameter(help="Whose key it is, as the log of decisions names them.")]


def serve(
    *,
    port: Annotated[int, Parameter(help="Port to listen on.")] = 8000,
    host: Annotated[str, Parameter(help="Address to listen on; any but loopback needs keys.")] = "127.0.0.1",
    workers: Annotated[int, Parameter(help="Processes that score; each loads the versions for itself.")] = 1,
) -> int:
    """Score applications over HTTP with the version in force, and log every decision; ends with Ctrl+C or SIGTERM."""
    from importlib.util import find_spec

    if any(find_spec(name) is None for name in ("fastapi", "prometheus_client")):
        raise MissingExtraError(extra="serve", needed_by="credit-platform serve")
    if workers < 1:
        raise SettingsError(name="--workers", reason=f"{workers} is less than 1", fix="For example --workers 1.")
    from credit_platform.cli.serve.service import serve_book
    from credit_platform.settings import load_settings

    return serve_book(load_settings(), host=host, port=port, workers=workers)


@serve_key.command
def add(
    name: Owner,
    *,
    role: Annotated[str, Parameter(help="score may do everything; read, all but have records scored.")] = "score",
    requests_per_second: Annotated[float | None, Parameter(help="Any number without.")] = None,
    records_per_minute: Annotated[int | None, Parameter(help="Any number without.")] = None,
) -> int:
    """Make a key and print it, once: only its hash is kept."""
    known = next((one for one in ROLES if one == role), None)
    if known is None:
        raise SettingsError(name="--role", reason=f"no role {role!r}", fix=f"Choose one of {', '.join(ROLES)}.")
    secret = _key_file().add(
        name, role=known, requests_per_second=requests_per_second, records_per_minute=records_per_minute
    )
    print(secret)
    return 0


@serve_key.command(name="list")
def list_keys(*, json_: AsJson = False) -> int:
    """Print whose keys there are, with role and limits."""
    from credit_platform.cli.printing import folding_table

    keys = _key_file().keys()
    if json_:
        print(json.dumps([{k: v for k, v in vars(key).items() if k != "sha256"} for key in keys], indent=1))
        return 0
    columns = ("owner", "role", "made", "requests a second", "records a minute")
    rows = (
        (key.owner, key.role, key.created, _limit(key.requests_per_second), _limit(key.records_per_minute))
        for key in keys
    )
    Console().print(folding_table("Keys of the service", *columns, rows=rows))
    return 0


@serve_key.command
def revoke(name: Owner) -> int:
    """Have a key refused from now on, by services that run as well."""
    _key_file().revoke(name)
    print(f"The key of {name} is revoked.")
    return 0


@decision.default
def show(
    decision_id: Annotated[str, Parameter(name="ID", help="Id of the decision, as its answer has it.")],
    *,
    json_: AsJson = False,
) -> int:
    """Print a decision and make its score again; exits 1 where its entry, version or data are not as they were."""
    from credit_platform.cli.book import open_book
    from credit_platform.cli.serve.decision import walk_decision

    walk = walk_decision(open_book(), decision_id)
    if json_:
        print(json.dumps(walk.as_dict(), indent=1))
    else:
        for line in walk.lines():
            Console(soft_wrap=True).print(line, highlight=False, markup=False)
    return 1 if walk.faults else 0


@decision.command
def verify(*, json_: AsJson = False) -> int:
    """Verify that no entry of the log was changed, removed, inserted or moved; exits 1 and names what was."""
    from credit_platform.cli.book import open_book
    from credit_platform.lake.governance.online_decisions import OnlineDecisionLog

    log = OnlineDecisionLog(open_book().lake.layout)
    faults = log.verify()
    found = {"faults": faults, "requests": 0 if faults else sum(1 for _ in log.requests())}
    if json_:
        print(json.dumps(found, indent=1))
    elif faults:
        Console(soft_wrap=True).print("\n".join(faults), highlight=False, markup=False)
    else:
        print(f"{found['requests']} requests unbroken.")
    return 1 if faults else 0


def add_serve_verbs(app: App) -> None:
    """Give the command line these verbs."""
    for verb in (serve, serve_key, decision):
        app.command(verb)


def _key_file() -> ApiKeyFile:
    from credit_platform.cli.book import open_book

    return ApiKeyFile(open_book().lake.layout)


def _limit(number: float | None) -> str:
    return "any" if number is None else f"{number:,g}"
