"""Policy that no calendar can hold, or no parser can bear."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from credit_platform.errors import PolicyError, SettingsError
from credit_platform.lake.book_file import read_book_file
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.field_faults.catalogue import case
from credit_platform_tests.field_faults.places import broken_link

NESTED = "[" * 3000


UNBEARABLE = {
    "no calendar": ("label: {mob: 1000000000}", "label.mob", "less than or equal to 1200"),
    "brackets": (f"label: {NESTED}{']' * 3000}", "label", "nested more than 50 deep"),
    "open brackets": (f"label: {{mob: {NESTED}", "label.mob", "nested more than 50 deep"),
    "braces": ("label: " + "{a: " * 3000, "label.a", "nested more than 50 deep"),
    "indents": ("".join(f"{' ' * n}a:\n" for n in range(300)), "a.a", "nested more than 50 deep"),
    "aliases": (
        "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"{x}: &{x} [{','.join(['*' + y] * 10)}]\n" for y, x in zip("abcdefgh", "bcdefghi", strict=True)),
        "i",
        "20,000 values",
    ),
    "digits": (f"label: {{mob: {'9' * 5000}}}", "label.mob", "valid integer"),
    "a large number": ("random_seed: 1000000000000000000000", "random_seed", "beyond 2,147,483,647"),
    "a day no month has": ("label: {mob: 2023-13-45}", "label.mob", "valid integer"),
    "a whole book": (f"label: '{'x' * 3_000_000}'", "(whole file)", "3,000,0"),
    "a window of centuries": ("windows: {relative: {train: 99999}}", "windows.relative.train", "1200"),
    "a sexagesimal": ("label: {mob: '1:30'}", "label.mob", "valid integer"),
    "thousands by underscores": ("selection: {min_samples: 1_000}", "selection.min_samples", "valid integer"),
    "an alias of itself": ("label: &a {mob: *a}", "(whole file)", "recursive"),
}


@case(
    "E6",
    given="mob: 1000000000; 3,000 nested brackets; mob: 010",
    right="refused with file, key and reason within a second; numbers are those of YAML 1.2, so 010 is ten",
)
@pytest.mark.parametrize("name", UNBEARABLE)
def test_policy_nobody_can_bear_is_refused_at_once(tmp_path: Path, name: str) -> None:
    text, key, reason = UNBEARABLE[name]
    file = tmp_path / "model_config.yaml"
    file.write_text(text)
    began = time.process_time()
    with pytest.raises(PolicyError) as refused:
        LOANS.load_policy(tmp_path)
    assert time.process_time() - began < 1
    assert (refused.value.file, refused.value.key.startswith(key)) == (str(file), True), refused.value
    assert reason in refused.value.reason
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, broken_link])
def test_policy_that_is_no_file_is_refused_at_once(tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / "model_config.yaml")
    with pytest.raises(
        PolicyError, match=r"model_config\.yaml: \(whole file\): is a folder, a pipe, a device or a link to nothing"
    ):
        LOANS.load_policy(tmp_path)


@pytest.mark.parametrize(("text", "suffix"), [("[" * 100_000, "json"), ('{"a":' * 5000, "json"), ("9" * 5000, "json")])
def test_json_nobody_can_bear_is_refused_as_well(tmp_path: Path, text: str, suffix: str) -> None:
    (tmp_path / f"model_config.{suffix}").write_text(text)
    with pytest.raises(PolicyError, match="model_config"):
        LOANS.load_policy(tmp_path)


@pytest.mark.parametrize(("written", "read"), [("010", 10), ("0o10", 8), ("0x1F", 31), ("+7", 7), ("6", 6)])
def test_numbers_are_those_of_yaml_1_2(tmp_path: Path, written: str, read: int) -> None:
    (tmp_path / "model_config.yaml").write_text(f"label: {{mob: {written}}}")
    assert LOANS.load_policy(tmp_path).model.label.lag_months == read


@pytest.mark.parametrize(("written", "read"), [("1e-2", 0.01), (".5", 0.5), ("5.0e-1", 0.5), ("1E-1", 0.1)])
def test_floats_are_those_of_yaml_1_2(tmp_path: Path, written: str, read: float) -> None:
    (tmp_path / "model_config.yaml").write_text(f"promotion: {{min_uplift: {written}}}")
    assert LOANS.load_policy(tmp_path).model.promotion.min_uplift == read


@case(
    "E7",
    given="a platform.yaml of 3,000 brackets, or a first month of year 9999",
    right="refused with file, key and reason at once, as policy is",
)
@pytest.mark.parametrize(
    ("text", "said"),
    [(f"first_month: {NESTED}", "first_month: is nested"), ("first_month: 9999-12-01", "no month of the years 1900")],
)
def test_a_book_file_nobody_can_bear_is_refused_at_once(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "platform.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=said):
        read_book_file(file)
