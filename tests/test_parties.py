"""One party is a stranger to what is the other's own: every address and every form of one, tried by the other."""

from __future__ import annotations

import re
from typing import Any

import pytest
from conftest import NOW
from django.apps import apps
from django.test import Client
from django.urls import get_resolver

from crawl import Answer, Crawl, ask
from linli.mediation import actions as mediations
from linli.mediation.actions import talks
from linli.mediation.models import Paper
from linli.portal.tests.test_party import A, B, Matter, joint, legal_aid, separate
from linli.portal.tests.test_party import at_noon as at_noon
from linli.portal.tests.test_party import matter as matter
from torture.requests import _addresses

pytestmark = pytest.mark.django_db
OWN = {
    "talk": "其实八百块就行",
    "paper": "录音里他自己承认了",
    "aid": "家里三口人，靠种地生活",
    "sitting": "只约申请人来谈",
    "phone": "0712-0000-101",
    "address": "绿林村三组",
}
START = "/disputes/progress"
ASKS_FOR_THE_CODE = (302, 303, 404, 422)  # with what was typed, so that nothing is lost


@pytest.fixture
def parted(matter: Matter) -> Matter:
    """A dispute in which one party has something of its own of every kind."""
    matter.begun()
    joint(matter)
    separate(matter, A)
    matter.do(talks.talk, party=A, text=OWN["talk"], held_at=NOW)
    content = {
        "at": "2026-09-30T16:00", "place": OWN["sitting"], "investigators": ["程立新"], "asked": "李秀英",
        "content": OWN["paper"],
    }  # fmt: skip
    matter.do(mediations.write, kind="investigation", content=content, party=A)
    given = {**legal_aid(matter, A), "unable": OWN["aid"]}
    assert matter.phones[A].post("/disputes/legal-aid", given).status_code == 303
    return matter


def crawled(matter: Matter, number: int) -> Crawl:
    crawl = Crawl(most=50)
    crawl.go(f"party {number}", matter.phones[number], [START])
    return crawl


def told(answer: Answer) -> list[str]:
    """What of the other party's own stands in an answer."""
    return [f"{answer} tells of {name}" for name, words in OWN.items() if words in answer.text]


def with_every_id(matter: Matter) -> set[str]:
    """Every address a party may come to, with the id of everything there is in mediations."""
    ids = {
        str(row[-1]) if isinstance(row, tuple) else str(row)
        for model in apps.get_app_config("mediation").get_models()
        for row in model._default_manager.values_list("pk", flat=True)
        if re.search(r"[0-9a-f]{8}-", str(row))
    }
    found = set()
    for template, _entry, _names in _addresses(get_resolver().url_patterns):
        if template.startswith(("/disputes/", "/track/", "/uploads/")):
            named = re.sub(r"\{(?!uuid)\w+\}", "full", template)
            found |= {named.replace("{uuid}", one) for one in ids} if "{uuid}" in named else {named}
    return found


def everything() -> dict[str, list[Any]]:
    return {
        model._meta.label: sorted(map(repr, model._default_manager.values_list()))
        for model in apps.get_app_config("mediation").get_models()
        if model._meta.model_name not in ("reading", "partycode")
    }


def test_a_party_finds_what_is_its_own(parted: Matter) -> None:
    """What the other tests look for is there to be found."""
    seen = "".join(each.text for each in crawled(parted, A).answers if each.is_page)
    assert [name for name, words in OWN.items() if words not in seen] == []


def test_no_address_tells_the_other_party_anything(parted: Matter) -> None:
    mine, others = crawled(parted, B), crawled(parted, A)
    wrong = [line for each in mine.answers for line in told(each)]
    known = {each.address for each in mine.answers}
    addresses = {each.address for each in others.answers if each.status == 200} | with_every_id(parted)
    assert len(addresses) > 60
    for address in sorted(addresses - known):
        answer = ask("party 2", parted.phones[B], "GET", address)
        wrong += told(answer) + ([f"{answer} fails"] if answer.status >= 500 else [])
    own = {str(paper) for paper in Paper.objects.filter(party=A, is_joint=False).values_list("id", flat=True)}
    assert len(own) > 1
    for paper in own:
        for address in (f"/disputes/papers/{paper}", f"/disputes/papers/{paper}.pdf"):
            assert parted.phones[A].get(address).status_code == 200
            assert parted.phones[B].get(address).status_code == 404
    assert not wrong, "\n".join(wrong)


def test_no_form_of_one_party_does_anything_for_the_other(parted: Matter) -> None:
    forms = crawled(parted, A).forms.values()
    own = [form for _who, form in forms if re.search(r"[0-9a-f]{8}-", form.action)]
    bare = [
        form for form in own if form.action not in {f.action for _w, f in crawled(parted, B).forms.values()}
    ]
    assert bare
    before = everything()
    for form in bare:
        for client in (parted.phones[B], Client()):
            answer = ask("another", client, "POST", form.action, form.filled("我是另一方"))
            is_refused = (
                answer.status == 404 if client is parted.phones[B] else answer.status in ASKS_FOR_THE_CODE
            )
            assert is_refused, str(answer)
    assert everything() == before


def test_catches_what_is_told() -> None:
    page = Answer("party 2", "GET", START, "", 200, {}, f"<p>{OWN['talk']}</p>".encode())
    assert told(page) == [f"{page} tells of talk"]
