"""Applying for mediation: step by step without a script, nothing lost on the way, every mistake named."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from linli.cases.models import Case
from linli.kit import sealing
from linli.kit.sealing import keys
from linli.mediation.models import Assent, Mediation, Paper, Party
from linli.portal.tests.conftest import fields_of

pytestmark = pytest.mark.django_db
BRIEF = "去年陈家砌院墙以后，雨水管正对我家墙根，屋里返潮。"
MATTER: dict[str, Any] = {
    "category": "neighbours",
    "subject": "院墙排水纠纷",
    "brief": BRIEF,
    "requests": ["改接雨水管", "修补墙根", ""],
}
WHERE = {"town": "990001101", "village": "990001101201"}
WHO = {"applicant-0-name": "李秀英", "applicant-0-phone": "0712-0000-101", "respondent-0-name": "陈国强"}


class Applicant:
    """Somebody applying, who sees one page after the other."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.page: Any = client.get("/disputes/")

    @property
    def typed(self) -> dict[str, list[str]]:
        return fields_of(self.page, "/disputes/")

    @property
    def step(self) -> str:
        return self.typed["step"][0]

    @property
    def said(self) -> str:
        return str(self.page.content.decode())

    def press(self, go: str = "next", **changes: Any) -> Any:
        self.page = self.client.post("/disputes/", {**self.typed, "go": go, **changes})
        return self.page

    def to(self, step: str, **changes: Any) -> Any:
        """Goes on to a step, filling in what it asks for on the way."""
        for given in ({"willing": "yes"}, MATTER, WHERE, WHO):
            if self.step == step:
                break
            self.press(**{name: changes.get(name, value) for name, value in given.items()})
        return self.page

    def send(self, **changes: Any) -> Any:
        self.to("check", **changes)
        return self.press()

    @property
    def code(self) -> str:
        return str(self.client.get("/disputes/receipt").context["code"])


@pytest.fixture
def applicant(client: Client, committee: Any, at_noon: None) -> Applicant:
    return Applicant(client)


def test_an_application_comes_in_while_the_keys_are_away(
    applicant: Applicant, settings: Any, tmp_path: Path
) -> None:
    settings.KEYRING, settings.INTAKE_KEY = tmp_path / "keyring.json", tmp_path / "intake.json"
    keys.forget()
    sealing.keyring()
    kept = settings.KEYRING.rename(tmp_path / "elsewhere")
    keys.forget()
    assert applicant.send()["Location"] == "/disputes/receipt"
    receipt = applicant.client.get("/disputes/receipt").content.decode()
    assert applicant.code in receipt
    assert "现在暂时打不开来给您看" in receipt
    assert BRIEF not in receipt
    kept.rename(settings.KEYRING)
    keys.forget()
    assert BRIEF in applicant.client.get("/disputes/receipt").content.decode()
    keys.forget()


def test_five_steps_without_a_script_end_in_a_receipt_with_the_partys_code(applicant: Applicant) -> None:
    for step in ("willing", "what", "where", "who", "check"):
        applicant.to(step)
        assert applicant.step == step
        assert applicant.page.status_code == 200
    assert applicant.press()["Location"] == "/disputes/receipt"
    case, matter = Case.objects.get(), Mediation.objects.get()
    assert (case.kind, matter.source, matter.requests) == ("mediation", "applied", ["改接雨水管", "修补墙根"])
    assert [(each.name, each.side) for each in Party.objects.order_by("number")] == [
        ("李秀英", "applicant"),
        ("陈国强", "respondent"),
    ]
    receipt = applicant.client.get("/disputes/receipt")
    page = receipt.content.decode()
    for said in (applicant.code, "不收费", "接下来", "个工作日", BRIEF):
        assert said in page
    assert "no-store" in receipt["Cache-Control"]
    assert "李秀英" not in case.title
    assert Paper.objects.filter(kind="application").exists()


def test_whoever_is_unwilling_is_told_the_routes_and_nothing_is_stored(applicant: Applicant) -> None:
    page = applicant.press(willing="no").content.decode()
    for route in ("仲裁", "行政机关", "人民法院", "12348", "三年"):
        assert route in page
    assert not Case.objects.exists()
    assert not applicant.client.session.keys()


def test_there_is_no_field_for_a_fee(applicant: Applicant) -> None:
    for step in ("willing", "what", "where", "who", "check"):
        applicant.to(step)
        assert not any("fee" in name or "amount" in name for name in applicant.typed)


def test_the_summary_of_what_is_wrong_is_punctuated_as_its_language_is(applicant: Applicant) -> None:
    applicant.to("who")
    applicant.press()
    assert "您，" in applicant.said
    applicant.client.cookies["linli_language"] = "en"
    applicant.press()
    assert "You, Name" in applicant.said
    assert "，" not in applicant.said.split('class="alert is-danger"')[1].split("</ul>")[0]


def test_going_back_and_forth_loses_nothing(applicant: Applicant) -> None:
    applicant.to("check")
    before = {name: values for name, values in applicant.typed.items() if name != "step"}
    for step in ("who", "where", "what", "willing"):
        applicant.press("back")
        assert applicant.step == step
    for step in ("what", "where", "who", "check"):
        applicant.press()
        assert applicant.step == step
    assert {name: values for name, values in applicant.typed.items() if name != "step"} == before


def test_a_mistake_is_named_at_its_field_and_everything_typed_stays(applicant: Applicant) -> None:
    applicant.to("what")
    page = applicant.press(**{**MATTER, "subject": "", "requests": ["", ""]})
    assert page.status_code == 422
    assert 'href="#subject"' in applicant.said
    assert 'href="#requests"' in applicant.said
    assert BRIEF in applicant.said
    assert applicant.typed["category"] == ["neighbours"]


@pytest.mark.parametrize(("length", "is_right"), [(1, True), (50, True), (51, False)])
def test_a_name_has_one_to_fifty_characters(applicant: Applicant, length: int, is_right: bool) -> None:
    name = "李" * length
    applicant.to("who")
    page = applicant.press(**{**WHO, "applicant-0-name": name})
    assert (page.status_code == 200) is is_right
    assert name in applicant.said
    assert ('href="#applicant-0-name"' in applicant.said) is not is_right


@pytest.mark.parametrize(
    ("born", "is_right"),
    [
        (("2000", "2", "29"), True),
        (("2001", "2", "29"), False),
        (("1899", "1", "1"), False),
        (("2000", "", ""), False),
    ],
)
def test_birth_dates_are_days_that_were(
    applicant: Applicant, born: tuple[str, str, str], is_right: bool
) -> None:
    given = dict(zip(("applicant-0-year", "applicant-0-month", "applicant-0-day"), born, strict=True))
    applicant.to("who")
    assert (applicant.press(**{**WHO, **given}).status_code == 200) is is_right
    assert applicant.typed["applicant-0-year"] == [born[0]]
    if is_right:
        applicant.press()
        assert Party.objects.get(number=1).born_on == date(2000, 2, 29)
    else:
        assert 'href="#applicant-0-born_on"' in applicant.said


def test_somebody_on_the_other_side_is_needed(applicant: Applicant) -> None:
    applicant.to("who")
    assert applicant.press(**{**WHO, "respondent-0-name": " "}).status_code == 422
    assert 'href="#respondent-0-name"' in applicant.said
    assert applicant.typed["applicant-0-name"] == ["李秀英"]


def test_ten_people_fit_on_each_side_and_eleven_are_told(applicant: Applicant) -> None:
    applicant.to("who")
    for _ in range(12):
        applicant.press("add:respondent", **WHO)
    assert "add:respondent" not in applicant.said
    names = {f"respondent-{n}-name": f"陈国{n}" for n in range(10)}
    assert applicant.press(**{**WHO, **names}).status_code == 200
    applicant.press("back")
    assert applicant.press(**{**WHO, **names, "respondent-10-name": "第十一人"}).status_code == 422
    assert "第十一人" in applicant.said
    applicant.press("remove:respondent:10")
    applicant.press()
    applicant.press()
    assert Party.objects.filter(side="respondent").count() == 10


def test_a_body_may_be_a_party(applicant: Applicant) -> None:
    applicant.to("who")
    applicant.press(**{**WHO, "respondent-0-name": "青石县某物业公司", "respondent-0-body": "1"})
    applicant.press()
    assert Party.objects.get(number=2).is_body


def test_sent_twice_it_is_one_case(applicant: Applicant) -> None:
    applicant.to("check")
    form = applicant.typed
    first = applicant.client.post("/disputes/", {**form, "go": "next"})
    again = applicant.client.post("/disputes/", {**form, "go": "next"})
    assert (first.status_code, again.status_code) == (303, 303)
    assert Case.objects.count() == 1
    changed = applicant.client.post(
        "/disputes/", {**form, "go": "next", "brief": "写的是另外一件事，和刚才的不一样。"}
    )
    assert changed.status_code == 409
    assert (
        applicant.client.post("/disputes/", {**fields_of(changed, "/disputes/"), "go": "anew"}).status_code
        == 303
    )
    assert Case.objects.count() == 2


def test_a_command_of_somebody_else_is_not_taken(applicant: Applicant) -> None:
    applicant.send()
    case = Case.objects.get()
    stranger = Applicant(Client())
    stranger.to("check")
    stranger.press(command=f"{case.pk}:forged")
    assert Case.objects.count() == 2


def test_what_the_applicant_said_counts_as_their_willingness(applicant: Applicant) -> None:
    applicant.send()
    assert list(Assent.objects.values_list("party", "matter", "answer")) == [(1, "willing", True)]


def test_the_code_leads_to_the_party_page_however_it_is_typed(applicant: Applicant) -> None:
    applicant.send()
    for code in (applicant.code, applicant.code.lower().replace("-", " ")):
        somebody = Client()
        answer = somebody.post("/track/", {"code": code})
        assert answer["Location"] == "/disputes/progress"
        assert code not in str(somebody.cookies)
        assert "院墙排水纠纷" in somebody.get("/disputes/progress").content.decode()
        assert somebody.get("/track/")["Location"] == "/disputes/progress"


def test_leaving_forgets_the_party(applicant: Applicant) -> None:
    applicant.send()
    applicant.client.post("/track/departure")
    assert applicant.client.get("/disputes/progress")["Location"] == "/track/"
    assert applicant.client.get("/disputes/receipt")["Location"] == "/track/"


def test_wrong_codes_take_the_same_answer_and_the_same_work(
    applicant: Applicant, django_assert_max_num_queries: Any
) -> None:
    applicant.send()
    Client().post("/track/", {"code": "0"})
    pages = set()
    for code in ("0000000000000", "short", "7K3M-9QXT-2RB8V"):
        with django_assert_max_num_queries(13) as asked:
            page = Client().post("/track/", {"code": code})
        pages.add((page.status_code, page.content.decode().count("alert"), len(asked)))
    assert len(pages) == 1


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_step_is_there_in_both_languages(
    client: Client, committee: Any, at_noon: None, language: str
) -> None:
    client.cookies["linli_language"] = language
    applicant = Applicant(client)
    for step in ("willing", "what", "where", "who", "check"):
        applicant.to(step)
        assert applicant.step == step
    applicant.press()
    assert ("Your party code" in client.get("/disputes/receipt").content.decode()) is (language == "en")
