"""Signing in and out, and choosing the post one acts under."""

from __future__ import annotations

from allauth.account import views as allauth
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from linli.people.access import public, signed_in

change_password = allauth.PasswordChangeView.as_view(
    template_name="people/password.html", success_url="/desk/"
)


@public
def login(request: HttpRequest) -> HttpResponse:
    """The name and password of a member of staff; residents need no account."""
    return allauth.login(request)  # type: ignore[no-any-return]


@public
def logout(request: HttpRequest) -> HttpResponse:
    return allauth.logout(request)  # type: ignore[no-any-return]


@signed_in
def password(request: HttpRequest) -> HttpResponse:
    """One's own password, changed by knowing the old one."""
    return change_password(request)  # type: ignore[no-any-return]


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
    """Chooses the post to act under from now on; one that is not held changes nothing."""
    chosen = request.POST.get("post", "")
    if any(str(each.grant_id) == chosen for each in request.posts):  # type: ignore[attr-defined]
        request.session["post"] = chosen
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return redirect(wanted if is_ours else "web:work")
