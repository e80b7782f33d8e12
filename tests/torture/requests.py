"""Requests nobody meant: every address, every method, odd bytes in every place. Whatever comes back, it is no 5xx."""

from __future__ import annotations

import json
import logging
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from linli.people.models import Person
from torture import world
from torture.cluster import Cluster
from torture.rounds import Rounds, Turn

PROCESSES = 2
METHODS = ("GET", "POST", "POST", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
SOME_ID = str(UUID(int=7))
ODD = (
    "", "0", "-1", "NaN", "1e400", "9" * 40, "null", "true", "[]", "{}", "\x00", "\ud800", "\u202eexe.gpj", "＝1+1",
    "' OR 1=1 --", "{{7*7}}", "{0.__class__}", "%(x)s", "%00", "../../etc/passwd", "<script>", "𠮷" * 50,
    "e\u0301" * 300, "a" * 5000, "2026-02-30", "2026-10-01T00:00:00", "0x10", "1_000", "\r\nSet-Cookie: a=b", "~~~",
    SOME_ID, "None",
)  # fmt: skip
TYPES = (
    "application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=b", "multipart/form-data",
    "text/plain", "application/xml", "application/json; charset=utf-99", "", "/", "application/json" * 20, "image/jpeg",
)  # fmt: skip
HEADERS = (
    "Accept", "Accept-Language", "Authorization", "Content-Encoding", "Cookie", "HX-Request", "HX-Target", "Host",
    "Idempotency-Key", "If-Match", "If-Modified-Since", "If-None-Match", "Origin", "Range", "Referer",
    "Transfer-Encoding", "X-Forwarded-For", "X-Forwarded-Proto", "X-HTTP-Method-Override",
)  # fmt: skip
FIELDS = (
    "step go command request_type category text lon lat address contact_name contact_phone photos accused code token"
    " q open after sort kind state unit reason note reader grade version at by page limit offset service_code lat long"
    " description attribute[A] jurisdiction_id api_key start_date end_date status service_request_id number id data"
).split()


def run(*, cluster: Cluster, folder: Path, seconds: float, cases: int, plant: str = "") -> dict[str, Any]:
    """So many malformed requests, or until the time is up, by several processes."""
    world.prepare()
    known = _known()
    begin = time.monotonic()
    until = begin + seconds
    jobs = [
        partial(_fuzz, folder / f"fuzz-{n}", n, until, cases // PROCESSES, known, plant)
        for n in range(PROCESSES)
    ]
    children = [world.fork("fuzz", job, folder / "log") for job in jobs]
    failed = sum(child.wait() != 0 for child in children)
    statuses: Counter[str] = Counter()
    times: Counter[str] = Counter()
    errors: list[str] = []
    for path in folder.glob("fuzz-*"):
        found = json.loads(path.read_text())
        statuses.update(found["statuses"])
        times.update(found["times"])
        errors += found["errors"]
    return {
        "seconds": round(time.monotonic() - begin),
        "requests": sum(statuses.values()),
        "addresses": sum(count > 0 for count in times.values()),
        "least": min(times.values(), default=0),
        "statuses": dict(sorted(statuses.items())),
        "objections": {
            "server errors": sum(n for status, n in statuses.items() if status[:1] == "5"),
            "fuzzers lost": failed,
        },
        "examples": errors[:8],
    }  # fmt: skip


def _known() -> dict[str, Any]:
    from linli.cases.tests.crowd import submit
    from linli.kit.ids import uuid7

    case = submit(uuid7(), world.unit("grid")).case
    found = {address: (view, names) for address, view, names in _addresses(get_resolver().url_patterns)}
    posts = world.cast().posts
    secrets = {who: world.key_of(posts[who]) for who in ("dispatcher", "handler", "clerk")}
    return {"addresses": sorted(found), "number": case.number, "id": str(case.pk), "secrets": secrets}


def _addresses(
    patterns: list[URLPattern | URLResolver], prefix: str = ""
) -> Iterator[tuple[str, Any, list[str]]]:
    """Every address as a template: /desk/cases/{str}."""
    for entry in patterns:
        written = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _addresses(entry.url_patterns, written)
        else:
            names = re.findall(r"<(?:(\w+):)?\w+>", written)
            yield (
                "/" + re.sub(r"<(?:(\w+):)?\w+>", lambda m: "{" + (m[1] or "str") + "}", written),
                entry,
                names,
            )


def _fuzz(out: Path, number: int, until: float, count: int, known: dict[str, Any], plant: str) -> None:
    logging.disable()  # of what is refused, nothing needs to be told
    chance = random.Random(20261129 + number)
    statuses: Counter[str] = Counter()
    errors: list[str] = []
    clients = [*_clients(), Client(raise_request_exception=False)]
    if plant == "errors_swallowed_as_500":
        _plant()
    rounds = Rounds(known["addresses"])
    done = 0
    while done < count and time.monotonic() < until:
        turn = rounds.next(chance)
        asked = _asked(chance, known, turn, rounds.forms)
        who = turn.who if turn.who >= 0 else chance.randrange(len(clients))
        begin, page = time.process_time(), ""
        try:
            answer = clients[who].generic(**asked)
            status, page = answer.status_code, _page(answer)
        except (ValueError, UnicodeError, TypeError):  # no client could have sent it
            status = 0
        rounds.note(turn, who, time.process_time() - begin, page)
        if not turn.is_plain or status >= 500:
            done += 1
            statuses[str(status) if status else "not sent"] += 1
        if status >= 500 and len(errors) < 20:
            errors.append(f"{status} {repr(asked)[:700]}")
    out.write_text(json.dumps({"statuses": statuses, "errors": errors, "times": rounds.times}))


def _clients() -> list[Client]:
    found = []
    for who in ("dispatcher", "handler", "grid_worker", "administrator", "mediator", "supervisor", "clerk"):
        client = Client(raise_request_exception=False)
        client.force_login(Person.objects.get(username=who), backend=BACKEND)
        found.append(client)
    return found


def _page(answer: Any) -> str:
    if answer.streaming or not answer.get("Content-Type", "").startswith("text/html"):
        return ""
    return str(answer.content.decode("utf-8", "replace"))


def _asked(
    chance: random.Random, known: dict[str, Any], turn: Turn, forms: dict[str, set[str]]
) -> dict[str, Any]:
    if turn.method:
        return _of_form(chance, known, turn, forms)
    return _of_any_kind(chance, known, turn.address)


def _of_form(
    chance: random.Random, known: dict[str, Any], turn: Turn, forms: dict[str, set[str]]
) -> dict[str, Any]:
    """The page as it is meant, or its form with one odd value among likely ones."""
    right = {"uuid": known["id"], "int": "7"}
    path = re.sub(r"\{(\w+)\}", lambda m: right.get(m[1], known["number"]), turn.address)
    fields = sorted(forms[turn.address]) if turn.field else []
    odd = {name: chance.choice(ODD) if name == turn.field else _likely(chance, known) for name in fields}
    said = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in odd.items())
    if turn.method == "POST":
        return {"method": "POST", "path": path, "data": said.encode(), "content_type": TYPES[0]}
    return {"method": "GET", "path": path, "QUERY_STRING": said}


def _of_any_kind(chance: random.Random, known: dict[str, Any], address: str) -> dict[str, Any]:
    path = re.sub(r"\{(\w+)\}", lambda m: _part(chance, m[1], known), address)
    if chance.random() < 0.05:
        path += chance.choice(("/", "//", "%2e%2e/", "?", ";x", "\u202e", "/x.css"))
    body, kind = _body(chance, known)
    method = chance.choice(METHODS)
    headers = {
        chance.choice(HEADERS): _value(chance, known).replace("\x00", "").replace("\r", "").replace("\n", "")
        for _one in range(chance.choice((0, 0, 1, 2)))
    }
    headers = {name: value.encode("utf-8", "replace").decode("latin-1") for name, value in headers.items()}
    if address.startswith("/api/") and chance.random() < 0.8:
        headers["Authorization"] = f"Bearer {chance.choice(list(known['secrets'].values()))}"
        headers.setdefault("Idempotency-Key", f"k{chance.random()}")
    asked = [
        f"{chance.choice(FIELDS)}={_quoted(_value(chance, known))}"
        for _n in range(chance.choice((0, 0, 1, 3)))
    ]
    return {
        "method": method, "path": path, "data": body, "content_type": kind,
        "QUERY_STRING": "&".join(asked), "headers": headers,
    }  # fmt: skip


def _part(chance: random.Random, kind: str, known: dict[str, Any]) -> str:
    if chance.random() < 0.5:
        return str({"uuid": known["id"], "int": "7"}.get(kind, known["number"]))
    if chance.random() < 0.4:
        return {"uuid": SOME_ID, "int": "9" * 25}.get(kind, "nothing")
    return _quoted(chance.choice(ODD)) or "x"


def _value(chance: random.Random, known: dict[str, Any]) -> str:
    roll = chance.random()
    if roll < 0.2:
        return _likely(chance, known)
    if roll < 0.8:
        return chance.choice(ODD)
    ranges = ((32, 127), (0x4E00, 0x9FFF), (0, 0x20))
    return "".join(chr(chance.randrange(*chance.choice(ranges))) for _n in range(chance.randrange(40)))


def _likely(chance: random.Random, known: dict[str, Any]) -> str:
    found = ("1", known["number"], known["id"], "facility.street_lamp", "help", "990001101201001")
    return str(chance.choice(found))


def _quoted(value: str) -> str:
    from urllib.parse import quote

    return quote(value.encode("utf-8", "surrogatepass"))


def _body(chance: random.Random, known: dict[str, Any]) -> tuple[bytes, str]:
    kind = chance.choice(TYPES)
    roll = chance.random()
    if roll < 0.15:
        return chance.randbytes(chance.randrange(200)), kind
    names = [chance.choice(FIELDS) for _n in range(chance.randrange(8))]
    if roll < 0.5:
        body = "&".join(f"{name}={_quoted(_value(chance, known))}" for name in names).encode()
        return body, chance.choice((kind, TYPES[0]))
    if roll < 0.85:
        return _json(chance, known, names), chance.choice((kind, TYPES[1]))
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="{chance.choice(ODD)[:40]}"\r\n\r\n'
        f"{_value(chance, known)}\r\n"
        for name in [*names, "photo"]
    ]
    body = ("".join(parts) + chance.choice(("--b--\r\n", "", "--b"))).encode("utf-8", "surrogatepass")
    return body, TYPES[2]


def _json(chance: random.Random, known: dict[str, Any], names: list[str]) -> bytes:
    body = json.dumps({name: _nested(chance, known, 0) for name in names})
    spoiled = (
        body[: chance.randrange(len(body) + 1)],
        "[" * chance.choice((10, 5000)) + body,
        body.replace('"', "'"),
        '{"text": 1, "text": NaN, "lon": 1e999}',
    )
    return (body if chance.random() < 0.8 else chance.choice(spoiled)).encode("utf-8", "surrogatepass")


def _nested(chance: random.Random, known: dict[str, Any], depth: int) -> Any:
    roll = chance.random()
    if roll < 0.5 or depth > 3:
        return _value(chance, known)
    if roll < 0.7:
        return chance.choice((None, True, -0.0, 1e308, 2**63, -1, 0.1))
    inside = [_nested(chance, known, depth + 1) for _n in range(chance.randrange(4))]
    return inside if roll < 0.85 else {chance.choice(FIELDS): one for one in inside}


def _plant() -> None:
    """A view that trusts its input."""
    from importlib import import_module

    track: Any = import_module("linli.portal.views.track")
    sound = track.find_by_code
    track.find_by_code = lambda code: sound(code) if code.isalnum() else 1 // 0
