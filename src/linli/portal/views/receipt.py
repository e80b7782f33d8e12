from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from linli.people.access import public


@public
def receipt(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return render(request, "portal/home.html")

