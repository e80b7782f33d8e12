from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from linli.people.access import requires


@requires("board.view")
def board(request: HttpRequest) -> HttpResponse:
    return render(request, "linli/desk.html")
