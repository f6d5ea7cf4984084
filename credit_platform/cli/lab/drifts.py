"""What the verbs ask of a generator: the drifts named on the command line, the history the policy looks back on.

What a drift does belongs to the portfolio's generator.
"""

from collections.abc import Sequence

from credit_platform.cli.book import month_argument
from credit_platform.errors import SettingsError
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.drift import Drift, DriftKind
from credit_platform.portfolios.portfolio import Portfolio

DEFAULT_STRENGTH = 0.7


def history_months(portfolio: Portfolio, config: ModelConfig) -> int:
    """The months of history that the evidence groups are summed over, of the longest; 0 without any."""
    return max((config.features.history_months(group.name) for group in portfolio.features.evidence), default=0)


def drifts_of(
    portfolio: Portfolio, kinds: Sequence[str], months: Sequence[str], strengths: Sequence[float]
) -> tuple[Drift, ...]:
    """The drifts of several `--drift`, each with its own `--from` and `--strength` or one for all.

    Raises:
        SettingsError: a kind is unknown, a month is none or missing, a strength is not above 0 and at most 1.
    """
    known = portfolio.required_generator.drifts
    for kind in kinds:
        if kind not in known:
            raise SettingsError(name="--drift", reason=f"no drift {kind!r}", fix=f"Choose one of {', '.join(known)}.")
    for strength in strengths:
        if not 0 < strength <= 1:
            raise SettingsError(name="--strength", reason=f"{strength:g} is not above 0 and at most 1", fix="Try 0.7.")
    for name, given in (("--from", months), ("--strength", strengths)):
        if len(given) not in {len(kinds), 1, 0} or (given and not kinds):
            raise SettingsError(
                name=name,
                reason=f"given {len(given)} times for {len(kinds)} drifts",
                fix="Give one for all or one each.",
            )
    if kinds and not months:
        raise SettingsError(name="--from", reason="not given", fix="For example --from 2023-03.")
    starts = [month_argument("--from", month) for month in months]
    return tuple(
        Drift(DriftKind(kind), start, strength)
        for kind, start, strength in zip(
            kinds,
            starts * len(kinds) if len(starts) == 1 else starts,
            [*(strengths or [DEFAULT_STRENGTH])] * (len(kinds) if len(strengths) <= 1 else 1),
            strict=True,
        )
    )
