"""A line of the log is one event, whatever somebody wrote into it; and nothing answers TRACE."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

import pytest
from conftest import PASSWORD, Cast
from django.test import Client

from linli.config.logs import Json, Line

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
HOSTILE = ["a\r\nERROR root forged", "\x1b[2Jgone", "a\u2028b", "\x00", "\u202etxt.exe", '"}\n{"level": "x"']


def record(said: str) -> logging.LogRecord:
    return logging.LogRecord("linli", logging.WARNING, "", 0, "asked for %s", (said,), None)


@pytest.mark.parametrize("said", HOSTILE)
def test_a_line_stays_one_line(said: str) -> None:
    line = Line("%(levelname)s %(name)s %(message)s").format(record(said))
    assert line.isprintable()
    assert line.startswith("WARNING linli asked for ")


@pytest.mark.parametrize("said", HOSTILE)
def test_an_object_stays_one_object(said: str) -> None:
    line = Json().format(record(said))
    assert line.isprintable()
    assert json.loads(line)["message"] == f"asked for {said}"


def test_real_names_are_written_as_they_are() -> None:
    assert "阿卜杜拉·买买提 𠮷田" in Line("%(message)s").format(record("阿卜杜拉·买买提 𠮷田"))


def test_a_traceback_is_kept_whole() -> None:
    try:
        raise ValueError("odd\nvalue")
    except ValueError:
        failed = logging.LogRecord("linli", logging.ERROR, "", 0, "failed", (), sys.exc_info())
    assert "test_a_traceback_is_kept_whole" in Line("%(message)s").format(failed)
    assert "ValueError" in json.loads(Json().format(failed))["traceback"]


@pytest.mark.django_db
def test_signing_in_leaves_a_line_without_name_or_password(
    cast: Cast, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    person = cast.people["dispatcher"]
    person.set_password(PASSWORD)
    person.save()
    caplog.set_level(logging.INFO, logger="linli.people.signin")
    for password in ("wheat-7-and-rain", PASSWORD):
        client.post("/sign-in", {"login": "dispatcher", "password": password})
    wrong, right = [each for each in caplog.records if each.name == "linli.people.signin"]
    assert (wrong.levelname, right.levelname) == ("WARNING", "INFO")
    assert str(person.pk) in right.getMessage()
    assert "by password" in right.getMessage()
    mark = wrong.getMessage().rpartition(" ")[2]
    assert mark in right.getMessage()
    said = wrong.getMessage() + right.getMessage()
    assert not [word for word in ("dispatcher", person.name, PASSWORD, "wheat") if word in said]
    assert logging.getLogger("linli.people.signin").getEffectiveLevel() <= logging.INFO


@pytest.mark.django_db
def test_what_is_kept_from_somebody_leaves_a_line_with_who_it_was(
    cast: Cast, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    client.force_login(cast.people["handler"], backend=BACKEND)
    client.get("/desk/manage/people")
    client.get("/desk/cases/260930-AAAAA")
    Client().get("/nowhere")
    said = [each.getMessage() for each in caplog.records if each.name == "linli.people.access"]
    assert said == [
        f"Person {cast.people['handler'].pk} was answered 404 at GET {address}"
        for address in ("/desk/manage/people", "/desk/cases/260930-AAAAA")
    ]


@pytest.mark.django_db
def test_a_program_without_https_is_refused_and_a_reader_led_on(client: Client, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/")["Location"] == "https://testserver/"
    for address in ("/api/v1/categories", "/open311/v2/services.json"):
        answer = client.get(address, headers={"Authorization": "Bearer canary-7"})
        assert answer.status_code == 403
        assert not answer.has_header("Location")


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/", "/report/", "/desk/", "/api/v1/categories", "/sign-in", "/log/key"])
def test_trace_is_not_answered(address: str) -> None:
    answer = Client().generic("TRACE", address, headers={"X-Secret": "canary-7"})
    assert answer.status_code in {302, 403, 404, 405}
    assert "canary-7" not in answer.content.decode()
