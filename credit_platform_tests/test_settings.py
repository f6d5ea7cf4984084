from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from credit_platform.errors import PolicyError, SettingsError
from credit_platform.lake.book_file import BookFile, book_file_text, read_book_file
from credit_platform.settings import child_environment, dagster_home, load_settings

VARIABLES = ("DATA_DIR", "RAW_DIR", "FIRST_MONTH", "LAST_MONTH", "POLICY_DIR")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder and none of the platform's variables."""
    for name in VARIABLES:
        monkeypatch.delenv(f"CREDIT_{name}", raising=False)
    for name in ("DAGSTER_HOME", "CREDIT_PORTFOLIO", "RETRAIN_THRESHOLD", "CHURN_WINDOW", "ML_SCHEMA", "ML_WAREHOUSE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_book(folder: Path, text: str) -> None:
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data" / "platform.yaml").write_text(text)


def test_without_any_setting_the_defaults_stand_in() -> None:
    settings = load_settings()
    assert (settings.data_dir, settings.raw_dir) == (Path("data"), Path("data/raw"))
    assert (settings.first_month, settings.last_month) == (date(2023, 1, 1), None)
    assert settings.automation == "stopped"
    assert not settings.is_book_known
    assert settings.policy.model.label.label_def == "30dpd_6mob"


def test_the_book_file_gives_the_months_and_the_environment_overrides_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_book(folder, "first_month: 2021-01-01\nlast_month: 2024-12\nautomation: running\n")
    settings = load_settings()
    assert (settings.first_month, settings.last_month) == (date(2021, 1, 1), date(2024, 12, 1))
    assert settings.automation == "running"
    assert settings.is_book_known
    monkeypatch.setenv("CREDIT_FIRST_MONTH", "2022-03")
    monkeypatch.setenv("CREDIT_LAST_MONTH", "2023-04-01")
    settings = load_settings()
    assert (settings.first_month, settings.last_month) == (date(2022, 3, 1), date(2023, 4, 1))


def test_raw_files_lie_in_the_data_folder_unless_said_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDIT_DATA_DIR", "/books/one")
    assert load_settings().raw_dir == Path("/books/one/raw")
    monkeypatch.setenv("CREDIT_RAW_DIR", "/deliveries")
    assert load_settings().raw_dir == Path("/deliveries")


@pytest.mark.parametrize(
    ("variable", "value"),
    [("CREDIT_FIRST_MONTH", "2023-01-15"), ("CREDIT_LAST_MONTH", "December"), ("CREDIT_FIRST_MONTH", "2023-13")],
)
def test_a_wrong_variable_is_named(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=variable):
        load_settings()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("first_month: soon", "first_month"),
        ("automation: sometimes", "automation"),
        ("fist_month: 2023-01", "fist_month"),
        ("a: [", "not YAML"),
        ("just a sentence", "platform.yaml"),
    ],
)
def test_a_wrong_book_file_is_named_with_its_key(folder: Path, text: str, said: str) -> None:
    write_book(folder, text)
    with pytest.raises(SettingsError, match=said) as error:
        load_settings()
    assert "platform.yaml" in str(error.value)


@pytest.mark.parametrize("last", ["2022-12", "2020-01"])
def test_a_last_month_before_the_first_is_refused(last: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDIT_LAST_MONTH", last)
    with pytest.raises(SettingsError, match=f"{last} lies before the first month 2023-01"):
        load_settings()


def test_a_wrong_policy_fails_at_load_with_file_and_key(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "model_config.yaml").write_text("label: {mob: six}")
    monkeypatch.setenv("CREDIT_POLICY_DIR", str(folder))
    with pytest.raises(PolicyError, match=r"model_config\.yaml: label\.mob"):
        load_settings()


@pytest.mark.parametrize(
    "book",
    [
        BookFile(),
        BookFile(first_month=date(2021, 1, 1)),
        BookFile(first_month=date(2021, 1, 1), last_month=date(2024, 12, 1), automation="running"),
    ],
)
def test_a_book_file_reads_back_as_it_was_written(folder: Path, book: BookFile) -> None:
    write_book(folder, book_file_text(book))
    assert read_book_file(folder / "data" / "platform.yaml") == book


def test_an_empty_book_file_sets_nothing(folder: Path) -> None:
    write_book(folder, "# nothing yet\n")
    assert load_settings().first_month == date(2023, 1, 1)


def test_history_lies_in_the_checkout_for_its_own_data_and_in_the_data_folder_otherwise(folder: Path) -> None:
    assert dagster_home(load_settings()) == folder / "data" / ".dagster"
    (folder / "dagster.yaml").touch()
    assert dagster_home(load_settings()) == folder
    assert (
        dagster_home(load_settings().model_copy(update={"data_dir": folder / "other"})) == folder / "other" / ".dagster"
    )


def test_dagster_home_wins(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "dagster.yaml").touch()
    monkeypatch.setenv("DAGSTER_HOME", "/history")
    assert dagster_home(load_settings()) == Path("/history")


def test_a_child_process_works_on_the_same_book_and_history(folder: Path) -> None:
    settings = load_settings()
    told = child_environment([settings], folder / "data" / ".dagster")
    assert told["CREDIT_DATA_DIR"] == str(folder / "data")
    assert told["CREDIT_RAW_DIR"] == str(folder / "data" / "raw")
    assert told["DAGSTER_HOME"] == str(folder / "data" / ".dagster")
    assert "DAGSTER_HOME" not in child_environment([settings], folder)


def test_the_retrain_threshold_is_part_of_the_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    as_shipped = load_settings().policy
    monkeypatch.setenv("RETRAIN_THRESHOLD", "0.8")
    settings = load_settings()
    assert settings.overrides.retrain_below == 0.8
    assert settings.policy.monitoring.metrics["roc_auc"].business_threshold == 0.8
    assert settings.policy.sha256 != as_shipped.sha256


@pytest.mark.parametrize("value", ["1.2", "-0.1", "high", "nan", ""])
def test_a_retrain_threshold_that_is_no_share_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("RETRAIN_THRESHOLD", value)
    with pytest.raises(SettingsError, match=r"^RETRAIN_THRESHOLD: "):
        load_settings()


def test_another_kind_of_book_has_a_folder_of_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDIT_PORTFOLIO", "home_credit")
    settings = load_settings()
    assert settings.data_dir == Path("data/home_credit")
    (folder / "dagster.yaml").touch()
    assert dagster_home(settings) == folder, "it shares the history of the checkout"
    own = folder / "data" / "home_credit" / ".dagster"
    own.mkdir(parents=True)
    (own / "dagster.yaml").touch()
    assert dagster_home(settings) == own, "unless it has begun one"


def test_one_of_several_books_has_the_variables_that_end_with_its_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "CREDIT_DATA_DIR": str(folder / "loans"),
        "CREDIT_FIRST_MONTH": "2020-01",
        "CREDIT_RAW_DIR_HOME_CREDIT": str(folder / "files"),
        "CREDIT_FIRST_MONTH_HOME_CREDIT": "2021-05",
    }.items():
        monkeypatch.setenv(name, value)
    loans, other = load_settings(of="loans"), load_settings(of="home_credit")
    assert (loans.data_dir, loans.first_month, loans.portfolio_name) == (folder / "loans", date(2020, 1, 1), "loans")
    assert (other.data_dir, other.raw_dir) == (Path("data/home_credit"), folder / "files")
    assert (other.first_month, other.portfolio_name) == (date(2021, 5, 1), "home_credit")
    told = child_environment([loans, other], folder)
    assert told["CREDIT_DATA_DIR_LOANS"] == str(folder / "loans")
    assert told["CREDIT_DATA_DIR_HOME_CREDIT"] == str(folder / "data" / "home_credit")
    monkeypatch.setenv("CREDIT_PORTFOLIO", "home_credit")
    assert load_settings().first_month == date(2021, 5, 1), "also where it is alone"
    monkeypatch.setenv("CREDIT_FIRST_MONTH_HOME_CREDIT", "May")
    with pytest.raises(SettingsError, match="CREDIT_FIRST_MONTH_HOME_CREDIT"):
        load_settings(of="home_credit")


def test_the_window_of_the_label_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDIT_PORTFOLIO", "churn")
    shipped = load_settings()
    monkeypatch.setenv("CHURN_WINDOW", "28")
    settings = load_settings()
    assert (settings.overrides.label_window, settings.policy.model.label.label_def) == (28, "churn_28d")
    assert settings.policy.model.label.lag_months == 1, "28 days after a month end in the next one"
    assert settings.policy.sha256 != shipped.policy.sha256, "what is made under it says so"
    monkeypatch.setenv("CHURN_WINDOW", "30")
    assert load_settings().policy.sha256 == shipped.policy.sha256, "a value counts, not where it was said"


@pytest.mark.parametrize("days", ["a month", "30.5", "0", "-30", "400", ""])
def test_a_window_that_is_no_whole_number_in_range_is_refused(days: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDIT_PORTFOLIO", "churn")
    monkeypatch.setenv("CHURN_WINDOW", days)
    with pytest.raises((SettingsError, PolicyError), match=r"^CHURN_WINDOW: "):
        load_settings()


def test_variables_of_similar_pipelines_get_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().foreign_words == {}
    for word, value in {"ML_SCHEMA": "E2E_DEMO", "ML_WAREHOUSE": "COMPUTE_WH", "CHURN_WINDOW": "30"}.items():
        monkeypatch.setenv(word, value)
    settings = load_settings()
    assert set(settings.foreign_words) == {"ML_SCHEMA", "ML_WAREHOUSE", "CHURN_WINDOW"}
    assert "CREDIT_DATA_DIR" in settings.foreign_words["ML_SCHEMA"]
    assert settings.overrides.label_window is None, "a loan's label has no window of days"
