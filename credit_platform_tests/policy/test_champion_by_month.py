"""The champion by the first month in which each model is: what is read, and what is refused with file and key."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.errors import PolicyError
from credit_platform.months import add_months, month_range
from credit_platform.policy.load import Policy, policy_document, read_policy_document
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.previous_release import OldNameWarning

FIRST = date(2023, 1, 1)
SHIPPED = LOANS.load_policy().model


def loaded(folder: Path, champion: str) -> Policy:
    (folder / "model_config.yaml").write_text(f"champion_challenger: {{champion: {champion}}}\n")
    return LOANS.load_policy(folder)


def by_month(champions: dict[date, str]) -> ModelConfig:
    section = SHIPPED.champion_challenger.model_copy(update={"champion": champions})
    return SHIPPED.model_copy(update={"champion_challenger": section})


def test_a_champion_holds_from_its_month_to_the_next_ones(tmp_path: Path) -> None:
    policy = loaded(tmp_path, "{2023-01: model_1, '2024-06-01': gradient_boosting}")
    assert policy.model.champions == ("scorecard", "gradient_boosting")
    found = [policy.model.champion_in(date(2024, month, 1)) for month in (5, 6, 12)]
    assert found == ["scorecard", "gradient_boosting", "gradient_boosting"]
    with pytest.raises(PolicyError, match=r"model_config: champion_challenger\.champion: names no model for 2022-12"):
        policy.model.champion_in(date(2022, 12, 1))


def test_a_kept_policy_has_the_months_again(tmp_path: Path) -> None:
    policy = loaded(tmp_path, "{2023-01: model_1, 2024-06: model_2}")
    document = policy_document(policy)
    assert read_policy_document(document, LOANS.terms, sha256=policy.sha256, file=tmp_path) == policy
    assert policy.sha256 != loaded(tmp_path, "{2023-01: model_1, 2024-07: model_2}").sha256


def test_one_name_has_the_fingerprint_it_always_had(tmp_path: Path) -> None:
    assert loaded(tmp_path, "model_1").sha256 == LOANS.load_policy().sha256
    assert SHIPPED.champion_in(date(1999, 1, 1)) == "scorecard"


def test_former_keys_are_accepted_in_months_too(tmp_path: Path) -> None:
    with pytest.warns(OldNameWarning, match="champion logistic_regression is called scorecard now"):
        policy = loaded(tmp_path, "{2023-01: logistic_regression, 2024-06: model_2}")
    assert policy.model.champions == ("scorecard", "gradient_boosting")


@pytest.mark.parametrize(
    ("champion", "said"),
    [
        ("{2024-06: model_1, 2023-01: model_2}", "months must rise, and 2023-01 comes after 2024-06"),
        ("{2023-01: model_1, 2023-01-01: model_2}", "must be text"),
        ("{2023-01: model_1, '2023-01-01': model_2}", "names a month twice"),
        ("{2023-13: model_1}", "'2023-13' is not a month; write YYYY-MM"),
        ("{'2023-01-02': model_1}", "'2023-01-02' is not a month; write YYYY-MM"),
        ("{soon: model_1}", "'soon' is not a month; write YYYY-MM"),
        ("{2023-01: }", "names no model from 2023-01-01 on"),
        ("{2023-01: model_1, 2024-06: model_7}", "champion is 'model_7'; the models are scorecard, gradient_boosting"),
    ],
)
def test_what_names_no_model_for_sure_is_refused_with_file_and_key(tmp_path: Path, champion: str, said: str) -> None:
    with pytest.raises(PolicyError, match="champion_challenger") as refused:
        loaded(tmp_path, champion)
    assert said in str(refused.value)
    assert refused.value.file == str(tmp_path / "model_config.yaml")


@given(st.dictionaries(st.integers(0, 30), st.sampled_from(["model_1", "model_2"]), min_size=1))
def test_every_month_from_the_first_on_has_the_model_that_was_named_last(named: dict[int, str]) -> None:
    config = by_month({add_months(FIRST, n): named[n] for n in sorted(named)})
    aliases = {spec.alias: key for key, spec in config.models.items()}
    expected = None
    for n, month in enumerate(month_range(FIRST, add_months(FIRST, 30))):
        expected = aliases[named[n]] if n in named else expected
        if expected is not None:
            assert config.champion_in(month) == expected
            assert expected in config.champions
