from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from linli.people.access import requires


@requires("case.view")
def photo(request: HttpRequest, number: str, photo_id: UUID) -> HttpResponse:
    return render(request, "linli/desk.html")


@requires("case.view")
def thumbnail(request: HttpRequest, number: str, photo_id: UUID) -> HttpResponse:
    return render(request, "linli/desk.html")
