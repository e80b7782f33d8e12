"""Faults where Linli meets others: files it gives out, search, browsers, and addresses somebody typed in."""

from __future__ import annotations

import hashlib
import json
from importlib import import_module
from ipaddress import ip_network
from typing import Any

import pytest
from django.test import Client

from linli.cases.actions import finding, paging
from linli.cases.models import Case, CaseText, Event, TrackingCode
from linli.documents.render.tables import cells
from linli.kit import codes, text
from linli.notify.senders import addresses, guarded
from linli.portal import actions as portal
from linli.service_requests import actions as service_requests
from linli.service_requests.actions import publishing
from torture.faults import World, fault, refused

csv: Any = import_module("linli.documents.render.tables.csv")
FORMULAS = ("=1+1", "+1", "-2+3", "@SUM(A1)", "|calc", "%x", "＝1+1", "\t=1", '"=1', " =cmd|' /C calc'!A0")


def no_cell_is_a_formula(world: World) -> None:
    for given in FORMULAS:
        (written,) = csv.quoted([given])
        assert not cells.is_risky(written) or written.startswith(csv.GUARD), given
        assert written.startswith(csv.GUARD), given
    assert csv.quoted(["村口的灯坏了"]) == ["村口的灯坏了"]


@fault("edges", "a cell of an export may be a formula", "what a spreadsheet would run stands behind a guard",
       no_cell_is_a_formula)  # fmt: skip
def formula_cell(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(csv, "is_risky", lambda value: False)


@fault("edges", "only cells that begin with = are guarded", "what a spreadsheet would run stands behind a guard",
       no_cell_is_a_formula)  # fmt: skip
def formula_by_another_sign(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(csv, "is_risky", lambda value: value.startswith("="))


def nobody_finds_what_they_may_not_see(world: World) -> None:
    town, cast = world.town, world.cast
    seen = world.report(place=town["grid"])
    hidden = world.report(place=town["west_grid"])
    accused = world.report(
        request_type="accusation", accused=town["east_works"], text="路灯款被村镇建设办吃了回扣，请查一查。"
    )
    for who, expected in (
        ("dispatcher", {seen.pk, accused.pk}),
        ("outsider", {hidden.pk}),
        ("handler", set()),
    ):
        rows = Case.objects.visible_to(cast[who])
        found = {case.pk for case in paging.searched(rows, "路灯", "").rows}
        assert found == expected, who


@fault("edges", "search finds cases the reader may not see", "search is within what is visible",
       nobody_finds_what_they_may_not_see)  # fmt: skip
def invisible_case_found(patch: pytest.MonkeyPatch) -> None:
    sound = paging.searched
    patch.setattr(
        paging, "searched", lambda rows, *given, **named: sound(Case.objects.all(), *given, **named)
    )


def no_number_finds_anybody(world: World) -> None:
    case = world.report(text="我的电话 13800001234，身份证 110101199003078515，灯坏了。")
    words = CaseText.objects.get(case_id=case.pk).words
    assert "13800001234" not in words
    assert "110101199003078515" not in words


@fault(
    "edges",
    "personal numbers are indexed",
    "no telephone or identity number finds a case",
    no_number_finds_anybody,
)
def numbers_indexed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(finding, "masked", lambda words: words)


def internal_notes_stay_inside(world: World) -> None:
    case = world.dispatched()
    world.move(case, "note", "dispatcher", note="此件涉及陈年旧账，先口头沟通。", reader="internal")
    event = Event.objects.get(case=case, verb="note")
    assert not event.is_public
    rows = Case.objects.visible_to(world.cast["dispatcher"])
    assert not paging.searched(rows, "陈年旧账", "").rows


@fault(
    "edges", "internal notes are searched", "an internal note is found by nobody", internal_notes_stay_inside
)
def note_searched(patch: pytest.MonkeyPatch) -> None:
    def said(event: Event, procedure: Any) -> Any:
        yield from (str(value) for value in event.data.values())

    patch.setattr(finding, "said", said)


def only_what_was_agreed_is_public(world: World) -> None:
    plain = world.report(contact_name="王先生", contact_phone="0712-0000-123")
    kept = world.report(is_identity_kept=True, may_publish=True)
    accused = world.report(
        request_type="accusation", accused=world.town["east_works"], text="收钱不办事，请查一查。"
    )
    shown = {case.pk for case in publishing.published()}
    assert kept.pk not in shown
    assert accused.pk not in shown
    from linli.service_requests.models import Request

    view = publishing.public_view(plain, Request.objects.get(pk=plain.pk))
    assert not view.text
    assert not view.title
    assert not view.address


@fault("edges", "accusations are published", "no accusation is ever public", only_what_was_agreed_is_public)
def accusation_published(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(publishing, "published", lambda cases=None, is_test=False: Case.objects.all())


@fault("edges", "words are shown without consent", "without consent nothing of the words is public",
       only_what_was_agreed_is_public)  # fmt: skip
def words_without_consent(patch: pytest.MonkeyPatch) -> None:
    def public_view(case: Case, request: Any) -> publishing.PublicRequest:
        return publishing.PublicRequest(case, title=case.title, text=request.text, address=case.address)

    patch.setattr(publishing, "public_view", public_view)


def codes_are_stored_nowhere(world: World) -> None:
    case = world.report()
    code = service_requests.tracking_code(case.pk)
    stored = bytes(TrackingCode.objects.get(case=case).digest)
    guesses = {hashlib.sha256(form.encode()).digest() for form in (code, codes.pretty(code), code.lower())}
    assert stored not in guesses
    assert code.encode() not in stored
    assert len(code) * 5 >= 65
    everything = json.dumps(list(Event.objects.filter(case=case).values("data", "facts")), default=str)
    assert code not in everything
    assert codes.pretty(code) not in everything


@fault("edges", "a tracking code is stored as its plain hash", "only the server's key leads from code to case",
       codes_are_stored_nowhere)  # fmt: skip
def code_without_key(patch: pytest.MonkeyPatch) -> None:
    submitting = import_module("linli.service_requests.actions.submitting")
    patch.setattr(
        submitting, "digest_of", lambda code: hashlib.sha256(codes.normalise(code).encode()).digest()
    )


def guessing_is_held_back(world: World) -> None:
    client = Client(REMOTE_ADDR="203.0.113.9")
    answers = [client.post("/track/", {"code": f"000000000000{n % 10}"}).status_code for n in range(60)]
    assert 429 in answers, "sixty guesses went through"


@fault(
    "edges",
    "guesses of codes are not counted",
    "guessing from one address is held back",
    guessing_is_held_back,
)
def guesses_not_counted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(portal, "note_wrong_code", lambda *, address, at: None)


PRIVATE = (
    "127.0.0.1",
    "10.1.2.3",
    "169.254.169.254",
    "192.168.1.1",
    "::1",
    "fe80::1",
    "::ffff:127.0.0.1",
    "0.0.0.0",
)


def no_private_address_is_asked(world: World) -> None:
    for address in PRIVATE:
        refused(addresses.Refused, lambda address=address: addresses.check(address))  # type: ignore[misc]
    for url in ("https://127.1/", "https://0x7f000001/", "https://user@example.org/", "file:///etc/passwd"):
        refused(addresses.Refused, lambda url=url: addresses.parse(url))  # type: ignore[misc]


@fault(
    "edges",
    "webhooks reach the inside of the network",
    "no private address is asked",
    no_private_address_is_asked,
)
def private_address_asked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(addresses, "_is_open", lambda address: True)


@fault(
    "edges",
    "an address hidden in another is let through",
    "no private address is asked",
    no_private_address_is_asked,
)
def nested_address_asked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(addresses, "NESTED", [])
    patch.setattr(addresses, "OPEN_V6", ip_network("::/0"))
    patch.setattr(addresses, "CLOSED_V6", [])


def every_answer_of_a_name_is_checked(world: World) -> None:
    """A name with a public and a private address: nothing is asked of either."""
    with pytest.MonkeyPatch.context() as inner:
        inner.setattr(guarded, "resolve", lambda host, port, deadline: ["93.184.216.34", "127.0.0.1"])

        def connected(*given: Any) -> Any:
            raise AssertionError("it was asked")

        inner.setattr(guarded, "_connected", connected)
        refused(addresses.Refused, lambda: guarded.ask("POST", "https://example.org/", headers={}))


@fault("edges", "only the first address of a name is checked", "every address of a name is checked",
       every_answer_of_a_name_is_checked)  # fmt: skip
def first_address_checked(patch: pytest.MonkeyPatch) -> None:
    sound, asked = addresses.check, iter(range(99))
    patch.setattr(guarded, "check", lambda address: sound(address) if next(asked) == 0 else address)


def pages_run_nothing_but_their_own(world: World) -> None:
    answer = Client().get("/no-such-page")
    policy = answer.headers["Content-Security-Policy"]
    assert "'unsafe-inline'" not in policy
    assert "'unsafe-eval'" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


@fault("edges", "pages may run scripts written into them", "the policy forbids everything inline",
       pages_run_nothing_but_their_own)  # fmt: skip
def inline_allowed(patch: pytest.MonkeyPatch) -> None:
    from django.conf import settings

    directives = {
        **settings.CONTENT_SECURITY_POLICY["DIRECTIVES"],
        "script-src": ["'self'", "'unsafe-inline'"],
    }
    patch.setattr(settings, "CONTENT_SECURITY_POLICY", {"DIRECTIVES": directives})


def forms_of_other_sites_do_nothing(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    given: dict[str, Any] = {
        "step": "what",
        "text": "村口的灯坏了三天了。",
        "category": "facility.street_lamp",
    }
    for path in ("/report/", "/track/"):
        answer = client.post(path, given)
        assert answer.status_code in (403, 422)
        assert b"csrf" not in answer.headers.get("Set-Cookie", "").encode()
        assert answer.status_code == 403, (path, answer.status_code)


@fault("edges", "forms are taken without their token", "a form of another site does nothing",
       forms_of_other_sites_do_nothing)  # fmt: skip
def csrf_not_checked(patch: pytest.MonkeyPatch) -> None:
    from django.middleware.csrf import CsrfViewMiddleware

    patch.setattr(CsrfViewMiddleware, "process_view", lambda self, request, view, given, named: None)


def real_names_survive(world: World) -> None:
    for name in ("𠮷田", "阿卜杜拉·买买提", "\ue863", "李 四", "é"):
        assert text.clean(name) == name, name
    assert text.clean("甲\u202e乙\x00丙") == "甲乙丙"


@fault(
    "edges", "names are normalised to death", "real names stay whole, invisible signs go", real_names_survive
)
def names_folded(patch: pytest.MonkeyPatch) -> None:
    import unicodedata

    sound = text.clean
    patch.setattr(
        text,
        "clean",
        lambda given: "".join(c for c in unicodedata.normalize("NFKC", sound(given)) if ord(c) < 0xE000),
    )
