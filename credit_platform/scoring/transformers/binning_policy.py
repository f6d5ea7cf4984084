"""How fine the bins of a scorecard are, read from a model's params.

Cutting by these limits belongs to monotone_bins; the scorecard's other params to scorecard.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

from credit_platform.statistics.monotone_bins import BinLimits


@dataclass(frozen=True)
class BinningPolicy:
    """Limits of the bins. Evidence has limits of its own: it carries most of the ranking, and is cut finer.

    Attributes:
        pre_bins: Quantile bins of a feature before merging.
        min_bin_share: Smallest share of all loans in a bin.
        min_bin_bads: Fewest bads in a bin, and fewest goods.
        evidence_pre_bins: As `pre_bins`, for the evidence of a group.
        evidence_min_bin_share: As `min_bin_share`.
        evidence_min_bin_bads: As `min_bin_bads`.
    """

    pre_bins: int = 20
    min_bin_share: float = 0.05
    min_bin_bads: int = 10
    evidence_pre_bins: int = 200
    evidence_min_bin_share: float = 0.005
    evidence_min_bin_bads: int = 2

    @classmethod
    def from_params(cls, params: Mapping[str, object]) -> Self:
        """Take what is named here out of a model's params; what is not named there keeps its default.

        Raises:
            ValueError: a value is not a number its limit can be.
        """
        chosen = {one.name: params[one.name] for one in fields(cls) if one.name in params}
        for name, value in chosen.items():
            is_share = name.endswith("_share")
            number = value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
            if is_share and (number is None or not 0 <= number <= 0.5):
                message = f"{name} is {value!r}; it must be a share from 0 to 0.5"
                raise ValueError(message)
            if not is_share and (not isinstance(number, int) or number < 1):
                message = f"{name} is {value!r}; it must be a whole number of at least 1"
                raise ValueError(message)
        return cls(**chosen)  # pyrefly: ignore[bad-argument-type] - each checked above

    @property
    def features(self) -> BinLimits:
        """Limits of every feature but evidence."""
        return BinLimits(self.pre_bins, self.min_bin_share, self.min_bin_bads)

    @property
    def evidence(self) -> BinLimits:
        """Limits of the evidence of every group."""
        return BinLimits(self.evidence_pre_bins, self.evidence_min_bin_share, self.evidence_min_bin_bads)


BINNING_PARAMS = tuple(one.name for one in fields(BinningPolicy))
