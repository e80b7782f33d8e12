"""Where one is signed in: nobody else sees it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from linli.kit import clock
from linli.people.access import signed_in
from linli.people.actions import sessions


@signed_in
@require_safe
def sign_ins(request: HttpRequest) -> HttpResponse:
    """Every browser one is signed in with, since when, and when it was used last."""
    found = sessions.sign_ins_of(person_id=_me(request), this=_this(request), at=clock.now())
    context = {"sign_ins": found, "others": sum(not each.is_this for each in found)}
    response = render(request, "people/sign_ins.html", context)
    response["Cache-Control"] = "no-store, private"
    return response


@signed_in
@require_POST
def end_sign_in(request: HttpRequest, sign_in: str) -> HttpResponse:
    """Ends one of one's own; any other does not exist."""
    if not sessions.end(person_id=_me(request), sign_in=sign_in, at=clock.now()):
        raise Http404
    messages.success(request, _("那个浏览器已经退出。要是不认识它，请马上改密码。"))
    return redirect("people:sign_ins")


@signed_in
@require_POST
def end_others(request: HttpRequest) -> HttpResponse:
    ended = sessions.end_all(person_id=_me(request), but=_this(request))
    said = ngettext("%(n)d 个浏览器已经退出。", "%(n)d 个浏览器已经退出。", ended) % {"n": ended}
    messages.success(request, said)
    return redirect("people:sign_ins")


@signed_in
@require_POST
def heard(request: HttpRequest) -> HttpResponse:
    """The notice that another browser has signed in need not be shown again."""
    sessions.heard(this=_this(request))
    return redirect("people:sign_ins")


def _me(request: HttpRequest) -> UUID:
    assert request.user.pk is not None
    return request.user.pk


def _this(request: HttpRequest) -> str:
    return request.session.session_key or ""
