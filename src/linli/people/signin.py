"""How somebody gets in: what allauth asks of us, how many passwords are checked at once, and who is slowed down."""

from __future__ import annotations

import base64
import ipaddress
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.stagekit import clear_login
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linli.kit import clock
from linli.kit.codes import keyed
from linli.people.access import CHOSEN, SHOWN, posts_of
from linli.people.actions import rates, sessions
from linli.people.models import Person
from linli.people.sessions import browser_of

logger = logging.getLogger(__name__)
FRESH = 5 * 60  # seconds during which somebody who has just signed in is not asked again
AT_ONCE = 1  # passwords checked at the same time in one process
COME_BACK = 3  # seconds
WAITING = 1  # and those that may wait for it; further ones are asked to come back
KNOWN = "linli_known"
YEAR = 365 * 24 * 3600
NONCE = 12
SEALED = "aes-gcm:1:"
_known = Signer(salt="people.known")


class PasswordHasher(Argon2PasswordHasher):
    """Argon2id at 46 MiB and one pass, one of the settings OWASP recommends: about a twentieth of a second."""

    time_cost = 1
    memory_cost = 47_104
    parallelism = 1


LOCAL_WORDS = ("linli", "邻里", "wangge", "网格", "county", "village")  # zh: what is typed


class LocalWords:
    """No password holds a word everybody here would try: of the system, or one that LINLI_PASSWORD_WORDS names."""

    def validate(self, password: str, user: Person | None = None) -> None:
        words = [*LOCAL_WORDS, *settings.PASSWORD_WORDS]
        if any(word.casefold() in password.casefold() for word in words):
            raise ValidationError(self.get_help_text(), code="password_local_word")

    def get_help_text(self) -> str:
        return _("密码里不要有本地人一猜就中的词，例如系统或地方的名字。")


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts are made by administrators; nobody signs up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def login(self, request: HttpRequest, user: Person) -> None:
        """Signs in, under a new session key; the other browsers will say so, and a mail where this one is new."""
        super().login(request, user)
        at = clock.now()
        browser = browser_of(request.headers.get("User-Agent", "")[:400])
        request.session[sessions.BROWSER] = browser
        request.session[sessions.SINCE] = at.isoformat()
        if posts := posts_of(user, at):
            request.session[CHOSEN] = str(posts[0].grant_id)
        request.session.save()
        sessions.tell_others(person_id=user.pk, this=request.session.session_key or "", browser=browser)
        if not _is_known(request, user.username):
            for tell in sessions.new_browser:
                tell(user, browser, at)

    def pre_login(self, request: HttpRequest, user: Person, **told: Any) -> HttpResponse | None:
        """A first password that has ended lets nobody in; a passkey does not depend on it."""
        response: HttpResponse | None = super().pre_login(request, user, **told)
        if response is not None or user.password_until is None:
            return response
        if any(record.get("method") == "mfa" for record in get_authentication_records(request, user)):
            return None
        if user.password_until <= clock.now():
            clear_login(request)
            messages.error(request, _("这个初始密码已经过期，请找本单位管理员重设。"))
            return redirect("account_login")
        day = date_format(localtime(user.password_until), "DATE_FORMAT")
        messages.info(request, _("您用的还是初始密码，请在 %(day)s 前改成自己的。") % {"day": day})
        return None

    def is_reauthentication_required(self, *, app: str) -> bool:
        """Sensitive acts ask for the password or the second factor again, save right after signing in."""
        records = get_authentication_records(context.request, context.request.user)
        return not any(time.time() - record.get("at", 0) < FRESH for record in records)

    def is_safe_url(self, url: str | None) -> bool:
        return bool(super().is_safe_url(url)) and not str(url).startswith("//")


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Names and texts of second factors, and their secrets sealed in the database."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": gettext_lazy("没有通过。请再试一次。"),
        "cannot_generate_recovery_codes": gettext_lazy("先设好验证器或通行密钥，才有备用码。"),
    }

    def get_totp_issuer(self) -> str:
        return _("邻里")

    def _get_user_identifier(self, user: Person) -> str:
        return user.username

    def _get_site_name(self) -> str:
        return _("邻里")

    def generate_authenticator_name(self, user: Person, type: Any) -> str:
        agent = context.request.headers.get("User-Agent", "") if context.request else ""
        return browser_of(agent[:400]) or _("通行密钥")

    def encrypt(self, text: str) -> str:
        nonce = os.urandom(NONCE)
        sealed = _cipher().encrypt(nonce, text.encode(), SEALED.encode())
        return SEALED + base64.b64encode(nonce + sealed).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """What was sealed; ValueError where it is not ours or has been altered."""
        raw = base64.b64decode(encrypted_text.removeprefix(SEALED))
        try:
            return _cipher().decrypt(raw[:NONCE], raw[NONCE:], SEALED.encode()).decode()
        except InvalidTag as error:
            raise ValueError("not sealed with this server's key") from error


def _cipher() -> AESGCM:
    return AESGCM(keyed("second-factor", b""))


# How many at once -------------------------------------------------------------------------------

_entering = threading.BoundedSemaphore(AT_ONCE + WAITING)
_checking = threading.BoundedSemaphore(AT_ONCE)


@contextmanager
def turn() -> Iterator[bool]:
    """Whether a password may be checked now. So a flood of sign-ins never takes more than half of the threads."""
    if not _entering.acquire(blocking=False):
        yield False
        return
    try:
        with _checking:
            yield True
    finally:
        _entering.release()


class TurnMiddleware:
    """Stands before everything that costs: a sign-in that gets no turn is answered from memory, at once."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST" or request.path != reverse("account_login"):
            return self.get_response(request)
        with turn() as is_mine:
            return self.get_response(request) if is_mine else busy(request)


def busy(request: HttpRequest) -> HttpResponse:
    """Nothing was checked and nothing counted; the other pages must not wait for passwords."""
    english = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME) == "en"
    response = HttpResponse(_busy_page("en" if english else settings.LANGUAGE_CODE), status=503)
    response["Retry-After"] = str(COME_BACK)
    response["Cache-Control"] = "no-store"
    response._has_been_logged = True  # type: ignore[attr-defined]  # a flood must not fill the log
    return response


@cache
def _busy_page(language: str) -> str:
    with translation.override(language):
        return render_to_string("account/busy.html")


# Who is slowed down ------------------------------------------------------------------------------
# axes counts wrong passwords of one account from one address. These two stop guessing that comes from many addresses:
# at one account, or from one network at many. A browser the person has signed in with before is never held up by
# what strangers do to the account.

ACCOUNT = {"per_minute": 2, "burst": 30}
NETWORK = {"per_minute": 30, "burst": 200}


def slowed_until(request: HttpRequest, username: str, at: datetime) -> datetime | None:
    """When this browser may try again; None when it may now."""
    until = rates.blocked_until(name=_network(request), at=at, **NETWORK)
    if until is None and not _is_known(request, username):
        until = rates.blocked_until(name=_account(username), at=at, **ACCOUNT)
    return until


def note_failure(request: HttpRequest, username: str, at: datetime) -> None:
    """Counts a wrong password against the account, whether it exists or not, and against the network."""
    rates.take(name=_network(request), at=at, **NETWORK)
    rates.take(name=_account(username), at=at, **ACCOUNT)
    logger.warning("A wrong password for account %s", _mark_of(username))


def remember(request: HttpRequest, response: HttpResponse) -> None:
    """This browser is the person's own from now on; that they signed in leaves a line in the log."""
    shown = request.session.get(SHOWN, [])
    ways = "+".join(str(each.get("method", "")) for each in shown) or "password"
    logger.info(
        "Person %s signed in to account %s by %s",
        request.user.pk,
        _mark_of(request.user.get_username()),
        ways,
    )
    response.set_cookie(
        _cookie(),
        _known.sign(keyed("known", str(request.user.pk).encode()).hex()),
        max_age=YEAR,
        secure=settings.SECURE,
        httponly=True,
        samesite="Strict",
    )


def _is_known(request: HttpRequest, username: str) -> bool:
    try:
        value = _known.unsign(request.COOKIES.get(_cookie(), ""))
    except BadSignature:
        return False
    person = Person.objects.filter(username__iexact=username).values_list("pk", flat=True).first()
    return person is not None and value == keyed("known", str(person).encode()).hex()


def _cookie() -> str:
    return f"__Host-{KNOWN}" if settings.SECURE else KNOWN


def _mark_of(username: str) -> str:
    """An account as the log names it: the same each time, and no name; somebody may have typed the password there."""
    return keyed("account-in-log", username.strip().casefold().encode()).hex()[:12]


def _account(username: str) -> str:
    return f"sign-in/{username.strip().casefold()[:64]}"


def _network(request: HttpRequest) -> str:
    return f"sign-in-from/{rates.neighbourhood(address_of(request))}"


# Where a request comes from ------------------------------------------------------------------------


def address_of(request: HttpRequest) -> str:
    """The network address of the client: of the last hop that is no trusted proxy of ours.

    With LINLI_HTTPS and no proxies named, the nearest one is trusted, and the last entry of X-Forwarded-For counts.
    """
    nearest = str(request.META.get("REMOTE_ADDR", ""))
    proxies = settings.TRUSTED_PROXIES
    if not proxies and not settings.SECURE:
        return nearest
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    if not proxies:
        return hops[-1] if hops else nearest
    at = nearest
    while hops and _is_proxy(at, proxies):
        at = hops.pop()
    return at


def _is_proxy(address: str, proxies: list[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(known in network for network in proxies)
