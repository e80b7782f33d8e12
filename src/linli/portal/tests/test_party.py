"""Following a mediation as one party: what it sees and does, and that nothing tells of anybody else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from conftest import NOW, Cast, Town
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from linli.cases import actions as cases
from linli.cases.models import Case
from linli.kit.ids import uuid7
from linli.mediation import actions as mediations
from linli.mediation.actions import sittings, talks
from linli.mediation.models import Assent, Assignment, Invitation, Paper, Signature, SittingKind, Talk
from linli.people.access import Actor
from linli.portal.tests.conftest import fields_of

pytestmark = pytest.mark.django_db
A, B = 1, 2
STROKES = json.dumps([[[0.1, 0.5], [0.2, 0.3], [0.3, 0.7]], [[0.6, 0.2], [0.6, 0.8]]])
CLAUSES = [
    "陈国强在2026年10月25日前，把院墙东侧雨水管改接到村内主沟。",
    "墙根返潮修补费1200元，陈国强承担800元。",
]
SECRET = "其实八百块就行，关键是他得先把管子改了。"


class Matter:
    """A dispute on its way, and its two parties at their phones."""

    def __init__(self, case: Case, cast: Cast) -> None:
        self.id: UUID = case.pk
        self.cast = cast
        self.at = NOW
        self.phones = {A: self.phone(A), B: self.phone(B)}

    @property
    def case(self) -> Case:
        return Case.objects.get(pk=self.id)

    def phone(self, number: int) -> Client:
        client = Client()
        code = mediations.party_code(self.id, number)
        assert client.post("/track/", {"code": code})["Location"] == "/disputes/progress"
        return client

    def page(self, number: int) -> str:
        """The page of a party, without what is new each time it is asked for."""
        page = self.phones[number].get("/disputes/progress").content.decode()
        page = re.sub(r'name="csrfmiddlewaretoken" value="\w+"|"X-CSRFToken": "\w+"', "", page)
        return re.sub(r'name="command_id" value="[\w-]+"', "", page)

    def do(self, act: Callable[..., Any], who: str | Actor = "mediator", **given: Any) -> Any:
        """An action with a command of its own, by somebody of the cast, a little later than the one before."""
        self.at += timedelta(minutes=1)
        by = self.cast[who] if isinstance(who, str) else who
        return act(case=self.id, by=by, at=self.at, **given)

    def move(self, verb: str, who: str = "mediator") -> None:
        self.do(cases.advance, who, verb=verb, command_id=uuid7(), data={})

    def press(self, number: int, question: str, answer: str = "yes") -> Any:
        return self.phones[number].post("/disputes/answers", {"question": question, "answer": answer})

    def accepted(self) -> None:
        self.move("ask", "chair")
        for number in (A, B):
            assert self.press(number, "willing").status_code == 303
        answers = {"respondent": True, "request": True, "facts": True}
        answers |= dict.fromkeys(("reserved", "court", "crime", "government", "status"), False)
        self.do(mediations.set_test, "chair", answers=answers)
        self.do(mediations.accept, "chair", command_id=uuid7())

    def appointed(self) -> None:
        self.accepted()
        people = self.cast.people
        self.do(
            mediations.appoint,
            "chair",
            mediators=[people["mediator"]],
            recorder=people["second_mediator"],
            chosen_by_parties=False,
            command_id=uuid7(),
        )

    def begun(self) -> None:
        self.appointed()
        for number in (A, B):
            assert self.press(number, "rights").status_code == 303
        self.do(mediations.begin, command_id=uuid7())

    def agreement(self, *clauses: str, before: Paper | None = None) -> Paper:
        paper: Paper = self.do(
            mediations.write,
            kind="agreement",
            content={
                "facts": "雨水管正对墙根，屋里返潮。",
                "clauses": list(clauses) or CLAUSES,
                "manner": "转账付清",
                "copies": 3,
                "date": "2026-09-30",
                "bar": "",
                "amount": "1200.00",
                "instalments": [{"party": B, "what": "改接雨水管", "amount": "", "due_on": "2026-10-25"}],
            },
            lineage=before.lineage if before else None,
            seen=before.version if before else None,
            is_joint=True,
        )
        return paper

    def drafted(self) -> Paper:
        self.begun()
        paper = self.agreement()
        self.do(mediations.draft, command_id=uuid7())
        return paper

    def sign(self, number: int, paper: Paper, **changes: str) -> Any:
        given = {"sha256": paper.sha256, "strokes": STROKES, **changes}
        return self.phones[number].post(f"/disputes/papers/{paper.id}", given)


@pytest.fixture
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somewhat later than everything that happens in these tests."""
    monkeypatch.setattr("linli.kit.clock.now", lambda: NOW + timedelta(hours=2))


@pytest.fixture
def matter(dispute: Callable[..., Any], cast: Cast, at_noon: None) -> Matter:
    return Matter(dispute().case, cast)


def moment(hours: int) -> datetime:
    return NOW + timedelta(hours=hours)


def test_says_who_has_it_until_when_and_what_is_next(matter: Matter) -> None:
    matter.accepted()
    page = matter.page(A)
    for said in ("东河镇人民调解委员会", "已受理，等待确定调解员", "10月30日", "逐行推算", "不收费"):
        assert said in page


def test_a_party_knows_the_others_by_name_alone(matter: Matter) -> None:
    page = matter.page(B)
    assert "李秀英" in page
    assert "0712-0000-102" in page
    for hidden in ("0712-0000-101", "绿林村三组"):
        assert hidden not in page


def test_questions_wait_until_they_are_answered_and_can_be_answered_anew(matter: Matter) -> None:
    matter.move("ask", "chair")
    assert "您愿意调解吗" in matter.page(B).split("您答复过的")[0]
    assert matter.press(B, "willing", "no")["Location"] == "/disputes/progress?done=answer"
    assert "不愿意调解" in matter.page(B)
    matter.press(B, "willing", "yes")
    assert Assent.objects.last_answers(matter.id, "willing")[B]
    assert list(Assent.objects.filter(party=B).values_list("how", flat=True)) == ["code", "code"]


def test_what_is_not_asked_cannot_be_answered(matter: Matter) -> None:
    before = Assent.objects.count()
    for question in ("oral", "rights", "confirmation", "nonsense", ""):
        assert matter.press(A, question).status_code == 422
    assert matter.press(A, "willing", "perhaps").status_code == 422
    assert Assent.objects.count() == before


def test_the_notice_of_rights_is_read_before_it_is_acknowledged(matter: Matter) -> None:
    matter.appointed()
    page = matter.page(A)
    for said in ("选择或者接受人民调解员", "如实陈述纠纷事实", "看明白了"):
        assert said in page
    assert matter.press(A, "rights").status_code == 303


def test_a_party_objects_to_a_mediator_without_giving_a_reason(matter: Matter) -> None:
    matter.appointed()
    assignment = Assignment.objects.get(person=matter.cast.people["mediator"])
    assert matter.press(A, f"mediator-{assignment.id}", "no").status_code == 303
    assignment.refresh_from_db()
    assert assignment.ended_at is not None
    assert "程立新" not in matter.page(B).split("调解员")[1].split("记录人")[0]


def test_confirms_a_session_and_puts_it_in_the_calendar(matter: Matter) -> None:
    matter.begun()
    sitting = joint(matter)
    phone = matter.phones[B]
    assert phone.post(f"/disputes/sessions/{sitting.id}/answer", {"answer": "perhaps"}).status_code == 422
    answer = phone.post(f"/disputes/sessions/{sitting.id}/answer", {"answer": "unable", "note": "要去县医院"})
    assert answer.status_code == 303
    assert Invitation.objects.get(party=B).note == "要去县医院"
    assert "要去县医院" in matter.page(B)
    assert "要去县医院" not in matter.page(A)
    ics = phone.get(f"/disputes/sessions/{sitting.id}.ics")
    assert ics["Content-Type"].startswith("text/calendar")
    assert b"BEGIN:VEVENT" in ics.content


def joint(matter: Matter, **changes: Any) -> Any:
    given = {"kind": SittingKind.JOINT, "starts_at": moment(48), "ends_at": moment(50), "room": None}
    return matter.do(sittings.plan, **{**given, "place": "镇调解室", "command_id": uuid7(), **changes})


def separate(matter: Matter, number: int) -> Any:
    return joint(matter, kind=SittingKind.SEPARATE, party=number, starts_at=moment(30), ends_at=moment(31))


# Isolation ------------------------------------------------------------------------------------


def test_nothing_shows_that_another_party_talked_alone_sat_alone_or_has_papers(matter: Matter) -> None:
    """The page of one party is the same to the byte before and after the other's own part grows."""
    matter.begun()
    joint(matter)
    before, headers = matter.page(B), headers_of(matter.phones[B])
    case = matter.case
    separate(matter, A)
    matter.do(talks.talk, party=A, text=SECRET, held_at=NOW)
    own = matter.phones[A].post("/disputes/legal-aid", legal_aid(matter, A))
    assert own.status_code == 303
    assert matter.sign(A, Paper.objects.get(kind="legal_aid")).status_code in (303, 422)
    matter.press(A, "public", "no")
    assert SECRET in matter.page(A)
    assert matter.page(B) == before
    assert headers_of(matter.phones[B]) == headers
    assert (matter.case.state, matter.case.due_at) == (case.state, case.due_at)


def headers_of(client: Client) -> list[tuple[str, str]]:
    answer = client.get("/disputes/progress")
    return sorted(
        (name, value) for name, value in answer.headers.items() if name != "Content-Security-Policy"
    )


def legal_aid(matter: Matter, number: int) -> dict[str, str]:
    form = fields_of(matter.phones[number].get("/disputes/legal-aid"), "/disputes/legal-aid")
    return {**{name: values[0] for name, values in form.items()}, "unable": "家里三口人，靠种地生活。"}


def test_what_belongs_to_another_party_does_not_exist(matter: Matter) -> None:
    matter.begun()
    sitting = separate(matter, A)
    talk = matter.do(talks.talk, party=A, text=SECRET, held_at=NOW)
    paper = matter.do(
        mediations.write,
        kind="investigation",
        content={
            "at": "2026-09-30T16:00",
            "place": "家里",
            "investigators": ["程立新"],
            "asked": "李秀英",
            "content": "问",
        },
        party=A,
    )
    other = matter.phones[B]
    for address in (f"papers/{paper.id}", f"papers/{paper.id}.pdf", f"sessions/{sitting.id}.ics"):
        assert matter.phones[A].get(f"/disputes/{address}").status_code == 200
        assert other.get(f"/disputes/{address}").status_code == 404
    assert matter.sign(B, paper).status_code == 404
    for address in (f"sessions/{sitting.id}/answer", f"talks/{talk.id}/release"):
        assert other.post(f"/disputes/{address}", {"answer": "coming"}).status_code == 404
    assert Talk.objects.get().released_at is None
    assert not Signature.objects.filter(paper=paper.id).exists()


def test_asking_takes_as_many_queries_whatever_the_others_have(
    matter: Matter, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from linli.cases.procedures import calendar

    monkeypatch.setattr(calendar, "RECHECK_SECONDS", 600.0)  # on a busy machine it is asked once more
    matter.begun()
    matter.page(B)
    with CaptureQueriesContext(connection) as asked:
        matter.page(B)
    for _ in range(3):
        matter.do(talks.talk, party=A, text=SECRET, held_at=NOW)
    separate(matter, A)
    with django_assert_num_queries(len(asked)):
        matter.page(B)


def test_a_talk_is_read_by_all_once_its_own_party_releases_it(matter: Matter) -> None:
    matter.begun()
    talk = matter.do(talks.talk, party=A, text=SECRET, held_at=NOW)
    assert SECRET not in matter.page(B)
    assert matter.phones[A].post(f"/disputes/talks/{talk.id}/release").status_code == 303
    assert SECRET in matter.page(B)


def test_no_number_of_anything_is_shown(matter: Matter) -> None:
    matter.drafted()
    page = matter.page(A)
    assert "version" not in page
    assert "event_number" not in page


# Papers and signatures --------------------------------------------------------------------------


def test_signs_exactly_the_text_that_was_shown(matter: Matter) -> None:
    paper = matter.drafted()
    page = matter.phones[A].get(f"/disputes/papers/{paper.id}").content.decode()
    assert CLAUSES[0] in page
    assert paper.sha256[:4] in page
    assert matter.sign(A, paper)["Location"] == "/disputes/progress?done=signed"
    signature = Signature.objects.get(signer="party")
    assert (signature.party, signature.sha256, signature.how) == (A, paper.sha256, "code")
    assert '<path d="M20.0 50.0Q' in matter.phones[B].get(f"/disputes/papers/{paper.id}").content.decode()


@pytest.mark.parametrize(
    "drawn",
    ["", "[]", "null", "[[]]", "[[[0.5]]]", "[[[0.5,0.5]]]", "[[[2,0]]]", '{"a":1}', "[" * 5000, "李秀英"],
)
def test_only_a_drawing_is_a_signature(matter: Matter, drawn: str) -> None:
    paper = matter.drafted()
    assert matter.sign(A, paper, strokes=drawn).status_code == 422
    assert not Signature.objects.exists()


def test_an_older_text_is_not_signed_and_the_new_one_is_shown_with_the_drawing_kept(matter: Matter) -> None:
    old = matter.drafted()
    matter.do(mediations.redraft, remark="改一条", command_id=uuid7())
    new = matter.agreement(CLAUSES[0], before=old)
    matter.do(mediations.draft, command_id=uuid7())
    page = matter.sign(A, old)
    assert page.status_code == 409
    said = page.content.decode()
    assert "文字改了，刚才没有签上" in said
    assert CLAUSES[0] in said
    assert CLAUSES[1] not in said
    form = fields_of(page, f"/disputes/papers/{new.id}")
    assert form["strokes"] == [STROKES]
    assert not Signature.objects.exists()
    assert matter.phones[A].post(f"/disputes/papers/{new.id}", form).status_code == 303
    assert matter.phones[A].get(f"/disputes/papers/{old.id}")["Location"] == f"/disputes/papers/{new.id}"


def test_a_changed_word_asks_for_the_signature_again(matter: Matter) -> None:
    old = matter.drafted()
    matter.sign(A, old)
    matter.do(mediations.redraft, remark="改一条", command_id=uuid7())
    matter.agreement(CLAUSES[0], before=old)
    matter.do(mediations.draft, command_id=uuid7())
    assert "要重新看、重新签" in matter.page(A)
    assert "要重新看、重新签" not in matter.page(B)


def test_drafts_are_shown_to_nobody_before_they_are_put_forward(matter: Matter) -> None:
    matter.begun()
    before = matter.page(A)
    paper = matter.agreement()
    assert matter.page(A) == before
    assert matter.phones[A].get(f"/disputes/papers/{paper.id}").status_code == 404


def test_the_official_form_hides_what_is_only_the_others_own(matter: Matter) -> None:
    paper = matter.drafted()
    answer = matter.phones[B].get(f"/disputes/papers/{paper.id}.pdf")
    assert answer.content.startswith(b"%PDF")
    from io import BytesIO

    from pypdf import PdfReader

    words = "".join(page.extract_text() for page in PdfReader(BytesIO(answer.content)).pages)
    assert "李秀英" in words
    assert "0712-0000-101" not in words
    assert "0712-0000-102" in words


# Ending -----------------------------------------------------------------------------------------


def test_a_party_ends_it_in_the_middle_after_being_asked_once_more(matter: Matter) -> None:
    matter.begun()
    phone = matter.phones[B]
    assert "真的不想再调解" in phone.get("/disputes/end").content.decode()
    refused = phone.post("/disputes/end", {"remark": "不谈了"})
    assert refused.status_code == 422
    assert "不谈了" in refused.content.decode()
    assert matter.case.state == "in_mediation"
    assert phone.post("/disputes/end", {"remark": "不谈了", "sure": "yes"}).status_code == 303
    assert matter.case.state == "terminated"
    for number in (A, B):
        assert "有一方不再调解，已终止" in matter.page(number)
    assert "法律援助" in matter.page(A)
    assert phone.get("/disputes/end").status_code == 422


def test_legal_aid_is_filled_in_from_the_case_and_seen_by_its_party_alone(matter: Matter) -> None:
    matter.begun()
    form = legal_aid(matter, A)
    assert "返潮" in form["facts"]
    assert "改接雨水管" in form["requests"]
    empty = matter.phones[A].post("/disputes/legal-aid", {**form, "unable": ""})
    assert empty.status_code == 422
    assert form["facts"] in empty.content.decode()
    address = matter.phones[A].post("/disputes/legal-aid", form)["Location"]
    assert "靠种地生活" in matter.phones[A].get(address).content.decode()
    assert matter.phones[B].get(address).status_code == 404


def test_everything_without_a_code_leads_back_to_the_question_for_one(matter: Matter, town: Town) -> None:
    matter.drafted()
    stranger = Client()
    paper = Paper.objects.get(kind="agreement")
    assert stranger.get("/disputes/progress")["Location"] == "/track/"
    assert stranger.get(f"/disputes/papers/{paper.id}")["Location"] == "/track/"
    assert stranger.get(f"/disputes/papers/{paper.id}.pdf").status_code == 404
    for address in ("answers", "end", "legal-aid"):
        answer = stranger.post(f"/disputes/{address}", {"remark": "我写的话", "facts": "我写的话"})
        assert answer.status_code == 422
    stranger.cookies["linli_party"] = f"{matter.id}/1"
    assert stranger.get("/disputes/progress")["Location"] == "/track/"


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_signs_with_a_finger_and_loses_nothing_when_the_phone_is_turned(
    matter: Matter, window: Callable[..., Page]
) -> None:
    paper = matter.drafted()
    ticket = matter.phones[A].cookies["linli_party"].coded_value.strip('"')
    page = window(width=360, linli_party=ticket)
    page.goto(f"/disputes/papers/{paper.id}")
    status = page.locator("ll-sign [role=status]")
    for line in (((0.2, 0.3), (0.3, 0.7), (0.4, 0.3)), ((0.6, 0.2), (0.6, 0.8)), ((0.8, 0.5),)):
        draw(page, line)
    expect(status).to_contain_text("3")
    drawn = page.input_value("input[name=strokes]")
    page.set_viewport_size({"width": 780, "height": 360})
    assert page.input_value("input[name=strokes]") == drawn
    page.click("[data-undo]")
    expect(status).to_contain_text("2")
    kept = json.loads(page.input_value("input[name=strokes]"))
    assert all(0 <= part <= 1 for line in kept for point in line for part in point)
    page.get_by_role("button", name="签字").click()
    page.wait_for_url("**/disputes/progress?done=signed")
    assert Signature.objects.get(signer="party").strokes == kept


def draw(page: Page, line: tuple[tuple[float, float], ...]) -> None:
    canvas = page.locator("ll-sign canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in line]
    page.mouse.move(*points[0])
    page.mouse.down()
    for x, y in points[1:]:
        page.mouse.move(x, y, steps=8)
    page.mouse.up()


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_without_a_script_the_page_says_how_else_to_sign(
    matter: Matter, browser: Browser, live_server: Any
) -> None:
    paper = matter.drafted()
    ticket = matter.phones[A].cookies["linli_party"].coded_value.strip('"')
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    context.add_cookies([{"name": "linli_party", "value": ticket, "url": live_server.url}])
    page = context.new_page()
    page.goto(f"/disputes/papers/{paper.id}")
    expect(page.locator("ll-sign [data-without]")).to_be_visible()
    expect(page.locator("ll-sign [data-pad]")).to_be_hidden()
    context.close()
