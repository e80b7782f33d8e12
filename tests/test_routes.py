"""Every address names who may come: a table of all of them, and nothing without a permission.

`UPDATE=1 pytest tests/test_routes.py` writes the table anew; read what changed before committing it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver, path

TABLE = Path(__file__).with_name("routes.txt")


def routes(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """Address, name and permission of every view; the permission is empty where the view states none."""
    for entry in patterns:
        address = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, address)
        else:
            permission = getattr(entry.callback, "permission", None)
            yield "/" + address, entry.name or "-", permission if isinstance(permission, str) else ""


def table(rows: list[tuple[str, str, str]]) -> str:
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    lines = [f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]}".rstrip() for row in sorted(rows)]
    return "\n".join(lines) + "\n"


def test_every_address_names_its_permission() -> None:
    assert [
        address for address, _name, permission in routes(get_resolver().url_patterns) if not permission
    ] == []


def test_every_address_stands_in_the_table() -> None:
    now = table(list(routes(get_resolver().url_patterns)))
    if os.environ.get("UPDATE"):
        TABLE.write_text(now, encoding="utf-8")
    assert now.splitlines() == TABLE.read_text(encoding="utf-8").splitlines(), (
        "UPDATE=1 writes the table anew"
    )


def test_no_two_views_share_an_address() -> None:
    addresses = [address for address, _name, _permission in routes(get_resolver().url_patterns)]
    assert len(addresses) == len(set(addresses))


def test_catches_an_address_without_permission() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    def guarded(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    guarded.permission = "case.view"  # type: ignore[attr-defined]
    rows = list(routes([path("open/", view), path("kept/", guarded, name="kept")]))
    assert rows == [("/open/", "-", ""), ("/kept/", "kept", "case.view")]
    assert table(rows) == "/kept/  kept  case.view\n/open/  -\n"
