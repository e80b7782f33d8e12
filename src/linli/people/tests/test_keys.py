"""API keys: who may give one, what it opens, and when it ends. How often somebody may ask."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from conftest import NOW, Cast

from linli.people import actions as people
from linli.people.access import Actor
from linli.people.actions import keys, rates, rough
from linli.people.models import Bucket, Change, Grant, Key

pytestmark = pytest.mark.django_db


def own_grant(actor: Actor) -> Grant:
    return Grant.objects.get(pk=str(actor.grant_id))


@pytest.fixture
def dispatcher(cast: Cast) -> Actor:
    return cast["dispatcher"]


def issued(by: Actor, **changes: Any) -> tuple[Key, str]:
    given: dict[str, Any] = {"name": "热线", "scopes": ["read", "write"], "grant": own_grant(by)} | changes
    return keys.issue(by=by, at=NOW, **given)


def test_a_key_acts_as_the_post_it_was_given_for(dispatcher: Actor) -> None:
    key, secret = issued(dispatcher)
    found = keys.known(secret=secret, at=NOW)
    assert found == key
    actor = keys.actor_of(key=found)
    assert actor is not None
    assert (actor.grant_id, actor.role, actor.path) == (dispatcher.grant_id, dispatcher.role, dispatcher.path)


def test_the_secret_is_stored_nowhere_and_shown_once(dispatcher: Actor) -> None:
    key, secret = issued(dispatcher)
    assert secret.encode() not in bytes(key.digest)
    stored = [*Key.objects.values_list(), *Change.objects.values_list()]
    assert secret[10:] not in repr(stored)
    assert key.prefix == secret[:10]


def test_a_key_ends_with_its_post_with_itself_and_with_its_time(dispatcher: Actor, cast: Cast) -> None:
    ended, secret_a = issued(dispatcher)
    timed, secret_b = issued(dispatcher, expires_at=NOW + timedelta(days=1))
    kept, secret_c = issued(dispatcher)
    keys.revoke(key=ended, by=dispatcher, at=NOW)
    assert keys.known(secret=secret_a, at=NOW) is None
    assert keys.known(secret=secret_b, at=NOW + timedelta(hours=23)) == timed
    assert keys.known(secret=secret_b, at=NOW + timedelta(days=1)) is None
    later = NOW + timedelta(seconds=1)
    people.revoke(post=own_grant(dispatcher), by=cast["administrator"], at=later)
    assert keys.known(secret=secret_c, at=later) is None
    assert kept.revoked_at is None


@pytest.mark.parametrize(
    "secret",
    ["", "linli_", "linli_" + "0" * 32, "' OR 1=1", "linli_" + "0" * 31 + "\x00", "é" * 5000],
)
def test_what_is_no_key_opens_nothing(secret: str, dispatcher: Actor) -> None:
    issued(dispatcher)
    assert keys.known(secret=secret, at=NOW) is None


def test_nobody_gives_a_key_for_another_post_or_more_than_it_may(dispatcher: Actor, cast: Cast) -> None:
    other = own_grant(cast["handler"])
    refused_ones: list[tuple[Actor, dict[str, Any], str]] = [
        (dispatcher, {"grant": other}, "grant"),
        (cast["administrator"], {"grant": other}, "grant"),
        (dispatcher, {"grant": None, "scopes": ["open311"]}, "grant"),
        (cast["administrator"], {"grant": None, "scopes": ["read"]}, "grant"),
        (dispatcher, {"scopes": []}, "scopes"),
        (dispatcher, {"scopes": ["root"]}, "scopes"),
        (dispatcher, {"per_minute": 0}, "per_minute"),
        (dispatcher, {"per_minute": 10**9}, "per_minute"),
        (dispatcher, {"expires_at": NOW}, "expires_at"),
    ]
    for by, changes, field in refused_ones:
        with pytest.raises(keys.KeyRefused) as refused:
            issued(by, **changes)
        assert refused.value.field == field
    assert not Key.objects.exists()


def test_who_administers_keys_gives_one_to_a_hotline_that_can_only_send(cast: Cast) -> None:
    key, secret = issued(cast["administrator"], grant=None, scopes=["open311"])
    assert keys.known(secret=secret, at=NOW) == key
    assert keys.actor_of(key=key) is None


def test_one_sees_the_keys_of_ones_post_and_an_administrator_all(dispatcher: Actor, cast: Cast) -> None:
    mine, _secret = issued(dispatcher)
    theirs, _secret = issued(cast["handler"])
    assert list(keys.keys_of(dispatcher)) == [mine]
    assert set(keys.keys_of(cast["administrator"])) == {mine, theirs}


def test_a_bucket_takes_its_burst_and_then_says_how_long_to_wait() -> None:
    def take(name: str, seconds: float) -> timedelta | None:
        return rates.take(name=name, per_minute=60, burst=3, at=NOW + timedelta(seconds=seconds))

    assert [take("a", 0) for _n in range(3)] == [None] * 3
    assert take("a", 0) == timedelta(seconds=1)
    assert take("b", 0) is None, "another name has a bucket of its own"
    assert take("a", 1) is None
    assert take("a", 1) == timedelta(seconds=1)
    assert take("a", 3600) is None


def test_empty_buckets_are_cleared_away_and_lead_back_to_nobody() -> None:
    rates.take(name="anybody/198.51.100.7", per_minute=60, burst=3, at=NOW)
    assert b"198.51" not in bytes(Bucket.objects.get().digest)
    rates.take(name="anybody/198.51.100.8", per_minute=1, burst=300, at=NOW)
    assert rates.sweep(at=NOW + timedelta(seconds=30)) == 1
    assert Bucket.objects.count() == 1, "only what has run empty goes"


def test_several_buckets_cost_one_statement_and_the_full_ones_are_named(
    django_assert_num_queries: Any,
) -> None:
    limits = [rates.Limit("small", 60, 1), rates.Limit("large", 60, 3), rates.Limit("middle", 60, 2)]
    found = []
    for _time in range(4):
        with django_assert_num_queries(1):
            found.append(rates.full(limits, NOW))
    assert found == [[], ["small"], ["small", "middle"], ["small", "large", "middle"]]
    assert rates.full(limits, NOW + timedelta(seconds=1)) == [], "what was full was not charged any further"


def test_what_is_given_back_was_never_charged() -> None:
    limit = rates.Limit("small", 60, 2)
    for _time in range(5):
        assert rates.full([limit], NOW) == []
        rates.give_back([limit])
    assert [rates.full([limit], NOW) for _time in range(3)] == [[], [], ["small"]]


def test_a_process_counts_a_twelfth_by_itself_and_the_rest_in_the_database(
    django_assert_num_queries: Any,
) -> None:
    limits = [rates.Limit("address", 12, 24), rates.Limit("county", 1200, 600)]
    with django_assert_num_queries(0):
        assert [rough.charge(limits, NOW) for _time in range(2)] == [([], [])] * 2
    assert rough.charge(limits, NOW) == (limits, [])
    for _time in range(23):
        rough.charge(limits, NOW)
    assert rough.charge(limits, NOW) == ([limits[1]], ["address"])
    with django_assert_num_queries(0):
        assert rough.charge(limits, NOW + timedelta(minutes=1)) == ([], []), "the share ran empty"


def test_a_small_limit_has_no_share_and_the_memory_of_a_process_stays_small(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small = rates.Limit("small", 1, rough.SHARE - 1)
    assert rough.charge([small], NOW).taken == [small]
    monkeypatch.setattr(rough, "MOST_KEPT", 5)
    for n in range(100):
        assert rough.charge([rates.Limit(f"address {n}", 12, 12)], NOW).taken == []
    assert len(rough._empty_at) <= rough.MOST_KEPT


def test_an_ipv6_subscriber_is_one_address() -> None:
    assert rates.network("2001:db8::1") == rates.network("2001:db8::ffff")
    assert rates.network("198.51.100.7") == "198.51.100.7"
    assert rates.network("not an address\x00") == "unknown"
