"""Codes that people read aloud, write on paper and type on a phone."""

import uuid
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.kit import codes
from linli.kit.ids import uuid7

CODES = st.binary(min_size=9, max_size=9).map(codes.code_from_bytes)
DAY = date(2026, 11, 23)


@given(CODES)
def test_a_code_survives_being_written_and_read(code: str) -> None:
    written = codes.pretty(code)
    assert len(written) == 15
    for typed in (
        written,
        written.lower(),
        written.replace("-", " "),
        f" {code} ",
        written.replace("-", "－"),
    ):
        assert codes.normalise(typed) == code
    assert codes.is_code(code)


@given(CODES)
def test_letters_that_look_like_digits_are_read_as_digits(code: str) -> None:
    misread = code.replace("0", "o").replace("1", "l")
    assert codes.normalise(misread) == code
    assert codes.normalise(code.replace("1", "I")) == code


@given(st.text(max_size=80))
def test_any_text_can_be_normalised(typed: str) -> None:
    once = codes.normalise(typed)
    assert len(once) <= 64 * 18
    if codes.is_code(once):
        assert codes.normalise(codes.pretty(once)) == once


def test_grouping_is_four_four_five() -> None:
    assert codes.pretty("7K3M9QXT2RB8V") == "7K3M-9QXT-2RB8V"
    assert codes.pretty("7K3M9") == "7K3M9"
    assert codes.pretty("7K3M9QXT") == "7K3M-9QXT"
    assert codes.pretty("") == ""


@pytest.mark.parametrize(
    "wrong", ["", "7K3M", "7K3M9QXT2RB8U", "7K3M9QXT2RB8VV", "7K3M9QXT2RB8路", "7k3m9qxt2rb8v"]
)
def test_refuses_a_code_of_wrong_length_or_letters(wrong: str) -> None:
    assert not codes.is_code(wrong)


def test_uses_every_leading_bit_and_refuses_too_few() -> None:
    assert codes.code_from_bytes(b"\xff" * 9) == "Z" * 13
    assert codes.code_from_bytes(b"\x00" * 8 + b"\x80") == "0" * 12 + "1"
    with pytest.raises(ValueError, match="9 bytes"):
        codes.code_from_bytes(b"\x00" * 8)


def test_new_codes_differ() -> None:
    assert len({codes.new_code() for _ in range(1000)}) == 1000


@given(st.uuids(version=4), st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.integers(0, 50))
def test_a_case_number_names_its_day_and_reads_back(identifier: uuid.UUID, day: date, attempt: int) -> None:
    number = codes.number_from_uuid(identifier, day, attempt=attempt)
    assert number.startswith(f"{day:%y%m%d}-")
    assert codes.is_number(number)
    assert codes.normalise_number(f" {number.lower().replace('-', ' ')}") == number


def test_case_numbers_do_not_count_and_the_next_attempt_differs() -> None:
    numbers = [codes.number_from_uuid(uuid7(), DAY) for _ in range(500)]
    assert len(set(numbers)) > 495
    assert numbers != sorted(numbers)
    identifier = uuid7()
    assert codes.number_from_uuid(identifier, DAY) == codes.number_from_uuid(identifier, DAY)
    assert len({codes.number_from_uuid(identifier, DAY, attempt=n) for n in range(20)}) == 20


@pytest.mark.parametrize("wrong", ["", "261123", "261323-7K3M9", "261123-7K3MU", "261123-7k3m9", "灯"])
def test_refuses_what_is_no_case_number(wrong: str) -> None:
    assert not codes.is_number(wrong)
