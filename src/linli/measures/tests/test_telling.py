"""Who is told of a round that is shown and of what the county writes, and what is sent besides."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import NOW, Cast, Town

from linli.kit.ids import uuid7
from linli.measures.actions import rounds
from linli.measures.actions.telling import ACT, ROUND
from linli.measures.models import Act, Round
from linli.measures.tests.test_rounds import NOVEMBER, assessed  # noqa: F401
from linli.notify.models import Mailing, Memo, Wish
from linli.notify.senders.ways import Messenger
from linli.people.models import Grant, Person

pytestmark = pytest.mark.django_db
WORDS = "按期结案率未达标，王女士家门口的路灯拖了二十天。"


def told(sort: str) -> list[str]:
    return sorted(Memo.objects.filter(sort=sort).values_list("person__username", flat=True))


def written(kind: str, round_: Round, town: Town, cast: Cast) -> Act:
    return rounds.act(
        county=town["county"],
        unit=town["east"],
        kind=kind,
        words=WORDS,
        round_=round_,
        by=cast["supervisor"],
        at=NOVEMBER,
    )


def test_every_assessed_unit_is_told_once_that_its_round_is_shown(assessed: Round, cast: Cast) -> None:  # noqa: F811
    assert not Memo.objects.exists()
    rounds.publish(round_=assessed, by=cast["supervisor"], at=NOVEMBER)
    found = told(ROUND)
    assert {"dispatcher", "township_supervisor"} <= set(found)
    assert "supervisor" not in found
    assert len(found) == len(set(found))


def test_of_an_admonition_only_the_unit_is_told(assessed: Round, town: Town, cast: Cast) -> None:  # noqa: F811
    written("admonition", assessed, town, cast)
    assert told(ACT) == ["dispatcher", "township_supervisor"]


def test_where_nobody_stands_the_level_above_is_told(assessed: Round, town: Town, cast: Cast) -> None:  # noqa: F811
    Grant.objects.filter(person__username__in=["dispatcher", "township_supervisor"]).update(valid_until=NOW)
    written("circular", assessed, town, cast)
    assert told(ACT) == ["county_dispatcher"]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh-hans", ("您的单位在内", "县里约谈东河镇，请打开看，并写明回复。")),
        ("en", ("Your unit is among those assessed", "The county has admonished")),
    ],
)
def test_what_is_sent_holds_days_and_a_link_and_nothing_that_was_written(
    assessed: Round,  # noqa: F811
    town: Town,
    cast: Cast,
    language: str,
    said: tuple[str, str],
) -> None:
    Mailing.objects.all().delete()
    Person.objects.filter(username="township_supervisor").update(email="a@example.org")
    Wish.objects.create(
        person=cast.people["township_supervisor"], by_email=True, by_push=False, language=language
    )
    rounds.publish(round_=assessed, by=cast["supervisor"], at=NOVEMBER)
    written("admonition", assessed, town, cast)
    sent: list[Any] = []

    class Box:
        def send(self, letter: Any) -> None:
            sent.append(letter)

    while Messenger(senders={"email": Box(), "push": Box(), "sms": Box()}).run(NOVEMBER):
        pass
    mine = [letter for letter in sent if letter.to == "a@example.org" and letter.case_id is None]
    assert len(mine) == len(said)
    for words in said:
        assert any(words in letter.body for letter in mine)
    for letter in mine:
        assert letter.path == f"/desk/rounds/{assessed.pk}"
        assert letter.path in letter.body
        for word in ("王女士", "路灯", "96.08", "高岩"):
            assert word not in letter.subject + letter.body + letter.path


def test_rounds_and_admonitions_are_seen_by_the_county_and_the_unit(
    assessed: Round,  # noqa: F811
    town: Town,
    cast: Cast,
) -> None:
    boss, own, other = cast["supervisor"], cast["township_supervisor"], cast["outsider"]
    act, public = (written(kind, assessed, town, cast) for kind in ("admonition", "circular"))

    def seen(by: Any) -> tuple[bool, set[Act]]:
        return Round.objects.visible_to(by).exists(), set(Act.objects.visible_to(by))

    assert seen(boss) == (True, {act, public})
    assert seen(own) == (False, set())
    rounds.publish(round_=assessed, by=boss, at=NOVEMBER)
    assert seen(own) == (True, {act, public})
    assert act not in seen(other)[1]
    assert not Round.objects.visible_to(own).filter(pk=uuid7()).exists()
