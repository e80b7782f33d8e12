from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from linli.people.access import requires


@requires("case.report")
def new(request: HttpRequest) -> HttpResponse:
    return render(request, "linli/desk.html")


@requires("case.report")
def likenesses(request: HttpRequest) -> HttpResponse:
    return render(request, "linli/desk.html")


@requires("case.report")
def receipt(request: HttpRequest, number: str) -> HttpResponse:
    return render(request, "linli/desk.html")
