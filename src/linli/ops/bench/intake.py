"""Requests taken in over HTTP, beside pgbench writing the same rows to the same tables."""

from __future__ import annotations

import random
import re
import subprocess
import tempfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection
from django.test import Client as Visitor
from django.test.utils import CaptureQueriesContext
from django.utils.translation import gettext as _
from shapely.geometry import shape

from linli.cases.models import Case
from linli.ops.bench import county, load, web
from linli.ops.bench.cluster import program
from linli.orgs.models import Boundary, Kind
from linli.portal.forms import new_command

CLIENTS = (1, 8, 32)
SEE_OTHER = 303
MOST_PER_SECOND = 1000
REPORT = "/report/"


def measure(seconds: float) -> dict[str, Any]:
    """Intake at 1, 8 and 32 clients with its statements, the memory of the server, and the limit."""
    found: dict[str, Any] = {"statements": len(_statements())}
    with web.serving() as server:
        for clients in (CLIENTS[1], *CLIENTS):  # the first time to warm up
            result = run(server.port, clients, seconds)
            if result.failures:
                raise CommandError(_("有 %(n)d 次没有收下，测量无效。") % {"n": result.failures})
            found[f"clients_{clients}"] = figures(result)
        found["memory"] = server.memory()
    inserts = _inserts()
    newest = Case.objects.latest("received_at")
    script = script_of(inserts, newest.pk, newest.number)
    found["rows"] = script.count("INSERT")
    for clients in CLIENTS:
        limit = _pgbench(script, clients, seconds)
        found[f"clients_{clients}"]["pgbench"] = round(limit, 1)
        found[f"clients_{clients}"]["share"] = round(found[f"clients_{clients}"]["per_second"] / limit, 3)
    return found


def figures(result: load.Result) -> dict[str, float]:
    return {
        "per_second": round(result.per_second, 1),
        "p50_ms": round(result.percentile(0.5), 2),
        "p99_ms": round(result.percentile(0.99), 2),
        "requests": len(result.times),
    }


def run(port: int, clients: int, seconds: float) -> load.Result:
    visitor = Visitor()
    visitor.get(REPORT)
    token = visitor.cookies[settings.CSRF_COOKIE_NAME].value
    cookies = web.cookies_of(visitor)
    made = bodies(int(seconds * MOST_PER_SECOND), token)
    waiting = iter([load.post(REPORT, body, cookies) for body in made])
    return load.run(port, clients, seconds, lambda number: waiting, SEE_OTHER)


def bodies(count: int, token: str) -> Iterator[str]:
    """Reports of different grids, as the last step of the form posts them."""
    dice = random.Random(count)  # noqa: S311
    outlines = Boundary.objects.filter(organisation__kind=Kind.GRID).values_list("geometry", flat=True)
    points = [shape(outline).representative_point() for outline in outlines[:400]]
    texts = county.TEXTS
    for _n in range(count):
        point, category = dice.choice(points), dice.choice(sorted(texts["reports"]))
        said = [dice.choice(texts["places"]), dice.choice(texts["reports"][category]), *texts["endings"][:3]]
        fields = {
            "csrfmiddlewaretoken": token,
            "step": "contact",
            "go": "send",
            "command": new_command(),
            "request_type": "help",
            "category": category,
            "text": "，".join(said),  # zh: invented words
            "lon": f"{point.x:.6f}",
            "lat": f"{point.y:.6f}",
            "address": dice.choice(texts["places"]),
            "contact_name": "王先生",  # zh: what somebody types
            "contact_phone": "0712-0000-123",
        }
        yield urlencode(fields)


def _statements() -> list[str]:
    """The statements of one report, once everything a process remembers is warm."""
    for _n in range(3):
        with CaptureQueriesContext(connection) as captured:
            fields = next(bodies(1, ""))
            answer = Visitor().post(REPORT, fields, content_type="application/x-www-form-urlencoded")
            if answer.status_code != SEE_OTHER:
                raise CommandError(_("有 %(n)d 次没有收下，测量无效。") % {"n": 1})
    return [str(query["sql"]) for query in captured.captured_queries]


def _inserts() -> list[str]:
    return [statement for statement in _statements() if statement.startswith(("INSERT", "WITH"))]


def script_of(inserts: list[str], case_id: UUID, number: str) -> str:
    """The INSERTs of one case as a script for pgbench, which writes another case each time."""
    key = "lpad(to_hex(:id::bigint), 32, '0')::uuid"
    same = f"(?:{case_id.hex}|{case_id})"
    lines = ["\\set n :n + 1", "\\set id (:client_id + :run) * 1000000000 + :n", "BEGIN;"]
    for statement in inserts:
        arrays = re.compile(rf"\(?'\{{((?:{same},?)+)\}}'(?:::uuid\[\])?\)?")
        text = arrays.sub(lambda found: _array(found[1], key), statement)
        text = re.sub(rf"'{same}'(?:::uuid)?", key, text)
        text = text.replace(f"'{number}'", "to_hex(:id::bigint)")
        if "trackingcode" in text:
            hashed = re.compile(r"(trackingcode[^;]*VALUES \()'\\x[0-9a-f]{64}'(?:::bytea)?")
            text = hashed.sub(r"\1decode(md5(:id::text), 'hex')", text)
        lines.append(text.rstrip(";") + ";")
    return "\n".join([*lines, "COMMIT;"]) + "\n"


def _array(ids: str, key: str) -> str:
    return f"ARRAY[{', '.join([key] * len(ids.split(',')))}]"


def _pgbench(script: str, clients: int, seconds: float) -> float:
    """Transactions a second."""
    options = connection.get_connection_params()
    address = {"host": options.get("host"), "port": options.get("port"), "user": options.get("user")}
    flags = [
        part
        for name, value in address.items()
        if value
        for part in (f"--{name if name != 'user' else 'username'}", str(value))
    ]
    with tempfile.NamedTemporaryFile("w", suffix=".sql", encoding="utf-8") as file:
        file.write(script)
        file.flush()
        command = [program("pgbench"), "-n", "-M", "prepared", "-c", str(clients), "-j", str(min(clients, 2))]
        command += [
            "-T",
            str(int(seconds)),
            "-D",
            "n=0",
            "-D",
            f"run={clients}000",
            "-f",
            file.name,
            *flags,
            str(options["dbname"]),
        ]
        done = subprocess.run(command, capture_output=True, text=True)
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    if done.returncode or found is None:
        raise CommandError(_("pgbench 没有跑成：%(reason)s") % {"reason": done.stderr[-500:]})
    return float(found[1])
