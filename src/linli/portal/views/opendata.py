"""Open data: its editions as pages and files, the catalogue for other portals, and the data dictionary."""

from __future__ import annotations

import hashlib
import json
import re
from itertools import groupby
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from linli.measures import actions as measures
from linli.measures.formulas import PLACE, TOTAL, K, dictionary, licences
from linli.measures.models import Edition
from linli.people.access import public
from linli.portal.views.catalogue import Site, Summary, as_jsonld, as_turtle, catalogue, summary
from linli.portal.views.county import county_of

KEPT = "public, max-age=3600"
MONTH = re.compile(r"[12]\d{3}-(0[1-9]|1[0-2])")


@public
@require_safe
def open_data(request: HttpRequest) -> HttpResponse:
    """All editions, what they are, what the columns mean, and what may be done with them."""
    context = {
        "editions": _summaries(request),
        "licence": _spoken(vars(licences()[settings.OPEN_DATA_LICENCE])),
        "dictionary": {name: _entries(held) for name, held in dictionary().items() if name != "values"},
        "k": K,
    }
    return render(request, "portal/open_data.html", context)


@public
@require_safe
def edition(request: HttpRequest, month: str) -> HttpResponse:
    """The rows of one edition, table by table."""
    found = _edition(request, month)
    rows = [_spoken(row) for row in json.loads(found.json)["rows"]]
    names = {entry["name"]: entry["about"] for entry in _entries(dictionary()["tables"])}
    tables = [
        _table(name, names.get(name, name), list(held))
        for name, held in groupby(rows, key=lambda row: row["table"])
    ]
    context = {"edition": summary(found.pk), "tables": tables, "k": K}
    return render(request, "portal/open_data_edition.html", context)


def _table(name: str, about: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """One table as the page shows it; a crossing place by place."""
    is_crossing = name.startswith(f"{PLACE}-")
    groups = groupby(rows, key=lambda row: row["place"] if is_crossing else "")
    has_values = name not in (TOTAL, PLACE)
    return {
        "name": name,
        "about": about,
        "heading": _("分类") if has_values else _("地方"),
        "has_values": has_values,
        "is_short": not is_crossing and name != PLACE,
        "rows": rows,
        "groups": [{"place": place, "rows": list(held)} for place, held in groups],
    }


@public
@require_safe
def edition_csv(request: HttpRequest, month: str) -> HttpResponse:
    found = _edition(request, month)
    return _file(
        request, found.csv, "text/csv; charset=utf-8", found.csv_digest, f"open-data-{found.month:%Y-%m}.csv"
    )


@public
@require_safe
def edition_json(request: HttpRequest, month: str) -> HttpResponse:
    found = _edition(request, month)
    return _file(request, found.json, "application/json", found.json_digest)


@public
@require_safe
def dictionary_json(request: HttpRequest) -> HttpResponse:
    text = json.dumps(dictionary(), ensure_ascii=False, indent=1) + "\n"
    return _file(request, text, "application/json", _digest(text))


@public
@require_safe
def catalogue_jsonld(request: HttpRequest) -> HttpResponse:
    text = as_jsonld(catalogue(_site(request), _summaries(request)))
    return _file(request, text, "application/ld+json", _digest(text))


@public
@require_safe
def catalogue_ttl(request: HttpRequest) -> HttpResponse:
    text = as_turtle(catalogue(_site(request), _summaries(request)))
    return _file(request, text, "text/turtle; charset=utf-8", _digest(text))


def _site(request: HttpRequest) -> Site:
    return Site(
        county=county_of(request),
        licence=licences()[settings.OPEN_DATA_LICENCE],
        root=request.build_absolute_uri(reverse("portal:open-data")),
        home=request.build_absolute_uri(reverse("portal:home")),
    )


def _edition(request: HttpRequest, month: str) -> Edition:
    """The edition of a month written as 2026-09; 404 for any other text and where there is none."""
    if not MONTH.fullmatch(month):
        raise Http404
    found = measures.editions_of(county_of(request)).filter(month=f"{month}-01").first()
    if found is None:
        raise Http404
    return found


def _summaries(request: HttpRequest) -> list[Summary]:
    """All editions, newest first, without their files."""
    ids = measures.editions_of(county_of(request)).values_list("pk", flat=True)
    return [summary(each) for each in ids]


def _entries(entries: list[dict[str, str]]) -> list[dict[str, str]]:
    return [_spoken(entry) for entry in entries]


def _spoken(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry that holds both languages, with that of the reader under the plain name (`zh` and `en` as `about`)."""
    language = "en" if (get_language() or "").startswith("en") else "zh"
    ending = f"_{language}"
    plain = {name.removesuffix(ending): held for name, held in entry.items() if name.endswith(ending)}
    return {**entry, **plain, "about": entry.get(language, "")}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _file(request: HttpRequest, text: str, kind: str, digest: str, name: str = "") -> HttpResponse:
    """A file anybody may read from anywhere, the same for everybody; 304 for those who have it."""
    headers = {"ETag": f'"{digest}"', "Cache-Control": KEPT, "Access-Control-Allow-Origin": "*"}
    if name:
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    unchanged = get_conditional_response(request, etag=headers["ETag"])
    if unchanged is not None:
        return HttpResponse(status=unchanged.status_code, headers=headers)
    return HttpResponse(text.encode(), content_type=kind, headers=headers)
