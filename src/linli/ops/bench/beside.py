"""What trust costs at intake: the same submissions with and without it, in turns in one run.

Without: no leaf and no hash, nothing sealed, the owner's role, no budgets: by patching this process alone, no switch of
the product does it. Guarded: all of these but budgets. Counted: budgets, too, each from an address not seen before,
as in calm times. Busy: while more comes than a process counts by itself, so that the database counts it. Receipts:
every reporter fetches the signed receipt, too. Opening one's own matter is no reading by others, so intake writes no
read record in any of them.

What a process keeps and looks at again once a second (rules, units, calendar, keys) is kept throughout: by the clock of
a busy machine a second holds few submissions, and the slower way would be charged more of these looks.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs
from uuid import UUID

from django.core.management.base import CommandError
from django.db import connection, models
from django.test import Client as Visitor
from django.test.utils import override_settings
from django.utils.translation import gettext as _

from linli.cases.actions import receipts, rows
from linli.cases.models import Case
from linli.cases.procedures import calendar
from linli.kit import clock
from linli.kit.sealing import Sealed, SealedField, keys
from linli.ledger import merkle
from linli.ledger.models import Leaf
from linli.ops import securing
from linli.ops.bench import county
from linli.ops.bench.intake import REPORT, SEE_OTHER, bodies
from linli.orgs.lookup import index, memory
from linli.people import scope
from linli.people.actions import rough
from linli.portal.actions import budget
from linli.portal.forms.draft import command_id_of

ROLE = "linli_bench_application"
ROUNDS, EACH = 30, 40
QUICK = (8, 20)
PLENTY = 1_000_000
HOUR = 3600.0
KEPT = (
    (memory, "keep_seconds"),
    (index, "RECHECK_SECONDS"),
    (calendar, "RECHECK_SECONDS"),
    (keys, "RECHECK_SECONDS"),
)
Done = Callable[[UUID], object]
FORM = "application/x-www-form-urlencoded"


def measure(*, is_quick: bool) -> dict[str, Any]:
    """Milliseconds of processor (this process and its database session) and of the clock, a submission."""
    county.fill(clock.now(), 500)
    rounds, each = QUICK if is_quick else (ROUNDS, EACH)
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in WAYS}
    made = bodies(len(WAYS) * (rounds + 1) * each, "")
    securing.secure(role=ROLE)
    with ExitStack() as stack:
        stack.callback(_forget_role)
        for module, name in KEPT:
            stack.enter_context(patch.object(module, name, HOUR))
        for turn in range(rounds + 1):
            for name in sorted(WAYS, reverse=turn % 2 == 0):
                with WAYS[name]() as done:
                    one = _round(each, made, done)
                if turn:  # the first is for warming up
                    spent[name].append(one)
    bare = spent["without"]
    found: dict[str, Any] = {name: _figures(some, bare) for name, some in spent.items()}
    return {**found, "rounds": rounds, "each": each}


def _figures(some: list[tuple[float, float]], bare: list[tuple[float, float]]) -> dict[str, float]:
    """Medians, and how much of the speed without anything is lost, round by round."""
    lost = [100 * (1 - off[0] / on[0]) for off, on in zip(bare, some, strict=True)]
    return {
        "processor_ms": round(median(one[0] for one in some), 2),
        "clock_ms": round(median(one[1] for one in some), 2),
        "lost_percent": round(median(lost), 1),
    }


def _round(each: int, made: Iterator[str], done: Done) -> tuple[float, float]:
    """So many submissions, one after the other, each from an address of its own."""
    begun, processor = time.perf_counter(), _processor()
    for _n in range(each):
        body = next(made)
        _visitor.cookies.clear()
        answer = _visitor.post(REPORT, body, content_type=FORM, REMOTE_ADDR=next(_addresses))
        if answer.status_code != SEE_OTHER or answer["Location"] != "/report/receipt":
            raise CommandError(_("有 %(n)d 次没有收下，测量无效。") % {"n": 1})
        done(_command(body))
    return (_processor() - processor) * 1000 / each, (time.perf_counter() - begun) * 1000 / each


def _command(body: str) -> UUID:
    found = command_id_of(parse_qs(body)["command"][0])
    assert found is not None
    return found


def _processor() -> float:
    """Seconds of processor of this process and, where it runs on this machine, of its session of the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        path = Path(f"/proc/{cursor.fetchone()[0]}/schedstat")
    session = int(path.read_text(encoding="ascii").split()[0]) / 1e9 if path.exists() else 0.0
    return time.process_time() + session


def _some_addresses() -> Iterator[str]:
    dice = random.Random(7)  # noqa: S311
    for _n in count():
        yield f"198.{dice.randrange(18, 20)}.{dice.randrange(256)}.{dice.randrange(1, 255)}"


_addresses = _some_addresses()
_visitor = Visitor()


# With and without -------------------------------------------------------------------------------


@contextmanager
def guarded() -> Iterator[Done]:
    with override_settings(REPORT_BUDGETS=False), _as_role(ROLE):
        yield _nothing


@contextmanager
def counted() -> Iterator[Done]:
    """As it is for residents: the county has sent less than its budget, and browsers have done their sum."""
    with ExitStack() as stack:
        stack.enter_context(override_settings(REPORT_BUDGETS=True))
        for name in ("COUNTY", "NEIGHBOURHOOD"):
            large = budget.Budget(name.lower(), PLENTY, PLENTY)
            stack.enter_context(patch.object(budget, name, large))
        stack.enter_context(patch.object(budget, "is_proven", _proven))
        stack.enter_context(_as_role(ROLE))
        yield _nothing


@contextmanager
def busy() -> Iterator[Done]:
    """The share of the county is used up, each address is new."""
    fits = rough.fits
    only_one = patch.object(rough, "fits", lambda limits, at: len(limits) == 1 and fits(limits, at))
    with only_one, counted() as done:
        yield done


@contextmanager
def with_receipts() -> Iterator[Done]:
    with counted():
        yield _receipt


def _nothing(case_id: UUID) -> None:
    """Nobody asks for anything more."""


def _proven(challenge: str, proof: str, bits: int) -> bool:
    """The work of looking at a sum as hard as it is in calm times, which this client has not done."""
    return hashlib.sha256(f"{challenge}:{proof}".encode()).digest() != b"" and bits == budget.BITS


def _receipt(case_id: UUID) -> object:
    with scope.everything():
        return receipts.receipt_of(Case.objects.get(pk=case_id))


@contextmanager
def without() -> Iterator[Done]:
    whole = rows.insert

    def insert(given: Iterable[models.Model]) -> None:
        whole(row for row in given if not isinstance(row, Leaf))

    def plain(field: SealedField, value: Any, row: models.Model) -> Sealed:
        return Sealed(field.encode(value) if value else b"")

    with ExitStack() as stack:
        stack.enter_context(override_settings(REPORT_BUDGETS=False))
        stack.enter_context(patch.object(rows, "insert", insert))
        stack.enter_context(patch.object(SealedField, "sealed", plain))
        stack.enter_context(patch.object(merkle, "leaf_hash", lambda content: bytes(merkle.HASH_BYTES)))
        yield _nothing


@contextmanager
def _as_role(role: str) -> Iterator[None]:
    """From here on the statements are the application role's, held by its policies."""
    with connection.cursor() as cursor:
        cursor.execute(f'SET ROLE "{role}"')
    scope.forget()
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
        scope.forget()


def _forget_role() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f'DROP OWNED BY "{ROLE}"')
        cursor.execute(f'DROP ROLE "{ROLE}"')


WAYS = {"without": without, "guarded": guarded, "counted": counted, "busy": busy, "receipts": with_receipts}
