"""A sign-in from a browser somebody had not used before is told to them by mail, and then forgotten."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from conftest import NOW, PASSWORD, Cast
from django.test import Client
from django.utils import translation

from linli.kit import clock
from linli.notify.actions import notices, signins
from linli.notify.models import Channel, SignInNotice, Wish
from linli.notify.senders import ways
from linli.people.models import Person

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


@pytest.fixture
def person(cast: Cast, settings: Any, tmp_path: Path) -> Person:
    settings.OUTGOING, settings.PUBLIC_URL = tmp_path, "https://linli.example"
    person = cast.people["dispatcher"]
    person.email = "li@county.example"
    person.set_password(PASSWORD)
    person.save()
    return person


def sign_in(client: Client, password: str = PASSWORD) -> None:
    client.post("/sign-in", {"login": "dispatcher", "password": password})


def browser() -> Client:
    return Client(headers={"User-Agent": FIREFOX})


def sent(settings: Any) -> list[dict[str, str]]:
    ways.Messenger().run(clock.now())
    path = settings.OUTGOING / "email.jsonl"
    return (
        [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
    )


def test_a_new_browser_is_told_by_mail_once_with_a_way_to_end_it(person: Person, settings: Any) -> None:
    sign_in(browser())
    (mail,) = sent(settings)
    assert mail["to"] == "li@county.example"
    assert "Firefox · Linux" in mail["body"]
    assert "https://linli.example/sign-ins" in mail["body"]
    assert len(sent(settings)) == 1
    assert not SignInNotice.objects.exists(), "nothing is kept of a sign-in"


def test_a_browser_used_before_is_no_news(person: Person, settings: Any) -> None:
    client = browser()
    sign_in(client)
    client.post("/sign-out")
    sign_in(client)
    assert len(sent(settings)) == 1


def test_a_wrong_password_and_an_account_without_mail_send_nothing(person: Person, settings: Any) -> None:
    sign_in(browser(), "wrong-password-7")
    person.email = ""
    person.save()
    sign_in(browser())
    assert sent(settings) == []


def test_it_names_neither_the_person_nor_the_network(person: Person, settings: Any) -> None:
    sign_in(browser())
    (mail,) = sent(settings)
    said = mail["subject"] + mail["body"]
    assert not [word for word in (person.name, person.username, "127.0.0.1") if word in said]


@pytest.mark.parametrize(("language", "subject"), [("zh-hans", "您的账号"), ("en", "Your account")])
def test_it_is_in_the_language_of_the_person(
    person: Person, settings: Any, language: str, subject: str
) -> None:
    Wish.objects.create(person=person, language=language)
    with translation.override("zh-hans" if language == "en" else "en"):
        sign_in(browser())
        (mail,) = sent(settings)
    assert subject in mail["subject"]


def test_what_does_not_go_out_is_tried_again_and_given_up_in_the_end(person: Person) -> None:
    signins.put(person, "Firefox", NOW)
    at = NOW
    for attempt in range(len(notices.WAITS) + 1):
        (letter,) = signins.claim(at=at, limit=5)
        assert signins.claim(at=at, limit=5) == [], "claimed once"
        signins.finish(letter=letter, error="smtp", at=at)
        at += notices.WAITS[min(attempt, 3)]
    assert not SignInNotice.objects.exists()


def test_old_news_is_not_sent(person: Person) -> None:
    signins.put(person, "Firefox", NOW)
    assert signins.claim(at=NOW + signins.STALE + timedelta(minutes=1), limit=5) == []
    assert not SignInNotice.objects.exists()


@pytest.mark.parametrize("broken", ["a\r\nBcc: all@example.org", "a\nX: y", "a\rX: y"])
def test_a_line_break_in_a_mail_makes_no_header(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused before anything is said to the mail server."""
    monkeypatch.setattr("smtplib.SMTP.connect", lambda *_given: pytest.fail("the server was called"))
    sender, mail = ways.Smtp("smtp://127.0.0.1:9", "linli@county.example"), Channel.EMAIL
    for to, subject in ((broken, "news"), ("li@county.example", broken)):
        letter = notices.Letter(UUID(int=1), None, NOW, mail, to, subject, "news", "/")
        with pytest.raises(ways.Undelivered):
            sender.send(letter)
