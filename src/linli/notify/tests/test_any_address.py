"""Whatever somebody gives as an address to tell something to: taken apart, or refused with a word why."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from conftest import NOW, Cast
from hypothesis import example, given
from hypothesis import strategies as st

from linli.cases.actions import BadData
from linli.kit.tests.strict import THROWN, WORDS, altered, as_strict_as_postgresql, mutated
from linli.notify.actions import push
from linli.notify.models import PushAddress
from linli.notify.senders.addresses import Refused, check, parse

RIGHT = "https://hook.example:8443/linli?x=1"
SUBSCRIPTION: dict[str, Any] = {
    "endpoint": "https://push.example/abc",
    "keys": {"p256dh": push.public_key(), "auth": "A" * 22},
}


def read(content: bytes) -> str:
    return content.decode("latin-1")


@THROWN
@given(st.one_of(WORDS, mutated(RIGHT.encode()).map(read)))
@example("https://[::1")
@example("https://hook.example:99999/")
@example("https://hook.example:٣/")
def test_any_text_is_a_target_or_refused(url: str) -> None:
    with suppress(Refused):
        assert parse(url).host


@THROWN
@given(
    st.one_of(
        WORDS,
        st.ip_addresses().map(str),
        mutated(b"2001:4860::8888").map(lambda found: found.decode("latin-1")),
    )
)
def test_any_text_is_an_address_or_refused(address: str) -> None:
    with suppress(Refused):
        check(address)


@pytest.mark.django_db
@THROWN
@given(altered(SUBSCRIPTION).filter(lambda given: isinstance(given, dict)))
@example({**SUBSCRIPTION, "keys": {"p256dh": push.public_key() + "\x00", "auth": "A" * 22}})
@example({**SUBSCRIPTION, "keys": {"p256dh": push.public_key() + "*" * 900, "auth": "A" * 22 + "*" * 88}})
def test_any_subscription_is_kept_as_it_is_used_or_refused(cast: Cast, given: dict[str, Any]) -> None:
    with as_strict_as_postgresql(), suppress(BadData):
        kept = push.subscribe(person_id=cast.people["grid_worker"].pk, given=given, at=NOW)
        PushAddress.objects.get(pk=kept.pk).clean_fields(exclude=["person"])
