"""Sessions in a table of our own: it holds hashes of keys, and whose session it is.

To end somebody's session its row is deleted; the next request finds nothing, in every process at once.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.sessions.backends.base import CreateError, UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from linli.people.models import Session

LENGTH = 40
SELDOM = timedelta(minutes=10)  # between two notes that a session is in use
IDLE = timedelta(hours=4)  # of somebody signed in; afterwards the browser has to sign in again
CHANGING = ("session_data", "expire_date", "person")
OWNER = "_auth_user_id"
BROWSERS = {
    "MicroMessenger": "微信 WeChat",  # zh: a product's name, the same in every language
    "Edg": "Edge",
    "OPR": "Opera",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {
    "HarmonyOS": "HarmonyOS",
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}


def stored(key: str) -> str:
    """What the table holds of a session's key."""
    return hashlib.sha256(key.encode()).hexdigest()[:LENGTH]


def browser_of(agent: str) -> str:
    """`Firefox · Windows`: as much of a browser's own words as its owner needs to know it again."""
    named = [
        next((name for mark, name in names.items() if re.search(rf"\b{mark}\b", agent)), "")
        for names in (BROWSERS, SYSTEMS)
    ]
    return " · ".join(name for name in named if name)


class SessionStore(DatabaseStore):
    """Django's sessions in the database, under hashed keys."""

    news = ""
    _get_or_create_session_key: Callable[[], str]
    _get_session: Callable[..., dict[str, Any]]

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def _get_session_from_db(self) -> Session | None:
        """The row, while it lasts; every ten minutes it is noted that it is in use."""
        now = timezone.now()
        row = Session.objects.filter(pk=stored(self.session_key or ""), expire_date__gt=now).first()
        if row is not None and row.person_id and row.seen_at is not None and now - row.seen_at > IDLE:
            row.delete()
            row = None
        if row is None:
            self._session_key = None
            return None
        self.news = row.news
        if row.person_id and (row.seen_at is None or now - row.seen_at > SELDOM):
            Session.objects.filter(pk=row.pk).update(seen_at=now)
        return row

    def exists(self, session_key: str) -> bool:
        return Session.objects.filter(pk=stored(session_key)).exists()

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        return Session(
            session_key=stored(self._get_or_create_session_key()),
            session_data=self.encode(data),
            expire_date=self.get_expiry_date(),
            person_id=data.get(OWNER),
            seen_at=timezone.now(),
        )

    def save(self, must_create: bool = False) -> None:
        """Writes what the session holds; what it has still to be told is left as it is."""
        if self.session_key is None:
            self.create()
            return
        row = self.create_model_instance(self._get_session(no_load=must_create))
        try:
            with transaction.atomic():
                if must_create:
                    row.save(force_insert=True)
                else:
                    row.save(force_update=True, update_fields=CHANGING)
        except IntegrityError as error:
            if must_create:
                raise CreateError from error
            raise
        except DatabaseError as error:
            if not must_create:
                raise UpdateError from error
            raise

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            Session.objects.filter(pk=stored(key)).delete()
