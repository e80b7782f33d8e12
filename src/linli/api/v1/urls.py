"""The addresses of the JSON API, each behind the door."""

from __future__ import annotations

import re

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from ninja.errors import HttpError, ValidationError

from . import disputes, events, lists, moves, requests
from .door import answer_to, door, nowhere
from .operations import api, at_path
from .pages import openapi, reference


def _answer(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    assert isinstance(error, Exception)
    return answer_to(request, error)


MODULES = (requests, disputes, moves, events, lists)
for _error in (Exception, Http404, HttpError, ValidationError):
    api.add_exception_handler(_error, _answer)


def _addresses() -> list[URLPattern]:
    """ninja names an address once for each of its methods; here it stands once."""
    views = {str(pattern.pattern): pattern.callback for pattern in api.urls[0]}
    found = []
    for route, view in views.items():
        operations = at_path("/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route))
        if operations and view is not None:
            name = next(iter(operations.values())).id
            found.append(path(route, door(view, operations), name=name))
    return found


app_name = "api_v1"
urlpatterns = [
    path("openapi.json", openapi, name="openapi"),
    path("docs", reference, name="docs"),
    *_addresses(),
    path("", nowhere, name="nowhere"),
    path("<path:rest>", nowhere, name="nowhere_else"),
]
