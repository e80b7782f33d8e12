"""The reference: the OpenAPI document, and the same as a page to read. Both in both languages."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from linli.people.access import public

from .document import PREFIX, document, problems_of
from .door import language_of
from .operations import Operation, every
from .problems import KINDS


@public
@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    """The document, in the language of Accept-Language; readable from any page of any site."""
    with translation.override(language_of(request)):
        response = HttpResponse(_written(translation.get_language()), content_type="application/json")
        response["Content-Language"] = translation.get_language()
    patch_vary_headers(response, ["Accept-Language"])
    response["Cache-Control"] = "public, max-age=300"
    response["Access-Control-Allow-Origin"] = "*"
    return response


@cache
def _written(language: str) -> str:
    """The document in a language; it says nothing of the county, so it is made once."""
    return json.dumps(document(), ensure_ascii=False)


@cache
def _shown(language: str) -> dict[str, list[dict[str, Any]]]:
    """The operations in a language, for the page."""
    return _groups(document())


@public
@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """A page without a script: operations by subject, their parameters, bodies, answers and problems."""
    context = {
        "prefix": PREFIX,
        "groups": _shown(translation.get_language()),
        "problems": [(code, status, title) for code, (status, title) in KINDS.items()],
    }
    return render(request, "api/reference.html", context)


def _groups(found: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for made in sorted(every(), key=_place):
        entry = found["paths"][made.path][made.method.lower()]
        body = entry.get("requestBody", {}).get("content", {}).get("application/json", {})
        groups.setdefault(entry["tags"][0], []).append(
            {
                "id": made.id,
                "method": made.method,
                "path": made.path,
                "scope": made.scope,
                "summary": entry["summary"],
                "description": entry["description"],
                "parameters": [_parameter(each) for each in entry["parameters"]],
                "body": _json(body.get("schema")),
                "body_example": _json(body.get("example")),
                "status": made.status,
                "answer": _json(made.example),
                "problems": [(code, KINDS[code][0]) for code in problems_of(made)],
            }
        )
    return groups


ORDER = ("requests", "uploads", "cases", "disputes", "events", "statistics")


def _place(made: Operation) -> int:
    """What programs come for first; the rest as it is."""
    first = made.path.split("/")[1]
    return ORDER.index(first) if first in ORDER else len(ORDER)


def _parameter(parameter: dict[str, Any]) -> dict[str, Any]:
    schema = parameter["schema"]
    kinds = [schema, *schema.get("anyOf", ())]
    choices: list[str] = next((each["enum"] for each in kinds if "enum" in each), [])
    return {
        "name": parameter["name"],
        "where": parameter["in"],
        "is_required": parameter["required"],
        "kind": " | ".join(str(each["type"]) for each in kinds if each.get("type", "null") != "null"),
        "choices": [choice for choice in choices if choice],
        "default": schema.get("default", ""),
        "about": parameter.get("description", ""),
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) if value is not None else ""
