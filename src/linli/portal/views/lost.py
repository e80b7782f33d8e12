"""A form whose token has gone: everything typed is shown again, in a form with a new one."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from linli.people.access import public

SECRET = ("password", "passwd", "secret", "otp", "csrfmiddlewaretoken")
# Where to take people back to, rather than send again what they did not just type.
NOT_AGAIN = ("/accounts/", "/language", "/size", "/theme")
LABELS = {
    "text": _("事情经过"),
    "address": _("具体位置"),
    "contact_name": _("称呼"),
    "contact_phone": _("电话"),
    "subject": _("纠纷名称"),
    "brief": _("事情经过"),
    "requests": _("您的要求"),
    "note": _("说明"),
    "remark": _("想说的话"),
    "reason": _("理由"),
    "comment": _("想说的话"),
    "result": _("办理结果"),
    "finding": _("现场看到的"),
    "order": _("要求"),
    "reply": _("回复"),
}


@public
def session_lost(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Offers what was typed once more, if the form was ours; another site's form is only refused."""
    if not _is_ours(request) or request.path.startswith(NOT_AGAIN):
        return render(request, "403_csrf.html", status=403)
    values = [
        (name, value)
        for name in request.POST
        if not any(word in name.lower() for word in SECRET)
        for value in request.POST.getlist(name)
    ]
    context = {
        "typed": [(LABELS[name], value) for name, value in values if name in LABELS and value],
        "values": values,
        "address": request.get_full_path(),
        "has_files": bool(request.FILES),
    }
    return render(request, "portal/session_lost.html", context, status=403)


def _is_ours(request: HttpRequest) -> bool:
    """Whether the browser says that the form stood on one of our pages."""
    source = request.headers.get("Origin") or request.headers.get("Referer") or ""
    parts = urlsplit(source)
    return parts.scheme in ("http", "https") and parts.netloc == request.get_host()
