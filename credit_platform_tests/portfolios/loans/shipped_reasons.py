"""The shipped catalogue of reasons, written from what the features declare, for lenders who copy it.

`python -m credit_platform_tests.portfolios.loans.shipped_reasons --write` writes the file again; test_shipped_reasons
compares it.
"""

from __future__ import annotations

import sys
from textwrap import indent

import yaml

from credit_platform.portfolios.feature_set import COMBINATIONS, declared_features
from credit_platform.portfolios.loans.portfolio import LOANS

FILE = LOANS.policy_dir / "reason_codes.yaml"
COMMAND = "python -m credit_platform_tests.portfolios.loans.shipped_reasons --write"
# Begin of a code to the remark above the first of its kind, in the order of the file; other codes follow.
KINDS = {
    "INC": "Income",
    "DBT": "Debt and what it costs",
    "PAY": "How earlier debts were paid",
    "CRD": "Credit in use",
    "INQ": "",
    "ACC": "Accounts and kinds of loans",
    "KND": "",
    "SAV": "Money kept and spent",
    "SPD": "",
    "OCC": "The person",
    "CMB": "Several of these together: leaves of small trees. For one loan the texts of its leaf's features are given.",
    "CLK": "Use of our own channels. It is given, as it is often the principal reason; only loans with months seen can "
    "have it.",
}
_LINE = 120


def written(head: str) -> str:
    """The whole file: what stands in it above the reasons, and the reasons."""
    features = declared_features(LOANS.features.schema)
    features |= {group.feature: group.declared for group in LOANS.features.evidence if group.declared}
    features |= COMBINATIONS
    order = [*KINDS]
    blocks: dict[tuple[int, str], str] = {}
    for name, feature in features.items():
        entry = yaml.safe_dump(feature.reason, default_flow_style=True, sort_keys=False, width=10_000)
        if len(entry.strip()) > _LINE - 4:
            entry = yaml.safe_dump(feature.reason, sort_keys=False, width=10_000)
        remark = f"  # {feature.never_given}\n" if feature.never_given else ""
        kind = feature.code.rstrip("0123456789")
        place = order.index(kind) if kind in KINDS else len(order)
        blocks[place, feature.code] = f"{remark}  {name}:\n{indent(entry, '    ')}"
    parts, said = [head], set[int]()
    for (place, _), block in sorted(blocks.items()):
        title = KINDS[order[place]] if place < len(order) and place not in said else ""
        parts.append(f"\n  # {title}\n" * bool(title) + block)
        said.add(place)
    return "".join(parts).replace("reasons:\n\n", "reasons:\n")


def as_it_should_be() -> str:
    """The file with the reasons that the features declare."""
    head, mark, _ = FILE.read_text(encoding="utf-8").partition("\nreasons:\n")
    return written(head + mark)


if __name__ == "__main__":
    if "--write" not in sys.argv:
        sys.exit(f"Write the file again with: {COMMAND}")
    FILE.write_text(as_it_should_be(), encoding="utf-8")
