"""The verb `serve`: the book that the environment names, scored over HTTP until the process is told to end.

The service itself is `serving.http`.
"""

from functools import partial

from credit_platform.lake.files import write_bytes
from credit_platform.lake.layout import Layout
from credit_platform.lake.renamed_models import require_migrated
from credit_platform.lake.tables.monthly import Lake
from credit_platform.policy.load import policy_document
from credit_platform.serving.application import ScoresApplications
from credit_platform.serving.http.server import ServiceAddress, ServiceProcess
from credit_platform.settings import Settings, load_settings


def serve_book(settings: Settings, *, host: str, port: int, workers: int) -> int:
    """Serve until the end; the exit code.

    Raises:
        SettingsError: other machines reach the address and there are no keys, or the port is taken.
        MigrationError: the previous release wrote the folder.
    """
    layout = layout_of(settings.portfolio_name)
    require_migrated(layout)
    kept = layout.kept_policy(settings.policy.sha256)
    if not kept.is_file():
        # An auditor scores again under the policy of the decision, whatever holds then.
        write_bytes(kept, policy_document(settings.policy))
    name = settings.portfolio_name
    return ServiceProcess(partial(scorer_of, name), partial(layout_of, name), ServiceAddress(host, port)).run(
        workers=workers
    )


def layout_of(portfolio_name: str) -> Layout:
    """The data folder of a book."""
    settings = load_settings(of=portfolio_name)
    return Layout.of(settings.data_dir, settings.raw_dir, settings.portfolio)


def scorer_of(portfolio_name: str) -> ScoresApplications:
    """What scores the applications of a book."""
    from credit_platform.serving.decider import Decider
    from credit_platform.serving.lean_imports import import_lightgbm

    import_lightgbm()
    settings = load_settings(of=portfolio_name)
    lake = Lake.at(settings.data_dir, settings.raw_dir, portfolio=settings.portfolio)
    decider = Decider(lake, settings.portfolio, settings.policy)
    decider.warm_up()
    return decider
