"""A dispute from the application to the archive, in real browsers: two phones, a centre, a committee, a mediator.

One neighbour applies on the phone; the centre gives the case to the committee; its chair takes it and sends the other
neighbour a letter with a code; both say they are willing. They are told their rights, meet, agree, sign on their
phones; the mediator signs, the committee seals. What was agreed is done, the file is completed and put away.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from conftest import Cast, Town
from django.utils import timezone
from PIL import Image
from playwright.sync_api import FilePayload, Locator, Page, expect
from pypdf import PdfReader

from linli.cases import actions as cases
from linli.cases.models import Case, Event
from linli.kit import clock
from linli.mediation.models import Mediation, Room, Signature, Talk
from linli.privacy.models import Read

pytestmark = [pytest.mark.browser, pytest.mark.journey, pytest.mark.django_db(transaction=True)]

Window = Callable[..., Page]
APPLICANT, RESPONDENT = "李秀英", "陈国强"
SUBJECT = "院墙排水纠纷"
BRIEF = "去年陈家砌院墙以后，雨水管正对我家墙根，屋里返潮。"
CLAUSES = ("陈国强把雨水管改接到自家排水沟。", "李秀英自行修补墙根，双方互不追究。")
CODE = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{5}")
FRESH = re.compile(
    r'name="(csrfmiddlewaretoken|command_id)" value="[^"]+"|"X-CSRFToken": "[^"]+"|nonce="[^"]+"'
)
POINTS = (
    "调解员宣读权利义务告知书，双方听清楚，没有疑问。",
    "说明自愿、平等、不收费；双方不申请回避。",
    "李秀英说屋里返潮；陈国强说没有别的地方排水。",
    "现场看过，雨水管正对李家墙根，相距四十厘米。",
    "已告知协议有约束力，也可以共同申请司法确认。",
    "双方自愿达成协议，内容见调解协议书。",
)


def deliver() -> None:
    """What the worker does between two steps: hands over the outbox."""
    while cases.run_due(at=clock.now()):
        pass


def state() -> str:
    return str(Case.objects.get().state)


def photo() -> FilePayload:
    data = BytesIO()
    Image.new("RGB", (640, 480), "navy").save(data, "JPEG")
    return {"name": "papers.jpg", "mimeType": "image/jpeg", "buffer": data.getvalue()}


# The phones -------------------------------------------------------------------------------------


def go_on(page: Page) -> None:
    page.locator("main form button.btn-primary[name=go]:visible").last.click()


def apply(page: Page, town: Town) -> str:
    """Applies in five steps; returns the code of the applicant."""
    page.goto("/disputes/")
    page.check("input[name=willing][value=yes]")
    go_on(page)
    page.select_option("#category", "neighbours")
    page.fill("#subject", SUBJECT)
    page.fill("#brief", BRIEF)
    page.locator("input[name=requests]").first.fill("改接雨水管")
    go_on(page)
    page.select_option("#town", town["east"].code)
    expect(page.locator("#village option")).to_have_count(2)
    page.select_option("#village", town["village"].code)
    go_on(page)
    page.fill("#applicant-0-name", APPLICANT)
    page.fill("#applicant-0-phone", "0712-0000-101")
    page.fill("#respondent-0-name", RESPONDENT)
    go_on(page)
    expect(page.locator("main")).to_contain_text(BRIEF)
    go_on(page)
    expect(page.locator("h1")).to_have_text("申请收到了")
    return page.locator("#code").inner_text()


def enter(page: Page, code: str) -> None:
    page.goto("/track/")
    page.fill("#code", code)
    page.click("main button.btn-primary")
    expect(page.locator("h1")).to_have_text(SUBJECT)


def reply(page: Page, question: str) -> None:
    """Says yes to a question of the page."""
    page.goto("/disputes/progress")
    page.locator(f"form[id^='{question}'] button[value=yes]").click()
    expect(page.locator("[role=status]", has_text="您的答复记下了")).to_be_visible()


def draw(page: Page) -> None:
    """Two strokes in the field to sign in."""
    canvas = page.locator("ll-sign canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    for begin, end in (((0.2, 0.3), (0.7, 0.4)), ((0.4, 0.2), (0.5, 0.8))):
        page.mouse.move(box["x"] + box["width"] * begin[0], box["y"] + box["height"] * begin[1])
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * end[0], box["y"] + box["height"] * end[1], steps=6)
        page.mouse.up()
    expect(page.locator("ll-sign [role=status]")).to_have_text("写了 2 笔。")


def sign_on_phone(page: Page, paper: str) -> None:
    """Reads a paper that waits for this party, and signs it."""
    page.goto("/disputes/progress")
    page.locator("li", has_text=paper).get_by_role("link", name="去看、去签").click()
    expect(page.locator("h1")).to_have_text(paper)
    draw(page)
    page.get_by_role("button", name="我看过了，签字").click()
    expect(page.locator("[role=status]", has_text="签好了")).to_be_visible()


def seen_by(page: Page) -> str:
    """The page of a party as it came over the wire, without what is new each time it is asked for."""
    return FRESH.sub("", page.request.get("/disputes/progress").text())


# The desks --------------------------------------------------------------------------------------


def said(page: Page, words: str) -> None:
    expect(page.locator("[role=status]", has_text=words).first).to_be_visible()
    deliver()


def opened(page: Page) -> None:
    page.goto(f"/desk/mediations/{Case.objects.get().number}")
    expect(page.locator("h1")).to_have_text(SUBJECT)


def form(page: Page, ending: str) -> Locator:
    """The form that goes to that address, unfolded where it was folded."""
    found = page.locator(f"form[action$='{ending}']")
    fold = page.locator("details", has=found).last
    if fold.count() and fold.get_attribute("open") is None:
        fold.locator("> summary").click()
    return found


def press(page: Page, ending: str, words: str) -> None:
    """Presses the button of a form, and sees it confirmed."""
    form(page, ending).locator("button:not([type=button])").last.click()
    said(page, words)


def move(page: Page, verb: str) -> None:
    """A move of the page every case has."""
    page.locator(f"#move-{verb} button:not([type=button])").last.click()
    said(page, "已记下")


def send(page: Page, words: str, **fields: str) -> None:
    """Fills in the form of a page that has just one, and sends it."""
    for name, value in fields.items():
        field = page.locator(f"main form [name='{name.replace('__', '-')}']")
        if field.evaluate("element => element.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    page.locator("main form button.btn-primary").click()
    said(page, words)


def divert(page: Page, committee: Any) -> None:
    page.goto(f"/desk/cases/{Case.objects.get().number}")
    page.locator("#move-divert summary").click()
    page.select_option("#move-divert select[name=unit]", str(committee.pk))
    move(page, "divert")
    assert state() == "diverted"


def take(page: Page) -> str:
    """The chair takes the case and prints the letter to the other party; returns the code on it."""
    page.goto("/desk/mediations")
    page.locator(".ll-what a").first.click()
    move(page, "ask")
    opened(page)
    form(page, "/parties/2/code").locator("button").click()
    expect(page.locator("h1")).to_have_text("人民调解邀请函")
    expect(page.locator("main")).to_contain_text(RESPONDENT)
    return page.locator(".ll-code").inner_text()


def accept(page: Page, cast: Cast) -> None:
    """The eight questions, the acceptance, who mediates and who keeps the record."""
    opened(page)
    test = form(page, "/test")
    for name in ("respondent", "request", "facts"):
        test.locator(f"input[name={name}][value=yes]").check()
    for name in ("reserved", "court", "crime", "government", "status"):
        test.locator(f"input[name={name}][value=no]").check()
    press(page, "/test", "已记下受理前的回答")
    press(page, "/acceptance", "已受理")
    assert re.search(r"调字", Mediation.objects.get().file_number)
    appoint = form(page, "/appointment")
    appoint.locator(f"input[name=mediators][value='{cast.people['mediator'].pk}']").check()
    appoint.locator("select[name=recorder]").select_option(str(cast.people["second_mediator"].pk))
    appoint.locator("button").click()
    said(page, "调解员已定")
    assert state() == "mediator_assigned"


def plan(page: Page, room: Room) -> None:
    """A session tomorrow morning, as the form proposes, in that room."""
    plan = form(page, "/sessions")
    plan.locator("select[name=room]").select_option(str(room.pk))
    press(page, "/sessions", "已约好")


def write_record(page: Page) -> None:
    """The seven points: six that are written here, and the signatures."""
    for number, text in enumerate(POINTS, start=1):
        point = form(page, f"/record/points/{number}")
        point.locator("textarea").fill(text)
        point.locator("button", has_text=f"保存第 {number} 点").click()
        expect(page.locator(f"#point-{number}")).to_contain_text(text)


def write_terms(page: Page) -> None:
    page.locator("a", has_text="写条款").click()
    due = timezone.localtime(clock.now()).date() + timedelta(days=10)
    send(
        page,
        "已保存",
        facts="雨水管正对墙根，双方对怎么改接有争议。",
        clauses="\n".join(CLAUSES),
        manner="陈国强十日内改接完，当面验看。",
        instalments__0__party="2",
        instalments__0__what="改接雨水管",
        instalments__0__due_on=due.isoformat(),
    )
    expect(page.locator(".ll-clauses", has_text=CLAUSES[0])).to_contain_text(CLAUSES[1])
    press(page, "/terms/drafting", "已请各方签字")
    assert state() == "agreement_written"


def note_talk(page: Page) -> None:
    talk = form(page, "/talks")
    talk.locator("input[name=party][value='1']").check()
    talk.locator("textarea").fill("他家肯改水管，我也不想再提赔钱的事。")
    press(page, "/talks", "只有您看得到")


def sign_at_desk(page: Page) -> None:
    opened(page)
    page.locator(".card", has=page.locator("#signatures")).get_by_role("link", name="在这里签").click()
    choice = page.locator("input[name=signer][value=mediator]")
    choice.check()
    draw(page)
    page.get_by_role("button", name="签在这份原文下面").click()
    said(page, "已签")


def seal(page: Page) -> None:
    """The chair, whom the case names, says what the page is opened for, and seals what everybody signed."""
    page.goto(f"/desk/mediations/{Case.objects.get().number}")
    page.check("input[name=purpose][value=sealing]")
    page.locator("main form button.btn-primary").click()
    page.get_by_role("link", name="去盖章").click()
    page.check("[name=is_checked]")
    send(page, "已盖章")
    assert state() == "performing"
    assert Mediation.objects.get().effective_on == timezone.localtime(clock.now()).date()


def finish(page: Page) -> None:
    """What was agreed is done; the file gets what it lacks; a visit; the file is put away."""
    opened(page)
    page.get_by_role("link", name="记下履行").click()
    page.set_input_files("#sheet-photo", photo())
    expect(page.locator("ll-photos figure img")).to_have_count(1)
    send(page, "已记下履行", note="现场看过，水管改到自家沟里。")
    press(page, "/completion", "全部履行")
    page.locator("a[href$='/papers/new/identity']").first.click()
    page.set_input_files("#sheet-photo", photo())
    expect(page.locator("ll-photos figure img")).to_have_count(1)
    send(page, "已归入卷宗", documents__0__kind="居民身份证", documents__1__kind="居民身份证")
    page.get_by_role("link", name="记一次回访").click()
    send(page, "回访已记下", state="没有再返潮，两家见面打招呼。", satisfaction="都满意")
    press(page, "/archiving", "已归档")
    assert state() == "archived"


def words_of_file(page: Page) -> str:
    page.goto(f"/desk/mediations/{Case.objects.get().number}")
    with page.expect_download() as waited:
        page.get_by_role("link", name="整卷 PDF").click()
    reader = PdfReader(waited.value.path())
    return re.sub(r"\s", "", "".join(each.extract_text() for each in reader.pages))


# The journey ------------------------------------------------------------------------------------


def test_from_the_application_to_the_archive(
    window: Window, town: Town, cast: Cast, committee: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hers, his = window(width=360), window(width=360)
    assert CODE.fullmatch(apply(hers, town))
    deliver()
    divert(window("centre", width=1280), committee)
    chair, mediator = window("chair", width=1280), window("mediator", width=1280)
    code = take(chair)
    assert CODE.fullmatch(code)
    enter(his, code)
    reply(his, "willing")
    accept(chair, cast)

    for phone in (hers, his):
        reply(phone, "mediator-")
        sign_on_phone(phone, "当事人权利义务告知书")
    opened(mediator)
    press(mediator, "/beginning", "调解开始了")
    plan(mediator, Room.objects.get(organisation_id=committee.pk))
    hers.goto("/disputes/progress")
    hers.get_by_role("button", name="能来").click()
    expect(hers.locator("main")).to_contain_text("您答过：能来。")
    opened(mediator)
    expect(mediator.locator("main")).to_contain_text("第一调解室")
    write_record(mediator)

    with monkeypatch.context() as still:
        moment = clock.now()
        still.setattr(clock, "now", lambda: moment)  # the time that is left is written on the page
        before = seen_by(his)
        note_talk(mediator)
        assert seen_by(his) == before
    hers.goto("/disputes/progress")
    expect(hers.locator("main")).to_contain_text("我也不想再提赔钱的事")

    write_terms(mediator)
    for phone in (hers, his):
        sign_on_phone(phone, "人民调解协议书")
    sign_at_desk(mediator)
    seal(chair)
    finish(mediator)
    words = words_of_file(mediator)
    for part in (APPLICANT, RESPONDENT, *CLAUSES, Mediation.objects.get().file_number):
        assert part in words
    hers.goto("/disputes/progress")
    expect(hers.locator("main")).to_contain_text("归档")
    check_history()


def check_history() -> None:
    """Every step is an event by whoever made it; the talk is none; every opening of the content stands written."""
    found = Event.objects.exclude(verb="write").order_by("number").values_list("verb", "role")
    assert list(found) == [
        ("open", "party"),
        ("divert", "centre_officer"),
        ("ask", "committee_chair"),
        ("accept", "committee_chair"),
        ("appoint", "committee_chair"),
        ("sign", "party"),
        ("sign", "party"),
        ("begin", "mediator"),
        ("plan_session", "mediator"),
        ("draft", "mediator"),
        ("sign", "party"),
        ("sign", "party"),
        ("sign_as_staff", "mediator"),
        ("seal", "committee_chair"),
        ("take_effect", "system"),
        ("perform", "mediator"),
        ("complete", "mediator"),
        ("follow_up", "mediator"),
        ("archive", "mediator"),
    ]
    assert Talk.objects.count() == 1
    assert Signature.objects.valid().count() == 6
    assert set(Read.objects.values_list("role", flat=True)) == {
        "centre_officer",
        "committee_chair",
        "mediator",
    }
    assert Read.objects.filter(role="committee_chair", purpose="sealing").exists()
