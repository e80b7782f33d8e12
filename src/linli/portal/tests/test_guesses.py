"""Guessing: a hundred codes from each of many addresses open nothing, raise the alarm and hold nobody else up.

`LINLI_GUESSES` says how many (300; docs/trust.md has the figure of 100,000).
"""

from __future__ import annotations

import logging
import os
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from conftest import Town
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from linli.portal.tests.conftest import Resident

GUESSES = int(os.environ.get("LINLI_GUESSES", "300"))
EACH = 100
SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
DATES = 500 if GUESSES > 10_000 else 40
FRESH = re.compile(r'X-CSRFToken": "\w+|csrfmiddlewaretoken" value="\w+|nonce="[^"]+')
pytestmark = pytest.mark.django_db


def guesses(right: str) -> Iterator[str]:
    """Codes of the right form: half of them made up, half the right one with one sign changed."""
    dice, plain = random.Random(11), right.replace("-", "")
    while True:
        yield "".join(dice.choices(SYMBOLS, k=len(plain)))
        place = dice.randrange(len(plain))
        other = dice.choice(SYMBOLS.replace(plain[place], ""))
        yield plain[:place] + other + plain[place + 1 :]


def test_many_guesses_from_many_addresses_open_nothing(
    reported: Resident, caplog: pytest.LogCaptureFixture
) -> None:
    tries, answers, waits = guesses(reported.code), Counter[int](), []
    with caplog.at_level(logging.WARNING, logger="linli.portal"):
        for number in range(GUESSES // EACH):
            address = f"10.{number >> 8 & 255}.{number & 255}.7"
            guesser = Client(REMOTE_ADDR=address)
            answers.update(guesser.post("/track/", {"code": next(tries)}).status_code for _ in range(EACH))
            honest = Client(REMOTE_ADDR=f"172.16.{number >> 8 & 255}.{number & 255}")
            begun = time.perf_counter()
            assert honest.post("/track/", {"code": reported.code}).status_code == 303
            waits.append(time.perf_counter() - begun)
            assert caplog.text.count("too many") >= number + 1, "no alarm for this address"
            assert reported.code not in caplog.text
            assert address not in caplog.text
    assert set(answers) == {422, 429}
    assert answers[422] <= GUESSES // EACH * 12
    print(f"{sum(answers.values())} guesses, {GUESSES // EACH} addresses: {dict(answers)}, no hit; ", end="")
    print(f"the right code in {sorted(waits)[len(waits) // 2] * 1000:.0f} ms (median) meanwhile")


def test_birth_dates_and_identity_numbers_are_answered_alike(reported: Resident, town: Town) -> None:
    said = set()
    for number in range(DATES):
        born = date(1950, 1, 1) + timedelta(days=37 * number)
        for typed in (f"{born:%Y%m%d}", f"420921{born:%Y%m%d}0011"):
            visitor = Client(REMOTE_ADDR=f"10.9.{number >> 8}.{number & 255}")
            said.add(_answer(visitor, typed))
    assert len(said) == 1


def _answer(visitor: Client, typed: str) -> tuple[Any, ...]:
    with CaptureQueriesContext(connection) as asked:
        answer = visitor.post("/track/", {"code": typed})
    return answer.status_code, len(asked), FRESH.sub("", answer.content.decode().replace(typed, ""))
