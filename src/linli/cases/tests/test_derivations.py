"""A date shows its sum: every line of a derivation, and how amounts and their errors read in both languages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta

import pytest
from django.utils import translation

from linli.cases.procedures import limits, units
from linli.cases.procedures.calendar import Calendar
from linli.cases.procedures.limits import Derivation, Limit, Step
from linli.cases.tests.test_limits import due


def told(step: Step) -> str:
    """A line in short: kind, days, numbers, moments, what is left."""
    parts = [step.kind.value, f"{step.first:%m-%d}" if step.has_date else "-"]
    parts += [f"to {step.last:%m-%d}"] if step.last != step.first else []
    parts += [f"#{step.ordinal_from or ''}-{step.ordinal}"] if step.ordinal is not None else []
    parts += [step.unit.value] if step.unit else []
    parts += [f"{step.moment:%m-%d %H:%M}"] if step.moment else []
    parts += [f"until {step.until:%m-%d %H:%M}"] if step.until else []
    parts += [f"[{step.limit}]"] if step.limit else []
    parts += [f"left {step.left[0]:g}{step.left[1].value}"] if step.left else []
    parts += [name for name, _source in step.names]
    return " ".join([*parts, *([f"in {step.last.year}"] if step.with_year and step.has_date else [])])


@pytest.mark.parametrize(
    ("derived", "lines"),
    [
        (
            lambda: due("2026-09-30T10:00", "5wd"),
            [
                "start 09-30 [5wd]",
                "skipped 10-01 to 10-07 国庆节",
                "counted 10-08 #1-1 wd",
                "counted 10-09 #2-2 wd",
                "makeup 10-10 #3-3 wd 国庆节",
                "skipped 10-11 周末",
                "counted 10-12 #4-4 wd",
                "counted 10-13 #5-5 wd",
                "due 10-13 10-14 00:00",
            ],
        ),
        (
            lambda: due("2026-09-30T10:00", "12wd"),
            [
                "start 09-30 [12wd]",
                "skipped 10-01 to 10-07 国庆节",
                "counted 10-08 to 10-09 #1-2 wd",
                "makeup 10-10 #3-3 wd 国庆节",
                "skipped 10-11 周末",
                "counted 10-12 to 10-16 #4-8 wd",
                "skipped 10-17 to 10-18 周末",
                "counted 10-19 to 10-22 #9-12 wd",
                "due 10-22 10-23 00:00",
            ],
        ),
        (
            lambda: due("2026-09-30T16:42", "8oh"),
            [
                "start 09-30 09-30 16:42 [8oh]",
                "counted 09-30 09-30 16:42 until 09-30 17:30",
                "skipped 10-01 to 10-07 国庆节",
                "counted 10-08 10-08 08:30 until 10-08 12:00",
                "counted 10-08 10-08 14:30 until 10-08 17:30",
                "counted 10-09 10-09 08:30 until 10-09 09:12",
                "due 10-09 10-09 09:12",
            ],
        ),
        (
            lambda: due("2026-10-09T16:30", "6oh", "2026-10-10T10:00..2026-10-12T09:30"),
            [
                "start 10-09 10-09 16:30 [6oh]",
                "counted 10-09 10-09 16:30 until 10-09 17:30",
                "counted 10-10 10-10 08:30 until 10-10 10:00",
                "paused 10-10 to 10-12 10-10 10:00 until 10-12 09:30",
                "skipped 10-11 周末",
                "counted 10-12 10-12 09:30 until 10-12 12:00",
                "counted 10-12 10-12 14:30 until 10-12 15:30",
                "due 10-12 10-12 15:30",
            ],
        ),
        (
            lambda: due("2026-09-30T16:42", "36h", "2026-10-01T00:00..2026-10-01T06:00", extend=("12h",)),
            [
                "start 09-30 09-30 16:42 [36h]",
                "counted 09-30 to 10-01 09-30 16:42 until 10-01 00:00",
                "paused 10-01 10-01 00:00 until 10-01 06:00",
                "counted 10-01 to 10-02 10-01 06:00 until 10-02 10:42",
                "extension 10-02 10-02 10:42 [12h]",
                "counted 10-02 10-02 10:42 until 10-02 22:42",
                "due 10-02 10-02 22:42",
            ],
        ),
        (
            lambda: due("2026-09-01T09:00", "30d roll"),
            [
                "start 09-01 [30d roll]",
                "counted 09-02 to 10-01 #1-30 d 国庆节 中秋节",
                "roll 10-01 to 10-07 国庆节",
                "due 10-08 10-09 00:00",
            ],
        ),
        (
            lambda: due("2026-01-31T09:00", "1mo roll"),
            [
                "start 01-31 [1mo roll]",
                "counted 02-01 to 02-28 #1-28 mo 春节",
                "month_end 02-28 #-31",
                "due 02-28 03-01 00:00",
            ],
        ),
        (
            lambda: due("2026-09-01T09:00", "10d", "2026-09-05T12:00..2026-09-08T12:00", extend=("3wd",)),
            [
                "start 09-01 [10d]",
                "counted 09-02 to 09-04 #1-3 d",
                "paused 09-05 to 09-07 周末",
                "counted 09-08 to 09-14 #4-10 d",
                "extension 09-14 [3wd]",
                "counted 09-15 #1-1 wd",
                "counted 09-16 #2-2 wd",
                "counted 09-17 #3-3 wd",
                "due 09-17 09-18 00:00",
            ],
        ),
        (
            lambda: due("2026-09-01T09:00", "10wd", "2026-09-05T12:00..", extend=("5d",)),
            [
                "start 09-01 [10wd]",
                "counted 09-02 #1-1 wd",
                "counted 09-03 #2-2 wd",
                "counted 09-04 #3-3 wd",
                "paused 09-05 left 7wd",
                "extension - [5d]",
            ],
        ),
        (
            lambda: due("2026-09-30T16:42", "8oh", "2026-10-09T08:45.."),
            [
                "start 09-30 09-30 16:42 [8oh]",
                "counted 09-30 09-30 16:42 until 09-30 17:30",
                "skipped 10-01 to 10-07 国庆节",
                "counted 10-08 10-08 08:30 until 10-08 12:00",
                "counted 10-08 10-08 14:30 until 10-08 17:30",
                "counted 10-09 10-09 08:30 until 10-09 08:45",
                "paused 10-09 10-09 08:45 left 0.45oh",
            ],
        ),
        (
            lambda: due("2026-12-29T09:00", "5wd"),
            [
                "start 12-29 [5wd]",
                "counted 12-30 #1-1 wd",
                "counted 12-31 #2-2 wd",
                "skipped 01-01 to 01-03 元旦 周末 in 2027",
                "counted 01-04 #3-3 wd in 2027",
                "counted 01-05 #4-4 wd in 2027",
                "counted 01-06 #5-5 wd in 2027",
                "due 01-06 01-07 00:00 in 2027",
                "provisional 01-01 in 2027",
            ],
        ),
        (
            lambda: due("2026-09-01T09:00", "1mo", "2026-09-29T12:00..2026-10-02T12:00"),
            [
                "start 09-01 [1mo]",
                "counted 09-02 to 09-28 #1-27 mo 国庆节 中秋节",
                "paused 09-29 to 10-01 周末 国庆节",
                "counted 10-02 to 10-04 #28-30 mo 国庆节",
                "due 10-04 10-05 00:00",
            ],
        ),
        (
            lambda: due(
                "2026-09-25T09:00", "5d roll", "2026-10-01T09:00..2026-10-05T09:00", extend=("1mo roll",)
            ),
            [
                "start 09-25 [5d roll]",
                "counted 09-26 to 09-30 #1-5 d 中秋节",
                "extension 09-30 [1mo roll]",
                "paused 10-01 to 10-04 国庆节",
                "counted 10-05 to 11-03 #1-30 mo 国庆节",
                "due 11-03 11-04 00:00",
            ],
        ),
    ],
)
def test_every_line_says_what_counted_and_what_did_not(
    derived: Callable[[], Derivation], lines: list[str]
) -> None:
    assert [told(step) for step in derived().steps] == lines


def test_a_month_that_ends_on_its_corresponding_day_says_nothing_of_an_end() -> None:
    assert [told(step) for step in due("2026-09-07T09:00", "1mo").steps] == [
        "start 09-07 [1mo]",
        "counted 09-08 to 10-07 #1-30 mo 国庆节 中秋节",
        "due 10-07 10-08 00:00",
    ]


def test_elsewhere_the_lines_show_the_time_of_the_place() -> None:
    boston = Calendar.of(tz="America/New_York", office_hours=((time(9), time(17)),))
    start = datetime(2015, 3, 6, 16, tzinfo=boston.zone)  # a Friday; clocks go forward on Sunday
    held = (start + timedelta(days=3, hours=-1), start + timedelta(days=3))
    derived = limits.due(start, Limit.parse("8oh"), boston, [held])
    assert [told(step) for step in derived.steps][:-2] == [
        "start 03-06 03-06 16:00 [8oh]",
        "counted 03-06 03-06 16:00 until 03-06 17:00",
        "skipped 03-07 to 03-08 周末",
        "counted 03-09 03-09 09:00 until 03-09 15:00",
        "paused 03-09 03-09 15:00 until 03-09 16:00",
        "counted 03-09 03-09 16:00 until 03-09 17:00",
    ]


def test_what_each_line_counts_adds_up_to_the_limit() -> None:
    assert sum(step.count for step in due("2026-09-30T10:00", "12wd").steps) == 12
    assert sum(step.count for step in due("2026-09-01T09:00", "30d roll").steps) == 30
    paused = due("2026-10-09T16:30", "6oh", "2026-10-10T10:00..2026-10-12T09:30")
    assert sum(step.seconds for step in paused.steps) == 6 * 3600


@pytest.mark.parametrize(
    ("amount", "unit", "zh", "en"),
    [
        (1, "wd", "1 个工作日", "1 working day"),
        (5, "wd", "5 个工作日", "5 working days"),
        (1, "d", "1 天", "1 day"),
        (30, "d", "30 天", "30 days"),
        (1, "mo", "1 个月", "1 month"),
        (3, "mo", "3 个月", "3 months"),
        (1, "oh", "1 个工作时", "1 office hour"),
        (8, "oh", "8 个工作时", "8 office hours"),
        (1, "h", "1 小时", "1 hour"),
        (36, "h", "36 小时", "36 hours"),
        (0.5, "oh", "30 分钟", "30 minutes"),
        (1 / 60, "h", "1 分钟", "1 minute"),
        (1.5, "h", "1 小时 30 分", "1 h 30 min"),
        (0.001, "h", "1 分钟", "1 minute"),
        (2.5, "d", "2 天", "2 days"),
        (2.9, "wd", "2 个工作日", "2 working days"),
    ],
)
def test_an_amount_reads_in_both_languages(amount: float, unit: str, zh: str, en: str) -> None:
    for language, words in (("zh-hans", zh), ("en", en)):
        with translation.override(language):
            assert units.amount_words(amount, units.Unit(unit)) == words
            if amount == int(amount):
                assert Limit.parse(f"{int(amount)}{unit}").words == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "1 分钟"),
        (59, "1 分钟"),
        (119, "1 分钟"),
        (120, "2 分钟"),
        (3600, "1 小时"),
        (3659, "1 小时"),
        (3660, "1 小时 1 分"),
        (7200, "2 小时"),
    ],
)
def test_a_span_of_time_is_told_in_whole_minutes(seconds: int, words: str) -> None:
    with translation.override("zh-hans"):
        assert units.duration_words(seconds) == words


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("wd", "看不懂限期“wd”。请写数量和单位，如 5wd、30d、8oh、1mo、36h。"),
        ("5dw", "限期单位“dw”不存在。可用：wd 工作日、d 自然日、oh 工作时、mo 月、h 小时。"),
        ("0wd", "限期“0wd”须是正整数。"),
        (" 1.5h ", "限期“1.5h”须是正整数。"),
        ("5wd 3d", "看不懂限期“5wd 3d”。请写数量和单位，如 5wd、30d、8oh、1mo、36h。"),
        ("5d rol", "限期后面只能写 roll（顺延），不能写“rol”。"),
        ("1001wd", "限期“1001wd”太长，此单位最多 1000。"),
        ("3661d", "限期“3661d”太长，此单位最多 3660。"),
        ("2001oh", "限期“2001oh”太长，此单位最多 2000。"),
        ("121mo", "限期“121mo”太长，此单位最多 120。"),
        ("8785h", "限期“8785h”太长，此单位最多 8784。"),
        ("5wd roll", "只有自然日（d）和月（mo）可以顺延（roll）。"),
    ],
)
def test_what_is_no_limit_is_told_with_what_to_write_instead(text: str, said: str) -> None:
    with translation.override("zh-hans"), pytest.raises(units.LimitError) as refused:
        Limit.parse(text)
    assert str(refused.value) == said


@pytest.mark.parametrize("text", ["1000wd", "3660d", "2000oh", "120mo", "8784h", "1wd", "1d", "3660d roll"])
def test_the_longest_and_the_shortest_are_limits(text: str) -> None:
    assert str(Limit.parse(text)) == text
