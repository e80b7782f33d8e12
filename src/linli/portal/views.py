from django.http import HttpRequest, HttpResponse


def session_lost(request: HttpRequest, reason: str = "") -> HttpResponse:
    return HttpResponse(status=403)
