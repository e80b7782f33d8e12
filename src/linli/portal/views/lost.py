from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def session_lost(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "403_csrf.html", status=403)
