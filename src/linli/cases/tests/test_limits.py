"""Limits: the vectors of the law and of local practice, boundaries, pauses, extensions, and the wording."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import translation

from linli.cases.procedures import limits
from linli.cases.procedures.calendar import Calendar, Day, seed_rows, seeded
from linli.cases.procedures.limits import Derivation, Limit, Unit

CALENDAR = seeded()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CALENDAR.zone)


def pause(text: str) -> limits.Pause:
    begin, _dots, end = text.partition("..")
    return at(begin), at(end) if end else None


def due(start: str, limit: str, *pauses: str, extend: tuple[str, ...] = ()) -> Derivation:
    extensions = [Limit.parse(text) for text in extend]
    return limits.due(at(start), Limit.parse(limit), CALENDAR, [pause(text) for text in pauses], extensions)


def local(derivation: Derivation) -> str:
    assert derivation.due_at is not None
    return f"{derivation.due_at.astimezone(CALENDAR.zone):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("start", "limit", "expected"),
    [
        ("2026-09-30", "5wd", "2026-10-13"),  # 10 October is worked
        ("2026-04-30", "5wd", "2026-05-11"),  # 9 May is worked
        ("2026-11-20", "20wd", "2026-12-18"),
        ("2026-09-01", "30d", "2026-10-01"),
        ("2026-09-01", "30d roll", "2026-10-08"),
        ("2026-08-02", "60d", "2026-10-01"),
        ("2026-08-02", "60d roll", "2026-10-08"),
        ("2026-09-07", "1mo", "2026-10-07"),
        ("2026-09-07", "1mo roll", "2026-10-08"),
        ("2026-10-09T11:02", "2wd", "2026-10-12"),
        ("2026-09-30T23:59:59", "5wd", "2026-10-13"),
        ("2028-01-31", "1mo", "2028-02-29"),  # leap year
        ("2026-01-31", "1mo", "2026-02-28"),
        ("2026-01-31", "3mo", "2026-04-30"),
        ("2026-08-31", "6mo", "2027-02-28"),
        ("2024-02-28", "1d", "2024-02-29"),
        ("2024-02-29", "12mo", "2025-02-28"),
        ("2025-12-31", "1d", "2026-01-01"),
        ("2025-12-31", "1d roll", "2026-01-04"),  # 1 to 3 January rest, Sunday the 4th is worked
        ("2025-12-31", "1wd", "2026-01-04"),
        ("2026-03-02", "60d", "2026-05-01"),
        ("2026-03-02", "15wd", "2026-03-23"),
        ("2026-02-13", "1wd", "2026-02-14"),
    ],
)
def test_day_limits(start: str, limit: str, expected: str) -> None:
    derivation = due(start, limit)
    assert derivation.due_date == date.fromisoformat(expected)
    midnight = datetime.combine(date.fromisoformat(expected) + timedelta(days=1), datetime.min.time())
    assert derivation.due_at == midnight.replace(tzinfo=CALENDAR.zone)


@pytest.mark.parametrize(
    ("start", "limit", "expected"),
    [
        ("2026-09-30T16:42", "36h", "2026-10-02 04:42"),
        ("2026-09-30T16:42", "8oh", "2026-10-09 09:12"),
        ("2026-10-12T14:30", "3oh", "2026-10-12 17:30"),  # to the end of the afternoon, not to next morning
        ("2026-10-12T11:30", "1oh", "2026-10-12 15:00"),  # over the midday break
        ("2026-10-10T08:00", "1oh", "2026-10-10 09:30"),  # a make-up Saturday has office hours
        ("2026-10-11T10:00", "1oh", "2026-10-12 09:30"),
        ("2026-10-12T18:00", "1oh", "2026-10-13 09:30"),
    ],
)
def test_hour_limits(start: str, limit: str, expected: str) -> None:
    assert local(due(start, limit)) == expected


def test_ends_at_24_o_clock() -> None:
    due_at = due("2026-09-30", "5wd").due_at
    assert due_at == datetime(2026, 10, 13, 16, tzinfo=UTC)
    assert not limits.is_late(due_at, at("2026-10-13T23:59:59.999"))
    assert limits.is_late(due_at, at("2026-10-14T00:00:00"))


def test_counts_local_days_wherever_the_server_stands() -> None:
    local_evening = at("2026-10-12T00:30")  # still the 11th in UTC
    assert limits.due(local_evening.astimezone(UTC), Limit.parse("1d"), CALENDAR).due_date == date(
        2026, 10, 13
    )


def test_another_place_has_another_midnight() -> None:
    boston = Calendar.of(tz="America/New_York")
    start = datetime(2015, 3, 6, 12, tzinfo=boston.zone)  # clocks go forward on the 8th
    assert limits.due(start, Limit.parse("2d"), boston).due_at == datetime(2015, 3, 9, 4, tzinfo=UTC)
    assert limits.due(start, Limit.parse("48h"), boston).due_at == datetime(2015, 3, 8, 17, tzinfo=UTC)


@pytest.mark.parametrize("text", ["5wd", "30d", "30d roll", "8oh", "1mo", "1mo roll", "36h"])
def test_limits_read_back_as_written(text: str) -> None:
    assert str(Limit.parse(text)) == text
    assert Limit.parse(f" {text.upper()} ") == Limit.parse(text)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("5dw", limits.UnknownUnit),
        ("5 weeks", limits.UnknownUnit),
        ("0wd", limits.AmountNotPositive),
        ("-3d", limits.AmountNotPositive),
        ("1.5h", limits.AmountNotPositive),
        ("9999wd", limits.AmountTooLarge),
        ("99999999999d", limits.LimitNotUnderstood),
        ("wd", limits.LimitNotUnderstood),
        ("", limits.LimitNotUnderstood),
        ("5wd 3d", limits.LimitNotUnderstood),
        ("30d rol", limits.LimitNotUnderstood),
        ("5wd roll", limits.RollNotApplicable),
        ("５wd", limits.LimitNotUnderstood),
    ],
)
def test_refuses_what_is_no_limit(text: str, error: type[limits.LimitError]) -> None:
    with pytest.raises(error) as caught:
        Limit.parse(text)
    assert str(caught.value)


def test_refuses_moments_that_cannot_be_counted_from() -> None:
    limit = Limit.parse("5wd")
    with pytest.raises(limits.OutOfRange):
        limits.due(datetime(2026, 9, 30), limit, CALENDAR)  # noqa: DTZ001
    with pytest.raises(limits.OutOfRange):
        limits.due(datetime(9999, 12, 31, tzinfo=UTC), limit, CALENDAR)
    with pytest.raises(limits.PauseBackwards):
        due("2026-09-30", "5wd", "2026-10-09..2026-10-08")


def test_refuses_a_calendar_without_working_days() -> None:
    rest = [Day(date(1950, 1, 1) + timedelta(days=n), False) for n in range(120_000)]
    never = Calendar.of(rest)
    for text in ("1wd", "1oh", "1d roll"):
        with pytest.raises(limits.NoWorkingDays):
            limits.due(datetime(2026, 1, 1, tzinfo=UTC), Limit.parse(text), never)


@pytest.mark.parametrize(
    ("limit", "paused", "expected"),
    [
        ("5wd", "2026-10-09T10:00..2026-10-09T17:00", "2026-10-14 00:00"),  # back the same day: nothing lost
        ("5wd", "2026-10-09T10:00..2026-10-10T09:00", "2026-10-15 00:00"),  # the 9th is lost
        (
            "5wd",
            "2026-10-09T10:00..2026-10-12T09:00",
            "2026-10-16 00:00",
        ),  # the 9th and 10th, the 11th rests anyway
        ("5wd", "2026-10-09T00:00..2026-10-10T00:00", "2026-10-15 00:00"),  # exactly the 9th
        ("5wd", "2026-10-01T10:00..2026-10-07T10:00", "2026-10-14 00:00"),  # across the holiday alone
        ("5wd", "2026-10-14T00:00..2026-10-20T00:00", "2026-10-14 00:00"),  # too late to help
        ("5wd", "2026-10-14T00:00..", "2026-10-14 00:00"),
        ("10d", "2026-10-03T10:00..2026-10-06T10:00", "2026-10-14 00:00"),
        ("1mo", "2026-10-03T10:00..2026-10-06T10:00", "2026-11-03 00:00"),
        ("36h", "2026-10-01T00:00..2026-10-02T00:00", "2026-10-02 12:00"),
        ("8oh", "2026-10-08T09:00..2026-10-08T15:00", "2026-10-08 16:00"),  # 6.5, 0.5 and 1 hours
    ],
)
def test_pauses_stop_the_counting(limit: str, paused: str, expected: str) -> None:
    assert local(due("2026-09-30", limit, paused)) == expected


def test_pauses_that_overlap_count_once() -> None:
    apart = due("2026-09-30", "5wd", "2026-10-09T10:00..2026-10-12T09:00")
    joined = due(
        "2026-09-30",
        "5wd",
        "2026-10-10T00:00..2026-10-12T09:00",
        "2026-10-09T10:00..2026-10-11T10:00",
        "2026-10-09T10:00..2026-10-09T11:00",
    )
    assert joined.due_at == apart.due_at


@pytest.mark.parametrize(
    ("limit", "outstanding"),
    [
        ("5wd", (4, Unit.WORKING_DAYS)),
        ("30d", (22, Unit.DAYS)),
        ("1mo", (22, Unit.DAYS)),
        ("20oh", (7, Unit.OFFICE_HOURS)),
        ("240h", (30, Unit.HOURS)),
    ],
)
def test_an_open_pause_has_no_due_moment_but_says_what_is_left(
    limit: str, outstanding: tuple[float, Unit]
) -> None:
    opened = "2026-10-09T00:00.."
    start = "2026-09-30" if limit != "240h" else "2026-09-30T06:00"
    derivation = due(start, limit, opened, extend=("10wd",))
    assert derivation.is_paused
    assert derivation.due_at is None
    assert derivation.due_date is None
    assert derivation.outstanding == (outstanding, (10, Unit.WORKING_DAYS))
    assert any("恢复后" in text for text in derivation.explain())


def test_extensions_count_on_from_the_due_moment() -> None:
    assert due("2026-09-30", "5wd", extend=("10wd",)).due_at == due("2026-09-30", "15wd").due_at
    assert due("2026-09-30", "5wd", extend=("3wd", "2wd")).due_at == due("2026-09-30", "10wd").due_at
    assert local(due("2026-09-30", "5wd", extend=("4oh",))) == "2026-10-14 15:00"
    assert local(due("2026-09-30T16:00", "2h", extend=("1wd",))) == "2026-10-09 00:00"
    assert due("2026-08-02", "60d roll", extend=("30d roll",)).due_date == date(
        2026, 11, 9
    )  # 7 November: Saturday


@pytest.mark.parametrize(
    ("start", "limit", "expected"),
    [
        ("2026-12-28", "3wd", False),
        ("2026-12-28", "4wd", True),
        ("2026-12-20", "30d", True),
        ("2026-12-20", "30d roll", True),
        ("2026-12-31T20:00", "36h", False),  # plain hours owe nothing to a calendar
        ("2026-12-31T17:00", "1oh", True),
        ("2027-03-01", "5wd", True),
        ("2023-03-01", "5wd", True),
    ],
)
def test_past_the_confirmed_calendar_is_provisional(start: str, limit: str, expected: bool) -> None:
    derivation = due(start, limit)
    assert derivation.provisional is expected
    assert (derivation.steps[-1].kind == "provisional") is expected


def test_an_office_aims_for_the_working_day_before_a_last_day_of_rest() -> None:
    derivation = due("2026-09-01", "30d")
    assert derivation.due_date == date(2026, 10, 1)
    assert derivation.target_date == date(2026, 9, 30)


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("1wd", "2026-10-13 00:00"),
        ("3wd", "2026-10-10 00:00"),
        ("1d", "2026-10-13 00:00"),
        ("24h", "2026-10-13 00:00"),
        ("4oh", "2026-10-13 11:00"),
        ("7oh", "2026-10-12 17:00"),
    ],
)
def test_warns_ahead_of_the_due_moment(limit: str, expected: str) -> None:
    due_at = due("2026-09-30", "5wd").due_at
    assert due_at is not None
    warned_at = limits.before(due_at, Limit.parse(limit), CALENDAR)
    assert f"{warned_at.astimezone(CALENDAR.zone):%Y-%m-%d %H:%M}" == expected
    with pytest.raises(limits.LimitError):
        limits.before(due_at, Limit.parse("1mo"), CALENDAR)


DERIVED_ZH = [
    "9月30日 周三 起算，当天不计",
    "10月1日—7日 国庆节 不计",
    "10月8日 周四 工作日 第 1 日",
    "10月9日 周五 工作日 第 2 日",
    "10月10日 周六 调休上班 第 3 日",
    "10月11日 周日 周末 不计",
    "10月12日 周一 工作日 第 4 日",
    "10月13日 周二 工作日 第 5 日",
    "10月13日 周二 到期 24:00",
]
DERIVED_EN = [
    "Wed 30 Sep: start, this day is not counted",
    "1–7 Oct: National Day, not counted",
    "Thu 8 Oct: working day, day 1",
    "Fri 9 Oct: working day, day 2",
    "Sat 10 Oct: make-up working day, day 3",
    "Sun 11 Oct: weekend, not counted",
    "Mon 12 Oct: working day, day 4",
    "Tue 13 Oct: working day, day 5",
    "Tue 13 Oct: due, 24:00",
]


@pytest.mark.parametrize(("language", "expected"), [("zh-hans", DERIVED_ZH), ("en", DERIVED_EN)])
def test_explains_itself_line_by_line(language: str, expected: list[str]) -> None:
    with translation.override(language):
        assert due("2026-09-30T16:42", "5wd").explain() == expected


def test_rows_say_what_does_not_count() -> None:
    rows = due("2026-09-30", "5wd").lines()
    assert [row.is_off for row in rows] == [True, True, False, False, False, True, False, False, False]
    assert (rows[1].when, rows[1].what, rows[1].mark) == ("10月1日—7日", "国庆节", "不计")


@pytest.mark.parametrize(
    ("derivation", "expected"),
    [
        (due("2026-09-01", "30d roll"), "10月1日—7日 末日逢国庆节，顺延"),
        (due("2026-01-31", "1mo"), "2月28日 周六 当月没有 31 日，以月末为准"),
        (due("2026-12-28", "5wd"), "2027年1月1日—3日 元旦、周末 不计"),
        (due("2026-12-28", "5wd"), "2027 年 放假安排未公布 日期暂定"),
        (due("2025-09-30", "5wd"), "10月1日—8日 国庆节、中秋节 不计"),
        (due("2026-11-20", "20wd"), "11月30日—12月4日 工作日 第 6—10 日"),
        (due("2026-09-30", "5wd", extend=("10wd",)), "10月13日 周二 延期 10 个工作日"),
        (due("2026-09-30", "5wd", "2026-10-09T10:00..2026-10-12T09:00"), "10月9日—11日 暂停 不计"),
        (due("2026-09-30", "5wd", "2026-10-09T10:00.."), "10月9日 周五起 暂停，恢复后还有 4 个工作日"),
        (due("2026-09-30T16:42", "8oh"), "10月8日 周四 08:30—12:00 计时 3 小时 30 分"),
        (due("2026-09-30T16:42", "36h"), "9月30日 周三 16:42—10月2日 周五 04:42 计时 36 小时"),
    ],
)
def test_explains_what_is_out_of_the_ordinary(derivation: Derivation, expected: str) -> None:
    with translation.override("zh-hans"):
        assert expected in derivation.explain()


@pytest.mark.parametrize(
    ("moment", "zh", "en", "is_soon"),
    [
        ("2026-10-10T09:00", "还剩 2 个工作日", "2 working days left", False),
        ("2026-10-12T09:00", "还剩 1 个工作日", "1 working day left", True),
        ("2026-10-13T09:00", "今天 24:00 前", "by 24:00 today", True),
        ("2026-10-13T23:59:59.999", "今天 24:00 前", "by 24:00 today", True),
        ("2026-10-14T00:00", "超期 1 个工作日", "1 working day overdue", False),
        ("2026-10-15T09:00", "超期 2 个工作日", "2 working days overdue", False),
    ],
)
def test_says_how_much_is_left(moment: str, zh: str, en: str, is_soon: bool) -> None:
    due_at = due("2026-09-30", "5wd").due_at
    assert due_at is not None
    left = limits.remaining(due_at, at(moment), CALENDAR)
    assert left.is_soon is is_soon
    with translation.override("zh-hans"):
        assert left.words == zh
    with translation.override("en"):
        assert left.words == en


def test_says_how_much_is_left_where_no_working_day_lies_between() -> None:
    saturday, friday = at("2026-10-18T00:00"), at("2026-10-17T00:00")
    with translation.override("zh-hans"):
        assert limits.remaining(saturday, at("2026-10-16T09:00"), CALENDAR).words == "还剩 1 天"
        assert limits.remaining(friday, at("2026-10-18T09:00"), CALENDAR).words == "超期不到 1 个工作日"
        assert (
            limits.remaining(at("2026-10-16T09:30"), at("2026-10-16T11:15"), CALENDAR).words
            == "超期 1 小时 45 分"
        )
        assert (
            limits.remaining(at("2026-10-16T17:30"), at("2026-10-16T11:15"), CALENDAR).words
            == "今天 17:30 前"
        )


def test_writes_the_due_moment_with_the_year_only_where_it_differs() -> None:
    due_at = due("2026-12-28", "5wd").due_at
    assert due_at is not None
    with translation.override("zh-hans"):
        assert limits.moment_words(due_at, at("2026-12-28"), CALENDAR) == "2027年1月5日 周二 24:00"
        assert limits.moment_words(due_at, at("2027-01-04"), CALENDAR) == "1月5日 周二 24:00"
    with translation.override("en"):
        assert limits.moment_words(due_at, at("2026-12-28"), CALENDAR) == "Tue 5 Jan 2027, 24:00"


def test_a_late_change_of_the_calendar_gives_another_date() -> None:
    makeup_cancelled = [row for row in seed_rows() if row.date != date(2026, 10, 10)]
    start, limit = at("2026-09-30"), Limit.parse("5wd")
    assert limits.due(start, limit, Calendar.of(makeup_cancelled)).due_date == date(2026, 10, 14)


def test_a_promise_set_elsewhere_is_moved_by_pauses_and_extensions_alone() -> None:
    start, promised = at("2026-09-30T08:00"), at("2026-10-12T17:00")

    def given(*pauses: str, extend: tuple[str, ...] = ()) -> Derivation:
        longer = [Limit.parse(text) for text in extend]
        return limits.given(start, promised, CALENDAR, [pause(text) for text in pauses], longer)

    assert given().due_at == promised
    assert given("2026-10-20T00:00..2026-10-21T00:00").due_at == promised, "a pause after it"
    assert given("2026-10-09T00:00..2026-10-10T00:00").due_at == promised + timedelta(days=1)
    held = given("2026-10-09T00:00..")
    assert (held.due_at, held.target_date, held.outstanding) == (None, None, ((89.0, Unit.HOURS),))
    longer = given(extend=("1wd",))
    assert longer.due_date == date(2026, 10, 13)
    assert longer.explain()[0].endswith("到期时间是事先定好的")


def test_a_pause_without_end_holds_a_last_day_that_was_to_move_on() -> None:
    held = due("2026-09-30", "2d roll", "2026-10-03T00:00..")
    assert (held.is_paused, held.outstanding) == (True, ((0, Unit.DAYS),))


@pytest.mark.parametrize("ahead", ["1wd", "1oh"])
def test_no_warning_is_counted_back_where_nobody_ever_works(ahead: str) -> None:
    never = Calendar.of([Day(date(1750, 1, 1) + timedelta(days=n), False) for n in range(110_000)])
    with pytest.raises(limits.NoWorkingDays):
        limits.before(at("2026-10-12T17:00"), Limit.parse(ahead), never)
