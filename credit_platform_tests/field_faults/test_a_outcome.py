"""A: the outcome of a loan, as tapes tell it that repay early, write off, change instalments or round."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl
import pytest

from credit_platform.assets.tables.gold import labelled_and_not
from credit_platform.lake.raw.raw_book import write_book
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import add_months, month_range
from credit_platform.portfolios.loans.outcome.roll_rates import roll_rates_sql
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.field_faults.catalogue import case
from credit_platform_tests.field_faults.listening import not_planted
from credit_platform_tests.field_faults.outcome_tapes import (
    LAG,
    MANY_VANISHED,
    REPAID,
    SPEC,
    VANISHED,
    WRITTEN_OFF,
    N,
    leave,
    portfolio,
    sound,
)
from credit_platform_tests.field_faults.planted import leaks, plant
from credit_platform_tests.field_faults.tapes import (
    GONE,
    PAID,
    START,
    Month,
    bronze,
    config,
    labels,
    loan,
    owing,
    silver,
)
from credit_platform_tests.small_book import MODEL_CONFIG, PREVIEW_ALLOWED, BookFolders, check_results

pytestmark = PREVIEW_ALLOWED


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BookFolders]:
    """Ten cohorts of 123 loans, built by the platform; of four some loans leave the tape before their label."""
    root = tmp_path_factory.mktemp("exits")
    book = BookFolders(root / "data", root / "raw", root / "policy")
    book.policy_dir.mkdir()
    (book.policy_dir / "model_config.yaml").write_text(MODEL_CONFIG)
    write_book(book.layout, SPEC, on_month=lambda: None)
    plant(book.raw_dir / "features_attributes.csv")
    file = book.raw_dir / "lms_loan_daily.csv"
    rows = pl.read_csv(file, infer_schema=False)
    rows = rows.filter(pl.col("loan_id").rank("dense").over("loan_start_date") <= N)
    rows = leave(rows, cohort=REPAID, n=8, after=4, balance="0.0", overdue="0.0")
    rows = leave(rows, cohort=WRITTEN_OFF, n=4, after=4, overdue="4000.0")
    rows = leave(rows, cohort=VANISHED, n=2, after=3, overdue="0.0")
    rows = leave(rows, cohort=MANY_VANISHED, n=10, after=3, overdue="0.0")
    unreadable = (pl.col("loan_id") == sound(rows, VANISHED)[0]) & (pl.col("installment_num").cast(pl.Float64) == LAG)
    rows = rows.with_columns(balance=pl.when(unreadable).then(pl.lit("x")).otherwise("balance"))
    rows.write_csv(file)
    built = book.verb("backfill", "--from", "2023-01", "--to", "2023-09", "--job", "build_month")
    assert built.returncode == 0, built.stdout + built.stderr
    yield book
    assert not_planted(book.data_dir) == []
    assert list(leaks(book.data_dir)) == []


BUILT = month_range(START, date(2023, 9, 1))


BLOCKED = date(2023, 10, 1)


def matured(tape: BookFolders, cohort: date, table: str = "gold/label_store") -> pl.DataFrame:
    return tape.lake.scan(table, [add_months(cohort, LAG)]).collect()


def past_due(tape: BookFolders, cohort: date) -> tuple[int, int]:
    """Loans past due at the label's month on book, and loans, as gold/vintages counts them."""
    curve = tape.lake.scan("gold/vintages", [BUILT[-1]]).filter(cohort=cohort, mob=LAG).collect()
    return curve.select("n_30dpd", "n_loans").row(0)


@case(
    "A1",
    given="8 sound loans of a cohort of 123 are repaid at MOB 4 and leave the tape",
    right="the month is built; they have label 0 with basis `repaid`; roll rates call them `closed`",
)
def test_a_loan_repaid_early_is_good(tape: BookFolders) -> None:
    found = matured(tape, REPAID)
    assert found.height == N
    assert found.filter(label_basis="repaid")["label"].to_list() == [0] * 8
    assert past_due(tape, REPAID) == (found["label"].sum(), N)
    rolled = tape.lake.scan("gold/roll_rates", [add_months(REPAID, 5)]).collect()
    assert rolled.filter(to_bucket="closed")["n_loans"].to_list() == [8]


@case(
    "A13",
    given="a loan is repaid, and arithmetic leaves a balance of 0.004; another leaves with one of 0.01",
    right="the first is `repaid` and `closed` in roll rates, the other has a balance in both",
)
@pytest.mark.parametrize(
    ("balance", "basis", "bucket"),
    [(0.004, ["repaid"], "closed"), (-5.0, ["repaid"], "closed"), (0.005, [], "missing"), (0.01, [], "missing")],
)
def test_less_than_half_a_cent_is_no_balance(balance: float, basis: list[str], bucket: str) -> None:
    rows = silver([*loan("L", [PAID, Month(balance=balance)]), *loan("other", [PAID] * LAG)])
    built = LOANS.outcome.build(rows.lazy(), config().label).filter(loan_id="L").collect()
    assert built["label_basis"].to_list() == basis
    rolled = portfolio(roll_rates_sql(30), rows.filter(loan_id="L"), add_months(START, 3))
    assert rolled["to_bucket"].to_list() == [bucket]


@case(
    "A2",
    given="4 loans of a cohort of 123 are last seen 4 instalments behind at MOB 4 and leave the tape",
    right="label 1, basis `left_past_due`; labels and vintages have the same bads of 123; `ended_unpaid` in roll rates",
)
def test_a_loan_that_left_past_due_is_bad(tape: BookFolders) -> None:
    found = matured(tape, WRITTEN_OFF)
    assert found.height == N
    assert found.filter(label_basis="left_past_due").select("label", "dpd").rows() == [(1, 120)] * 4
    assert past_due(tape, WRITTEN_OFF) == (found["label"].sum(), N)
    rolled = tape.lake.scan("gold/roll_rates", [add_months(WRITTEN_OFF, 5)]).collect()
    assert rolled.filter(to_bucket="ended_unpaid").select("from_bucket", "n_loans").rows() == [("120+", 4)]


@case(
    "A3",
    given="2 of 123 loans vanish with a balance and nothing overdue, one more has an unreadable row at MOB 6",
    right="no label; a row in gold/unlabelled with the reason; a warning from 1 % of the cohort on",
)
def test_a_loan_without_an_outcome_is_listed_with_the_reason(tape: BookFolders) -> None:
    rest = matured(tape, VANISHED, "gold/unlabelled")
    assert sorted(rest["reason"]) == ["left_with_balance", "left_with_balance", "quarantined"]
    assert matured(tape, VANISHED).height == N - 3
    assert set(rest["loan_id"]).isdisjoint(matured(tape, VANISHED)["loan_id"])
    with dg.DagsterInstance.from_config(str(tape.data_dir / ".dagster")) as instance:
        told = check_results(instance, "gold/unlabelled", "nearly_every_case_has_a_label")
    yellow = f"{add_months(VANISHED, LAG):%Y-%m-%d}"
    assert {month for month, (status, _) in told.items() if month and status == "FAILED"} == {yellow}
    with duckdb.connect(str(tape.data_dir / "datamart.duckdb"), read_only=True) as connection:
        assert connection.sql("select count(*) from gold.unlabelled").fetchall() == [(3,)]


@case(
    "A9",
    given="10 of 123 loans vanish with a balance: more than policy lets pass",
    right="the month is stopped, and gold/unlabelled of the stopped month names each of the ten",
)
def test_a_month_that_lost_too_many_loans_is_stopped_and_names_them(tape: BookFolders) -> None:
    built = tape.verb("backfill", "--from", "2023-10", "--to", "2023-10", "--job", "build_month")
    assert built.returncode == 1
    assert f"only 113 of the {N} loans written in 2023-04 have a label" in built.stdout
    rest = matured(tape, MANY_VANISHED, "gold/unlabelled")
    assert rest["reason"].to_list() == ["left_with_balance"] * 10


@case(
    "A4",
    given="60 days late at MOB 4, cured by MOB 6",
    right="0 under `at_horizon`, as `30dpd_6mob`; 1 under `ever`, as `ever30dpd_6mob`",
)
@pytest.mark.parametrize(
    ("outcome", "expected"), [("at_horizon", (0, "30dpd_6mob", 0)), ("ever", (1, "ever30dpd_6mob", 60))]
)
def test_policy_says_which_state_counts(outcome: str, expected: tuple[int, str, int]) -> None:
    found = labels(loan("L", owing(0, 0, 1000, 2000, 0, 0)), outcome=outcome)
    assert found.select("label", "label_def", "dpd").rows() == [expected]


@case("A5", given="0.01 overdue of 1000 due at MOB 6", right="current: immaterial arrears are none, by policy")
@pytest.mark.parametrize(
    ("overdue", "materiality", "missed"),
    [
        (0.01, {}, 0),
        (10.0, {}, 0),
        (10.01, {}, 1),
        (1000.01, {}, 1),
        (1010.01, {}, 2),
        (0.01, {"relative": 0}, 1),
        (99.0, {"absolute": 100}, 0),
        (100.01, {"absolute": 100}, 1),
    ],
)
def test_immaterial_arrears_are_none(overdue: float, materiality: dict[str, float], missed: int) -> None:
    last = silver(loan("L", owing(0, 0, 0, 0, 0, overdue)), materiality=materiality).row(-1, named=True)
    assert (last["n_installments_missed"], last["dpd"]) == (missed, 30 * missed)


@case(
    "A6",
    given="5000 due now, 3000 overdue after 3 instalments of 1000 were not paid",
    right="3 missed, 90 days: arrears are laid against what was due in each month, oldest first",
)
@pytest.mark.parametrize("paid", [0.0, 5000.0])
@pytest.mark.parametrize("due", [5000.0, 500.0])
def test_arrears_are_counted_in_the_instalments_that_were_missed(due: float, paid: float) -> None:
    months = [PAID, *owing(1000, 2000, 3000), Month(due, 3000, paid=paid)]
    rows = silver(loan("L", months))
    assert rows["n_installments_missed"].to_list() == [0, 0, 1, 2, 3, 3]
    assert rows["dpd"].to_list() == [0, 0, 30, 60, 90, 90]


@case(
    "A10",
    given="the last instalment is missed, and the tape goes on showing the loan with nothing due",
    right="days past due go on with the months: 30, 60, 90",
)
def test_days_past_due_go_on_when_nothing_falls_due_any_more() -> None:
    rows = silver(loan("L", [PAID, *owing(1000), *owing(1000, 1000, due=0)], tenure=2))
    assert rows.select("n_installments_missed", "dpd").rows() == [(0, 0), (0, 0), (1, 30), (1, 60), (1, 90)]


@case(
    "A11",
    given="arrears from before the first row of the book, and months the tape leaves out",
    right="what no row explains counts in instalments of the nearest row; month by month as all at once",
)
def test_arrears_of_months_the_book_does_not_show_are_counted() -> None:
    late = loan("late", [GONE, GONE, *owing(3000, 2000), GONE, *owing(4000)])[1:]
    assert silver(late)["n_installments_missed"].to_list() == [3, 2, 4]
    rows = [*late, *loan("L", [Month(1000, 1000), Month(1000, 2000), Month(5000, 2000), Month(5000, 7000)])]
    whole, source = silver(rows), LOANS.case_source
    assert source.look_back is not None
    known = whole.clear()
    for month in bronze(rows)["snapshot_month"].unique().sort():
        past = known.lazy().select(source.look_back.columns)
        own = bronze(rows).lazy().filter(snapshot_month=month)
        known = pl.concat([known, source.look_back.clean(own, config(), {}, past).rows.collect()])
    assert known.equals(whole)


@case(
    "A14",
    given="a loan that was past due, or had a balance, leaves after a last row that is set aside at MOB 5",
    right="no label: `quarantined` in gold/unlabelled, as what it was when it left cannot be read",
)
@pytest.mark.parametrize("overdue", [0.0, 1000.0])
def test_a_loan_whose_last_row_is_set_aside_has_no_label(tmp_path: Path, overdue: float) -> None:
    unread = loan("unread", owing(0, 0, 0, overdue, 0))
    unread[-1]["balance"] = "x"
    mended = loan("mended", owing(0, 0, 0, 0, 0))
    mended[3]["balance"] = "x"
    rows, months = [*unread, *mended, *loan("other", [PAID] * LAG)], month_range(START, add_months(START, LAG))
    lake, cleaned = Lake.at(tmp_path, portfolio=LOANS), LOANS.case_source.clean(bronze(rows).lazy(), config(), {})
    for table, frame in (("silver", cleaned.rows), ("quarantine", cleaned.quarantined)):
        lake.write(f"{table}/loan_snapshots", frame.collect(), months)
    labelled, rest = labelled_and_not(LOANS, lake, [months[-1]], config().label, first_cohort=START)
    assert labelled["loan_id"].to_list() == ["other"]
    assert rest.select("loan_id", "reason").rows() == [("mended", "left_with_balance"), ("unread", "quarantined")]


@case(
    "A7",
    given="the instalment of 1 February is not paid on 1 February; nor are those of March and April",
    right="30, 60, 90 days where the due day counts, 0, 30, 60 where policy says `due_day: grace`",
)
@pytest.mark.parametrize(("due_day", "dpd"), [("counts", [0, 30, 60, 90]), ("grace", [0, 0, 30, 60])])
def test_policy_says_whether_an_instalment_due_today_is_past_due(due_day: str, dpd: list[int]) -> None:
    rows = silver(loan("L", owing(1000, 2000, 3000)), due_day=due_day)
    assert rows["dpd"].to_list() == dpd
    first = rows.filter(pl.col("dpd") > 0)["first_missed_date"].unique().to_list()
    assert first == [date(2023, 1, 1) if due_day == "counts" else date(2023, 2, 1)]
