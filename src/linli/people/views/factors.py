"""What somebody proves who they are with, besides the password: an app, passkeys, spare codes."""

from __future__ import annotations

from collections.abc import Callable

from allauth.account import views as allauth
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.base import views as mfa
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

from linli.people import signin
from linli.people.access import is_second_factor_due, signed_in

NEXT = "after_second_factor"  # in the session: where somebody was going who was led to set one up
Made = Callable[..., HttpResponse]


@signed_in
def factors(request: HttpRequest) -> HttpResponse:
    """What is set up, and what may be added. Who has something already but has not shown it is asked for it."""
    wanted = request.GET.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
        request.session[NEXT] = wanted
    post = request.post  # type: ignore[attr-defined]
    is_due = bool(post) and is_second_factor_due(request, post)
    if is_due and Authenticator.objects.filter(user_id=request.user.pk).exists():
        return redirect(
            "mfa_reauthenticate_webauthn" if _count(request, "webauthn") else "mfa_reauthenticate"
        )
    context = {"is_due": is_due, "onward": "" if is_due else request.session.get(NEXT, "")}
    return _private(mfa.IndexView.as_view(extra_context=context)(request))


@signed_in
def app(request: HttpRequest) -> HttpResponse:
    """An app that makes codes, set up by giving its first one."""
    return _set_up(request, totp.activate_totp, Authenticator.Type.TOTP)


@signed_in
def remove_app(request: HttpRequest) -> HttpResponse:
    return _private(totp.deactivate_totp(request))


@signed_in
def passkeys(request: HttpRequest) -> HttpResponse:
    return redirect("mfa_index")


@signed_in
def add_passkey(request: HttpRequest) -> HttpResponse:
    """A passkey, set up in the browser."""
    return _set_up(request, webauthn.add_webauthn, Authenticator.Type.WEBAUTHN)


@signed_in
def remove_passkey(request: HttpRequest, pk: int) -> HttpResponse:
    """One's own only: somebody else's does not exist."""
    return _private(webauthn.remove_webauthn(request, pk=pk))


@signed_in
def codes(request: HttpRequest) -> HttpResponse:
    """Spare codes, shown once."""
    context = {"onward": request.session.get(NEXT, "")}
    return _private(recovery.ViewRecoveryCodesView.as_view(extra_context=context)(request))


@signed_in
def new_codes(request: HttpRequest) -> HttpResponse:
    return _private(recovery.generate_recovery_codes(request))


@signed_in
def confirm(request: HttpRequest) -> HttpResponse:
    """The password once more, before a sensitive act."""
    with signin.turn() as is_mine:
        if request.method == "POST" and not is_mine:
            return redirect(request.get_full_path())
        return _private(allauth.reauthenticate(request))


@signed_in
def confirm_by_code(request: HttpRequest) -> HttpResponse:
    return _private(mfa.reauthenticate(request))


@signed_in
def confirm_by_passkey(request: HttpRequest) -> HttpResponse:
    return _private(webauthn.reauthenticate_webauthn(request))


def _set_up(request: HttpRequest, view: Made, kind: str) -> HttpResponse:
    """What has just been set up counts as shown in this session."""
    before = _count(request, kind)
    response = view(request)
    if _count(request, kind) > before:
        record_authentication(request, request.user, method="mfa", type=kind)
    return _private(response)


def _count(request: HttpRequest, kind: str) -> int:
    return int(Authenticator.objects.filter(user_id=request.user.pk, type=kind).count())


def _private(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store, private"
    return response
