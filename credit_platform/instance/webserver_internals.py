"""Private parts of Dagster that the process of the UI alone needs; `dagster_internals` is loaded by every run.

Serving belongs to `cli.webserver`.
"""

from dagster._cli import proxy_server_manager as _servers
from dagster._core.workspace import context as _context
from dagster._core.workspace import load_target as _targets

# Code servers started for a target and started anew when they end, as `dagster dev` does.
ProxyServerManager = _servers.ProxyServerManager
# Where code locations come from.
ModuleTarget = _targets.ModuleTarget
WorkspaceFileTarget = _targets.WorkspaceFileTarget
# What a webserver holds of the code locations while it runs.
WorkspaceProcessContext = _context.WorkspaceProcessContext
