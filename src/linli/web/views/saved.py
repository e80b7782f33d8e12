from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from linli.people.access import requires


@requires("work.view")
def views(request: HttpRequest) -> HttpResponse:
    return render(request, "linli/desk.html")


@requires("work.view")
def removal(request: HttpRequest, view_id: UUID) -> HttpResponse:
    return render(request, "linli/desk.html")
