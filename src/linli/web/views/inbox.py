from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from linli.people.access import requires


@requires("work.view")
def inbox(request: HttpRequest) -> HttpResponse:
    return render(request, "linli/desk.html")


@requires("work.view")
def reading(request: HttpRequest) -> HttpResponse:
    return render(request, "linli/desk.html")


@requires("work.view")
def message(request: HttpRequest, message_id: UUID) -> HttpResponse:
    return render(request, "linli/desk.html")
