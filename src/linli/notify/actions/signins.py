"""Tells people by mail that a browser they had not used before has signed in with their account.

Nothing is kept of a sign-in: the row goes when the mail has gone out, or is given up.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from linli.notify.actions.notices import LEASE, Letter, next_attempt
from linli.notify.models import Channel, SignInNotice, Wish
from linli.people.actions import sessions
from linli.people.models import Person

PAGE = "/sign-ins"
STALE = timedelta(hours=12)


def put(person: Person, browser: str, at: datetime) -> None:
    """To be sent at once, whatever else they wish to be told by mail; who has no address is told on the pages alone."""
    if person.email:
        SignInNotice.objects.create(person=person, browser=browser[:80], at=at, due_at=at)


def claim(*, at: datetime, limit: int) -> list[Letter]:
    """Takes up to so many that are due and makes them ready; what is half a day old is news no more."""
    SignInNotice.objects.filter(at__lt=at - STALE).delete()
    letters, until = [], at + LEASE
    for row in list(
        SignInNotice.objects.filter(due_at__lte=at).select_related("person").order_by("due_at")[:limit]
    ):
        mine = SignInNotice.objects.filter(pk=row.pk, due_at=row.due_at)
        if mine.update(due_at=until, attempts=F("attempts") + 1):
            letters.append(_letter(row, until))
    return letters


def _letter(row: SignInNotice, until: datetime) -> Letter:
    wish = Wish.objects.filter(person_id=row.person_id).first()
    with translation.override(wish.language if wish else settings.LANGUAGE_CODE):
        subject, body = words(row.browser, row.at, settings.PUBLIC_URL + PAGE)
    return Letter(row.pk, None, until, Channel.EMAIL, row.person.email, subject, body, PAGE)


def words(browser: str, at: datetime, link: str) -> tuple[str, str]:
    """When, and with what kind of browser; neither whose account it is nor from where."""
    said = {
        "time": date_format(timezone.localtime(at), "DATETIME_FORMAT"),
        "browser": browser or _("认不出的浏览器"),
        "link": link,
    }
    return _("邻里：您的账号在新的浏览器上登录了"), _(
        "%(time)s，您的账号在一个以前没用过的浏览器（%(browser)s）上登录了。\n"
        "如果是您本人，不用理会。如果不是，请马上到这里结束那次登录，并改密码：%(link)s"
    ) % said


def finish(*, letter: Letter, error: str, at: datetime, is_gone: bool = False) -> None:
    """Forgets what is told; what failed is tried again, later and later, and then given up."""
    rows = SignInNotice.objects.filter(pk=letter.notice_id, due_at=letter.due_at)
    row = rows.first()
    if row is None:
        return
    again = next_attempt(row.attempts, at) if error else None
    if again is None:
        rows.delete()
    else:
        rows.update(due_at=again)


def install() -> None:
    """Has this put down at every sign-in from a new browser."""
    if put not in sessions.new_browser:
        sessions.new_browser.append(put)
