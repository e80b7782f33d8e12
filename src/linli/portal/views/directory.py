from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from linli.people.access import public


@public
def boundaries(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return render(request, "portal/home.html")


@public
def grid(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return render(request, "portal/home.html")


@public
def grids(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return render(request, "portal/home.html")


@public
def places(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return render(request, "portal/home.html")

