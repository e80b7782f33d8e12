"""Pages as staff and residents open them, at growing numbers of cases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any

from django.core.management.base import CommandError
from django.db import connection
from django.test import Client as Visitor
from django.test.utils import CaptureQueriesContext
from django.utils.translation import gettext as _

from linli.cases.models import Case, Task
from linli.ops.bench import county, load, web
from linli.ops.bench.intake import figures

OK = 200
NUMBER = re.compile(rb"/desk/cases/(\d{6}-[0-9A-Z]+)")
LISTS = {"cases": "/desk/cases", "all": "/desk/cases?open=all", "work": "/desk/"}


def measure(rounds: int) -> dict[str, Any]:
    """Every page with its statements and times, one visitor after the other."""
    pages = dict(_pages())
    found: dict[str, Any] = {"cases": Case.objects.count()}
    with web.serving() as server:
        for name, (visitor, paths) in pages.items():
            statements, shown = _statements(visitor, paths[0])
            times = _times(server, visitor, paths, rounds)
            found[name] = {"statements": statements, "rows": shown, **times}
        found["memory"] = server.memory()
    return found


def _pages() -> Iterator[tuple[str, tuple[Visitor, list[str]]]]:
    for level in county.ACCOUNTS:
        visitor = web.visitor(county.account(level))
        for name, path in LISTS.items():
            yield f"{name}_{level}", (visitor, [path])
    dispatcher = web.visitor(county.account("county"))
    numbers = Case.objects.filter(is_open=True).order_by("-received_at").values_list("number", flat=True)
    yield "case", (dispatcher, [f"/desk/cases/{number}" for number in numbers[:20]])
    waiting = Task.objects.order_by("urgent_at").values_list("case_id", flat=True).first()
    assert waiting is not None
    yield "tracking", (web.follower(waiting), ["/track/"])


def _statements(visitor: Visitor, path: str) -> tuple[int, int]:
    """How many statements the page takes, and how many cases it shows."""
    for _n in range(3):
        with CaptureQueriesContext(connection) as captured:
            answer = visitor.get(path)
        if answer.status_code != OK:
            raise CommandError(
                _("%(path)s 答复 %(status)d，测量无效。") % {"path": path, "status": answer.status_code}
            )
    return len(captured), len(set(NUMBER.findall(answer.content)))


def _times(server: web.Web, visitor: Visitor, paths: list[str], rounds: int) -> dict[str, float]:
    cookies = web.cookies_of(visitor)
    sent = [load.get(path, cookies) for path in paths]

    def requests(number: int, most: int = rounds) -> Iterator[bytes]:
        return islice(cycle(sent), most)

    load.run(server.port, 1, 5, lambda number: requests(number, 10), OK)
    return figures(load.run(server.port, 1, 600, requests, OK))
