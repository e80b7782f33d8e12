from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from linli.people.access import requires


@requires("work.view")
def work(request: HttpRequest) -> HttpResponse:
    return render(request, "linli/desk.html")
