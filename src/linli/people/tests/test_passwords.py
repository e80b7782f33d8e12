"""What a password may be, how its field behaves, and what the second factor's secrets are made of."""

from __future__ import annotations

import base64
import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa import app_settings
from allauth.mfa.totp.internal.auth import generate_totp_secret
from conftest import PASSWORD, Cast
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client

from linli.kit import clock
from linli.people import actions as people
from linli.people.models import Person, Session
from linli.people.sessions import IDLE

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("word", ["linli-2026-xyz", "my邻里password", "Wanggezhi-Linli", "qingshan-desk-77"])
def test_words_of_the_place_are_refused(word: str, settings: Any) -> None:
    settings.PASSWORD_WORDS = ["Qingshan"]
    with pytest.raises(ValidationError) as refused:
        validate_password(word)
    assert refused.value.error_list[-1].code == "password_local_word"


@pytest.mark.parametrize("leaked", ["qwertyuiop123", "1qaz2wsx3edc", "basketball", "password123"])
def test_passwords_that_have_leaked_are_refused(leaked: str) -> None:
    with pytest.raises(ValidationError) as refused:
        validate_password(leaked)
    assert "password_too_common" in {error.code for error in refused.value.error_list}


def test_a_long_sentence_is_taken_as_it_stands(settings: Any) -> None:
    settings.PASSWORD_WORDS = ["Qingshan"]
    validate_password("  four carts of autumn wheat, 收在七月 " + "x" * 60)


def test_password_fields_are_masked_and_take_what_a_password_manager_gives() -> None:
    page = Client().get("/sign-in").content.decode()
    (field,) = re.findall(r"<input[^>]*name=\"password\"[^>]*>", page)
    assert 'type="password"' in field
    assert 'autocomplete="current-password"' in field
    assert not re.search(r"maxlength|readonly|onpaste", field)


def test_secrets_of_apps_are_160_random_bits_and_codes_six_digits() -> None:
    secrets = {generate_totp_secret() for _time in range(50)}
    assert len(secrets) == 50
    assert {len(base64.b32decode(secret)) for secret in secrets} == {20}
    assert app_settings.TOTP_DIGITS == 6
    assert app_settings.TOTP_PERIOD == 30


def test_a_browser_nobody_uses_for_hours_is_signed_out(cast: Cast) -> None:
    person: Person = cast.people["dispatcher"]
    person.set_password(PASSWORD)
    person.save()
    client = Client()
    client.post("/sign-in", {"login": "dispatcher", "password": PASSWORD})
    for ago, status in ((IDLE - timedelta(minutes=5), 200), (IDLE + timedelta(minutes=5), 302)):
        Session.objects.filter(person=person).update(seen_at=clock.now() - ago)
        assert client.get("/desk/").status_code == status


# First passwords --------------------------------------------------------------------------------


@pytest.fixture
def newcomer(cast: Cast) -> tuple[Person, str]:
    """Somebody with a post, and the first password an administrator has just set."""
    person = cast.people["handler"]
    return person, people.set_initial_password(person=person, by=cast["administrator"], at=clock.now())


def sign_in(password: str) -> tuple[Client, str]:
    client = Client()
    answer = client.post("/sign-in", {"login": "handler", "password": password}, follow=True)
    return client, answer.content.decode()


def test_a_first_password_says_until_when_and_then_lets_nobody_in(newcomer: tuple[Person, str]) -> None:
    person, password = newcomer
    client, said = sign_in(password)
    assert client.session.get("_auth_user_id") == str(person.pk)
    assert "您用的还是初始密码" in said
    Person.objects.filter(pk=person.pk).update(password_until=clock.now() - timedelta(seconds=1))
    late, said = sign_in(password)
    assert "_auth_user_id" not in late.session
    assert "这个初始密码已经过期" in said
    assert late.get("/desk/").status_code == 302


def test_a_password_of_ones_own_has_no_end(newcomer: tuple[Person, str]) -> None:
    person, password = newcomer
    client, _said = sign_in(password)
    fields = {"oldpassword": password, "password1": PASSWORD, "password2": PASSWORD}
    assert client.post("/password", fields).status_code == 302
    person.refresh_from_db()
    assert person.password_until is None
    assert "初始密码" not in sign_in(PASSWORD)[1]


def test_an_administrator_makes_an_ended_one_good_again(newcomer: tuple[Person, str], cast: Cast) -> None:
    person, _password = newcomer
    Person.objects.filter(pk=person.pk).update(password_until=clock.now() - timedelta(days=1))
    fresh = people.set_initial_password(person=person, by=cast["administrator"], at=clock.now())
    assert "_auth_user_id" in sign_in(fresh)[0].session
