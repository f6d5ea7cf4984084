"""The clickstream as evidence, and the columns that say which sources know a customer.

Every other feature is declared in feature_columns.
"""

from credit_platform.portfolios.feature_set import EvidenceGroup, Feature

CHANNELS: tuple[str, ...] = tuple(f"fe_{number}" for number in range(1, 21))
CLICKSTREAM_SUMS: tuple[str, ...] = tuple(f"{channel}_sum" for channel in CHANNELS)
CLICKSTREAM_MEANS: tuple[str, ...] = tuple(f"{channel}_mean" for channel in CHANNELS)

CLICKSTREAM = EvidenceGroup(
    name="clickstream",
    channels=CHANNELS,
    sums=CLICKSTREAM_SUMS,
    means=CLICKSTREAM_MEANS,
    months="n_clickstream_months",
    table="silver/customer_clickstream",
    flag="has_clickstream",
    declared=Feature(
        "CLK01",
        "Evidence of the clickstream, all channels over all months seen",
        "How you used our website and app in the months before you applied",
        direction=1,
        is_specific=False,
    ),
)

SOURCE_FLAGS: dict[str, str] = {
    "attributes": "has_attributes",
    "clickstream": "has_clickstream",
    "financials": "has_financials",
}
