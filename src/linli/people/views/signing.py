"""Signing in and out, and choosing the post one acts under."""

from __future__ import annotations

from http import HTTPStatus

from allauth.account import views as allauth
from allauth.account.internal.stagekit import get_pending_stage
from allauth.mfa.base import views as mfa
from allauth.mfa.webauthn import views as webauthn
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from linli.kit import clock
from linli.people import signin
from linli.people.access import CHOSEN, public, signed_in
from linli.people.actions import keep_password, sessions

change_password = allauth.PasswordChangeView.as_view(
    template_name="people/password.html", success_url="/desk/"
)


@public
def login(request: HttpRequest) -> HttpResponse:
    """The name and password of a member of staff; residents need no account."""
    if request.method != "POST":
        return _private(allauth.login(request))
    at, username = clock.now(), request.POST.get("login", "")
    until = signin.slowed_until(request, username, at)
    if until is not None:
        context = {"cooloff_timedelta": until - at}
        return render(request, "account/locked.html", context, status=HTTPStatus.TOO_MANY_REQUESTS)
    response: HttpResponse = allauth.login(request)
    if request.user.is_authenticated:
        signin.remember(request, response)
    elif get_pending_stage(request) is None:
        signin.note_failure(request, username, at)
    return _private(response)


@public
def second_factor(request: HttpRequest) -> HttpResponse:
    """What is asked after the password, where somebody has set it up."""
    response = mfa.authenticate(request)
    if request.user.is_authenticated:
        signin.remember(request, response)
    return _private(response)


@public
def passkey(request: HttpRequest) -> HttpResponse:
    """Signing in with a passkey alone: GET gives the challenge, POST takes the answer."""
    response = webauthn.login_webauthn(request)
    if request.user.is_authenticated:
        signin.remember(request, response)
    return _private(response)


@public
def logout(request: HttpRequest) -> HttpResponse:
    """Asks first; ends the session by POST alone, and has the browser forget the pages it kept."""
    response: HttpResponse = allauth.logout(request)
    if request.method == "POST":
        response["Clear-Site-Data"] = '"cache"'
    return _private(response)


@signed_in
def password(request: HttpRequest) -> HttpResponse:
    """One's own password, changed by knowing the old one; every other browser has to sign in again."""
    with signin.turn() as is_mine:
        if request.method == "POST" and not is_mine:
            return signin.busy(request)
        response: HttpResponse = change_password(request)
    if request.method == "POST" and response.status_code == HTTPStatus.FOUND and request.user.pk:
        keep_password(request.user)
        sessions.end_all(person_id=request.user.pk, but=request.session.session_key or "")
    return response


@public
def closed(request: HttpRequest) -> HttpResponse:
    """Where somebody lands whose account has been closed."""
    messages.error(request, _("这个账号已经停用。请问本单位管理员。"))
    return redirect("account_login")


@public
def forgotten(request: HttpRequest) -> HttpResponse:
    """Passwords are set again by the administrator of the unit, never by mail."""
    messages.info(request, _("忘了密码，请找本单位管理员重设。"))
    return redirect("account_login")


@signed_in
@require_POST
def post(request: HttpRequest) -> HttpResponse:
    """Chooses the post to act under from now on, under a new session key; one that is not held changes nothing."""
    chosen = request.POST.get("post", "")
    if any(str(each.grant_id) == chosen for each in request.posts):  # type: ignore[attr-defined]
        request.session[CHOSEN] = chosen
        request.session.cycle_key()
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    # Never by `redirect`, which takes words without a slash for the name of a page.
    return HttpResponseRedirect(wanted if is_ours else reverse("web:work"))


def _private(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store, private"
    return response
