from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from linli.people.access import requires


@requires("case.view")
def area(request: HttpRequest, number: str) -> HttpResponse:
    return render(request, "linli/desk.html")


@requires("work.view")
def places(request: HttpRequest) -> HttpResponse:
    return render(request, "linli/desk.html")
