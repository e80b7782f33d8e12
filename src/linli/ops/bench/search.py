"""Search as staff use it: a million cases on PostgreSQL, two hundred thousand on SQLite.

Each case says what was reported and two sentences of the demonstration's, some eighty characters. Copies are put in
the order in which they came in, as a county writes them.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.db import connection

from linli.cases.actions import paging
from linli.cases.models import Case, CaseText
from linli.kit import clock, text
from linli.ops.bench import county, load, web
from linli.ops.demo import texts
from linli.people.access import Actor, posts_of

SIZES = {"postgresql": 1_000_000, "sqlite": 200_000}
QUICK = 10_000
RARE, RARELY = "白鹭", 20  # zh: a word that stands in so many cases
COMMON, LONG = "路灯", "电线垂到路面"  # zh: a word in many cases, and six characters in a row
WORDS = (COMMON, "水", "路灯 小学", LONG, RARE, "冰川")  # zh: also one character, two words, and none
PAGED = ("路灯", "水")  # zh: whose second page is measured, too
ROUNDS, QUICK_ROUNDS = 60, 10
INDEXES = {"cases_casetext_grams": "grams", "cases_casetext_shown_grams": "shown_grams"}
OK = 200


def measure(*, is_quick: bool) -> dict[str, Any]:
    """Fills the database of this process and looks for every word at every level."""
    fill(clock.now(), QUICK if is_quick else SIZES[connection.vendor])
    rounds = QUICK_ROUNDS if is_quick else ROUNDS
    total = Case.objects.count()
    shares = {word: _share(word, total) for word in WORDS}
    with web.serving() as server:
        found = [
            {"level": level, "word": word, "page": page, **_times(server, level, word, page, rounds)}
            for level in county.ACCOUNTS
            for word in WORDS
            for page in ((1, 2) if word in PAGED and level != "grid" else (1,))
        ]
    return {"cases": total, "shares": shares, "found": found, "sizes": _sizes()}


def fill(at: datetime, count: int) -> None:
    said = sorted({phrase for pool in texts.load().remarks.values() for phrase in pool})

    def tail(dice: random.Random) -> str:
        return "".join(dice.sample(said, 2))

    if connection.vendor == "sqlite":
        county.fill(at, count, tail)
        _plant()
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        return
    county.fill(at, tail=tail)
    county.mark_base()
    with connection.cursor() as cursor:
        for name in INDEXES:
            cursor.execute(f"DROP INDEX {name}")
    county.grow(count)
    with connection.cursor() as cursor:
        cursor.execute("CLUSTER cases_case USING case_received")
        cursor.execute("CLUSTER cases_casetext USING cases_casetext_at")
        for name, column in INDEXES.items():
            cursor.execute(f"CREATE INDEX {name} ON cases_casetext USING gin ({column})")
    _plant()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def _plant() -> None:
    """Writes the rare word into cases all over the year."""
    keys = sorted(Case.objects.values_list("received_at", "pk"))
    for _at, key in keys[:: max(len(keys) // RARELY, 1)][:RARELY]:
        row = CaseText.objects.get(pk=key)
        row.words = row.grams = f"{row.words} {RARE}"
        row.save()


def _share(word: str, total: int) -> float:
    """Which part of all texts has it, looked for one by one."""
    wanted = text.terms(word)
    hits = sum(
        all(term in words for term in wanted)
        for words in CaseText.objects.values_list("words", flat=True).iterator(chunk_size=5000)
    )
    return round(hits / total, 6)


def _times(server: web.Web, level: str, word: str, page: int, rounds: int) -> dict[str, Any]:
    """The search alone, and the whole page over HTTP."""
    person = county.account(level)
    (post,) = posts_of(person, clock.now())
    after = _searched(post, word).more if page == 2 else ""
    alone, rows = _alone(lambda: _searched(post, word, after), rounds)
    address = f"/desk/cases?open=all&q={quote(word)}" + (f"&after={quote(after)}" if after else "")
    sent = load.get(address, web.cookies_of(web.visitor(person)))
    result = load.again(server.port, sent, rounds, OK)
    pages = {"page_p50_ms": result.percentile(0.5), "page_p95_ms": result.percentile(0.95)}
    return {"rows": rows, **alone, **{name: round(value, 1) for name, value in pages.items()}}


def _searched(post: Actor, word: str, after: str = "") -> paging.Page:
    rows = Case.objects.visible_to(post).select_related("place__parent", "holder")
    return paging.searched(rows, word, after)


def _alone(search: Callable[[], paging.Page], rounds: int) -> tuple[dict[str, float], int]:
    rows = len(search().rows)
    times = []
    for _n in range(rounds):
        begun = time.perf_counter()
        search()
        times.append((time.perf_counter() - begun) * 1000)
    times.sort()
    p50, p95 = times[len(times) // 2], times[min(int(len(times) * 0.95), len(times) - 1)]
    return {"p50_ms": round(p50, 1), "p95_ms": round(p95, 1)}, rows


def _sizes() -> dict[str, float]:
    """Megabytes of the texts and of their index."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT page_count * page_size / 1e6 FROM pragma_page_count(), pragma_page_size()")
            return {"database_mb": round(cursor.fetchone()[0], 1)}
        cursor.execute(
            "SELECT pg_table_size('cases_casetext') / 1e6, pg_indexes_size('cases_casetext') / 1e6,"
            " pg_relation_size('cases_casetext_grams') / 1e6"
        )
        names = ("texts_mb", "indexes_mb", "grams_mb")
        return {name: round(float(value), 1) for name, value in zip(names, cursor.fetchone(), strict=True)}
