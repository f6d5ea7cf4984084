"""What the texts of assets, checks, jobs, schedules and sensors must say, as functions from a text to what it lacks.

The texts themselves are held to them in test_definitions; texts that break each rule stand in test_texts.
"""

from __future__ import annotations

import re

GRAIN = re.compile(r"One (row|version|page) (per|over) ")
FEWEST_WORDS = 10
# Words of machinery that tell a person of the trade nothing.
EMPTY_WORDS = ("todo", "foo", "lorem", "utilize", "leverage", "seamless", "robust")


def faults_of_asset(description: str | None, *, reads: list[str]) -> list[str]:
    """What the text of an asset lacks, in words."""
    paragraphs = (description or "").split("\n\n")
    faults = [] if GRAIN.match(paragraphs[0]) else ["does not begin with the grain"]
    if len(paragraphs[0].split()) < FEWEST_WORDS:
        faults.append("does not say what it means")
    inputs = [paragraph for paragraph in paragraphs if paragraph.startswith("**Inputs:** ")]
    faults += [f"does not name its input {name}" for name in reads if not any(f"`{name}`" in said for said in inputs)]
    if not inputs:
        faults.append("names no inputs")
    if not any(paragraph.startswith("**When red:** ") for paragraph in paragraphs):
        faults.append("does not say what to do when it is red; write it in assets/remedies.py")
    return faults


def faults_of_check(description: str | None) -> list[str]:
    """What the text of a check lacks: what is true when all is well, and what to do when it is not."""
    said = description or ""
    holds, separator, to_do = said.partition("When it is ")
    faults = [] if separator and len(to_do.split()) >= FEWEST_WORDS // 2 else ["does not say what to do"]
    return faults + ([] if len(holds.split()) >= FEWEST_WORDS // 2 else ["does not say what is true when all is well"])


def faults_of_automation(description: str | None) -> list[str]:
    """What the text of a job, schedule or sensor lacks."""
    said = description or ""
    faults = [] if re.search(r"When (it|a tick) is red, ", said) else ["does not say what to do when it is red"]
    return faults + ([] if len(said.split()) >= FEWEST_WORDS else ["does not say what it does"])
