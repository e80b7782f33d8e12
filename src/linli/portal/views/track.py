from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from linli.people.access import public


@public
def departure(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return render(request, "portal/home.html")


@public
def move(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return render(request, "portal/home.html")


@public
def photo(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return render(request, "portal/home.html")


@public
def track(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return render(request, "portal/home.html")

