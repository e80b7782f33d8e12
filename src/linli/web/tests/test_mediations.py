"""The page of a mediation: who comes in, what is noted first, and what stays when something is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conftest import Cast
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from linli.kit.ids import uuid7
from linli.mediation.models import Assent, Assignment, Mediation, Party, Reader
from linli.mediation.rules import readers
from linli.privacy.models import Read
from linli.web.tests.conftest import Desk, Watch

pytestmark = pytest.mark.django_db

SECRETS = ("李秀英", "陈国强", "返潮", "院墙排水")
ALL_YES = {"respondent": "yes", "request": "yes", "facts": "yes"}
ALL_NO = dict.fromkeys(("reserved", "court", "crime", "government", "status"), "no")
Send = Callable[..., Any]


def address(case: Any, what: str = "") -> str:
    return f"/desk/mediations/{case.number}" + (f"/{what}" if what else "")


@pytest.fixture
def send() -> Send:
    """Presses a form of the page with a fresh command id and the version given or the present one."""

    def press(client: Client, case: Any, what: str, **data: Any) -> Any:
        case.refresh_from_db()
        return client.post(address(case, what), {"command_id": str(uuid7()), "version": case.version, **data})

    return press


@pytest.fixture
def case(dispute: Callable[..., Any], move: Callable[..., Any]) -> Any:
    """A dispute whose parties are being asked."""
    found = dispute().case
    found.refresh_from_db()
    if found.state == "diverted":
        move(found, "ask", "mediator")
        found.refresh_from_db()
    return found


@pytest.fixture
def accepted(case: Any, desk: Desk, send: Send, watch: Watch) -> Any:
    """Everybody is willing, the questions are answered, and it is accepted."""
    chair = desk("chair")
    for party in (1, 2):
        assert (
            send(chair, case, f"parties/{party}/answers/willing", answer="yes", how="phone").status_code
            == 302
        )
    assert send(chair, case, "test", **ALL_YES, **ALL_NO).status_code == 302
    watch.on(minutes=1)
    assert send(chair, case, "acceptance").status_code == 302
    case.refresh_from_db()
    assert case.state == "accepted"
    return case


@pytest.fixture
def assigned(accepted: Any, desk: Desk, send: Send, watch: Watch, cast: Cast) -> Any:
    """程立新 mediates, 余海波 keeps the record."""
    watch.on(minutes=1)
    chosen = {
        "mediators": [str(cast.people["mediator"].pk)],
        "recorder": str(cast.people["second_mediator"].pk),
    }
    answer = send(desk("chair"), accepted, "appointment", **chosen, chosen="no")
    assert answer.status_code == 302
    accepted.refresh_from_db()
    assert accepted.state == "mediator_assigned"
    return accepted


def test_a_mediator_opens_it_and_the_opening_is_noted(assigned: Any, desk: Desk, cast: Cast) -> None:
    before = Read.objects.filter(case=assigned, person=cast.people["mediator"]).count()
    answer = desk("mediator").get(address(assigned))
    assert answer.status_code == 200
    page = answer.content.decode()
    assert all(secret in page for secret in SECRETS)
    readings = Read.objects.filter(case=assigned, person=cast.people["mediator"])
    assert readings.count() == before + 1
    assert readings.latest("at").purpose == "mediating"
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize(
    "who", ["centre", "supervisor", "dispatcher", "auditor", "village_chair", "outsider"]
)
def test_everybody_else_finds_no_such_page_and_no_word_of_it(assigned: Any, desk: Desk, who: str) -> None:
    client = desk(who)
    assert client.get(address(assigned)).status_code == 404
    assert client.post(address(assigned, "parties"), {"name": "王五"}).status_code == 404
    assert not Read.objects.filter(case=assigned, person__username=who).exists()
    for path in (
        f"/desk/cases/{assigned.number}",
        "/desk/cases",
        "/desk/",
        "/desk/mediations",
        "/desk/mediations/board",
    ):
        page = client.get(path).content.decode()
        assert not any(secret in page for secret in SECRETS), path


def test_the_generic_page_says_where_the_content_is(assigned: Any, desk: Desk) -> None:
    page = desk("mediator").get(f"/desk/cases/{assigned.number}").content.decode()
    assert address(assigned) in page
    assert not any(secret in page for secret in SECRETS)
    above = desk("centre").get(f"/desk/cases/{assigned.number}")
    assert above.status_code == 200
    assert f'href="{address(assigned)}"' not in above.content.decode()


def test_a_named_officer_says_why_first(assigned: Any, desk: Desk, cast: Cast, watch: Watch) -> None:
    named = {"person": cast.people["supervisor"], "why": "检查办理质量", "named_by": cast.people["chair"]}
    Reader.objects.create(case=assigned, **named, since=watch.at)
    readers.admit(assigned.pk, [cast.people["supervisor"].pk])
    client = desk("supervisor")
    asked = client.get(address(assigned))
    assert asked.status_code == 200
    assert not any(secret in asked.content.decode() for secret in SECRETS)
    assert not Read.objects.filter(case=assigned, person=cast.people["supervisor"]).exists()
    assert client.post(address(assigned, "purpose"), {"purpose": "curiosity"}).status_code == 422
    assert client.post(address(assigned, "purpose"), {"purpose": "checking"}).status_code == 302
    assert "李秀英" in client.get(address(assigned)).content.decode()
    reading = Read.objects.get(case=assigned, person=cast.people["supervisor"])
    assert (reading.purpose, reading.role) == ("checking", "supervisor")
    watch.on(minutes=31)
    assert "李秀英" not in client.get(address(assigned)).content.decode()


def test_a_mediator_names_a_reader_with_a_reason(assigned: Any, desk: Desk, send: Send, cast: Cast) -> None:
    client, person = desk("mediator"), cast.people["supervisor"]
    assert send(client, assigned, "readers", person=str(person.pk), why="").status_code == 422
    assert send(client, assigned, "readers", person=str(person.pk), why="检查办理质量").status_code == 302
    assert [each.why for each in Reader.objects.filter(case=assigned, person=person)] == ["检查办理质量"]


def test_says_what_is_missing_and_why(case: Any, desk: Desk, send: Send) -> None:
    page = desk("chair").get(address(case)).content.decode()
    assert "没问陈国强愿不愿意调解" in page
    assert "受理前的问题还有 8 个没问" in page
    assert "第十七条" in page
    send(desk("chair"), case, "parties/2/answers/willing", answer="no", how="phone")
    assert "陈国强不愿意调解" in desk("chair").get(address(case)).content.decode()


def test_a_question_may_forbid_it_and_names_the_route(case: Any, desk: Desk, send: Send) -> None:
    chair = desk("chair")
    send(chair, case, "test", **ALL_YES, **{**ALL_NO, "court": "yes"})
    page = chair.get(address(case)).content.decode()
    assert "依法不能受理：人民法院已经受理" in page
    refused = send(chair, case, "acceptance")
    assert refused.status_code == 409
    declined = send(chair, case, "refusal", ground="court", route="court", remark="请到县人民法院")
    assert declined.status_code == 302
    notice = chair.get(declined["Location"])
    if notice.status_code == 200:
        assert "请到县人民法院" in notice.content.decode()
    case.refresh_from_db()
    assert case.state == "not_accepted"


def test_what_was_typed_stays_when_it_is_refused(assigned: Any, desk: Desk, send: Send) -> None:
    answer = send(desk("mediator"), assigned, "parties", name="", side="respondent", phone="0712-0000-999")
    assert answer.status_code == 422
    assert 'value="0712-0000-999"' in answer.content.decode()
    assert Party.objects.filter(case=assigned).count() == 2
    wrong = send(desk("mediator"), assigned, "parties/1", name="李秀英", born_on="2025-02-29")
    assert wrong.status_code == 422
    page = wrong.content.decode()
    assert 'value="2025-02-29"' in page
    assert "没有“2025-02-29”这一天" in page


def test_a_birthday_on_29_february_is_kept(assigned: Any, desk: Desk, send: Send) -> None:
    answer = send(
        desk("mediator"), assigned, "parties/1", name="李", born_on="1980-02-29", phone="0712-0000-101"
    )
    assert answer.status_code == 302
    assert Party.objects.get(case=assigned, number=1).born_on is not None


def test_two_at_one_case_see_what_the_other_did(case: Any, desk: Desk, send: Send, watch: Watch) -> None:
    chair, mediator = desk("chair"), desk("mediator")
    for party in (1, 2):
        send(chair, case, f"parties/{party}/answers/willing", answer="yes", how="phone")
    send(chair, case, "test", **ALL_YES, **ALL_NO)
    case.refresh_from_db()
    seen = case.version
    watch.on(minutes=1)
    assert send(chair, case, "acceptance", version=seen).status_code == 302
    late = send(mediator, case, "acceptance", version=seen)
    assert late.status_code == 409
    assert "李秀英" in late.content.decode()


def test_a_second_press_does_nothing_twice(case: Any, desk: Desk, watch: Watch, send: Send) -> None:
    chair, command = desk("chair"), str(uuid7())
    for party in (1, 2):
        send(chair, case, f"parties/{party}/answers/willing", answer="yes", how="phone")
    send(chair, case, "test", **ALL_YES, **ALL_NO)
    case.refresh_from_db()
    given = {"command_id": command, "version": case.version}
    assert chair.post(address(case, "acceptance"), given).status_code == 302
    chair.post(address(case, "acceptance"), given)
    case.refresh_from_db()
    assert case.state == "accepted"
    assert Mediation.objects.get(pk=case.pk).file_number.endswith("第1号")


def test_recusal_takes_the_case_from_a_mediator(assigned: Any, desk: Desk, send: Send, cast: Cast) -> None:
    person = cast.people["mediator"]
    client = desk("mediator")
    assert send(client, assigned, "barriers", person=str(person.pk), why="kinship").status_code == 302
    assert not Assignment.objects.current().filter(case=assigned, person=person).exists()
    assert client.get(address(assigned)).status_code == 404


def test_rights_are_told_before_it_begins(assigned: Any, desk: Desk, send: Send, watch: Watch) -> None:
    client = desk("mediator")
    watch.on(minutes=1)
    assert send(client, assigned, "beginning").status_code == 409
    for party in (1, 2):
        sent = send(client, assigned, f"parties/{party}/answers/rights", answer="yes", how="spoken")
        assert sent.status_code == 302
    assert send(client, assigned, "beginning").status_code == 302
    assigned.refresh_from_db()
    assert assigned.state == "in_mediation"
    assert Assent.objects.filter(case=assigned, matter="rights").count() == 2


def test_a_helper_needs_everybody(assigned: Any, desk: Desk, send: Send) -> None:
    client = desk("mediator")
    assert (
        send(client, assigned, "companions", role="helper", name="陶金枝", relation="村干部").status_code
        == 302
    )
    page = client.get(address(assigned)).content.decode()
    assert "记下李秀英同不同意" in page
    assert "记下陈国强同不同意" in page


def test_the_letter_shows_the_code_once(assigned: Any, desk: Desk, send: Send) -> None:
    client = desk("mediator")
    answer = send(client, assigned, "parties/2/code")
    assert answer.status_code == 302
    letter = client.get(answer["Location"])
    page = letter.content.decode()
    assert "ll-code" in page
    assert "data:image/svg+xml" in page
    assert letter["Cache-Control"] == "no-store"
    assert client.get(answer["Location"]).status_code == 302
    assert desk("centre").get(answer["Location"]).status_code == 404


def test_opening_takes_the_same_statements_however_much_there_is(
    assigned: Any, desk: Desk, send: Send
) -> None:
    client = desk("mediator")

    def statements() -> int:
        with CaptureQueriesContext(connection) as taken:
            client.get(address(assigned))
        return len(taken)

    statements()  # the session's first page also saves the session
    before = statements()
    for n in range(6):
        send(client, assigned, "parties", name=f"证人{n}", side="respondent")
    # one more at most: a page asks once a second whether the remembered calendar still holds
    assert statements() <= before + 1


def test_a_form_with_a_name_field_keeps_its_anchor(assigned: Any, desk: Desk) -> None:
    page = desk("mediator").get(address(assigned)).content.decode()
    for anchor in ("party-new", "party-1", "companion-new", "code-2"):
        assert f'id="{anchor}"' in page


def test_the_desk_says_how_much_is_missing_and_no_name(assigned: Any, desk: Desk) -> None:
    page = desk("mediator").get("/desk/mediations").content.decode()
    assert assigned.title in page
    assert "还缺 2 样，才能开始调解" in page
    assert not any(secret in page for secret in SECRETS)
