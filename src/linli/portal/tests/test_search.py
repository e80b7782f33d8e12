"""What strangers find: articles and consented requests, whatever they type; and who keeps the articles."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from conftest import NOW, Cast
from django.test import Client
from django.utils.html import escape

from linli.cases.models import Case, Event
from linli.kit import clock
from linli.people.access import SYSTEM
from linli.people.models import Change
from linli.portal.actions import articles as actions
from linli.portal.models import Article, ArticleText

pytestmark = pytest.mark.django_db

Report = Callable[..., Any]
Move = Callable[..., Event]
ENGLISH = {"HTTP_ACCEPT_LANGUAGE": "en"}


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch, cast: Cast) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


def article(**changes: Any) -> Article:
    given: dict[str, Any] = {
        "kind": "guide",
        "title_zh": "怎么申请低保",
        "title_en": "How to apply for the allowance",
        "text_zh": "到村里交材料。\n<b>不收费</b>，二十个工作日内答复。",
        "text_en": "Hand your papers in at the village.",
        "source": "县民政局",
        **changes,
    }
    at = given.pop("at", NOW - timedelta(days=1))
    return actions.add_article(by=SYSTEM, at=at, changes=given)


def found(query: str, **more: Any) -> str:
    headers = more.pop("headers", {})
    response = Client().get("/search/", {"q": query, **more}, **headers)
    assert response.status_code == 200
    return str(response.content.decode())


def test_an_article_is_found_in_either_language_with_its_words_marked() -> None:
    row = article()
    page = found("低保")
    assert f'<a href="/guides/{row.pk}">怎么申请<mark>低保</mark></a>' in page
    assert "<mark>village</mark>" in found("VILLAGE", headers=ENGLISH)
    assert "<mark>village</mark>" in found("village")  # the reader's language does not have the word
    assert "<mark>县民政局</mark>" not in found(
        "民政"
    )  # found by its office, marked where it is shown as text
    assert str(row.pk) in found("民政")
    assert str(row.pk) not in found("低保户")


def test_markup_in_texts_and_queries_stays_text() -> None:
    article(text_zh="<script>alert(1)</script>低保", title_zh="<img src=x onerror=alert(1)>低保")
    page = found('低保"><script>alert(2)</script>')
    assert "<script>alert" not in page
    assert escape('低保"><script>alert(2)</script>') in page
    page = found("低保")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;<mark>低保</mark>" in page
    assert "<img src=x" not in page


def test_what_is_planned_or_withdrawn_is_not_there() -> None:
    planned = article(title_zh="明年的低保标准", published_at=NOW + timedelta(days=9))
    gone = actions.withdraw_article(article=article(title_zh="旧的低保标准"), by=SYSTEM, at=NOW)
    assert "标准" not in found("低保").split("<main")[1]
    for row in (planned, gone):
        assert Client().get(f"/guides/{row.pk}").status_code == 404
    assert "标准" not in Client().get("/guides/").content.decode()
    actions.restore_article(article=gone, by=SYSTEM, at=NOW)
    assert str(gone.pk) in found("低保")
    assert Client().get(f"/guides/{gone.pk}").status_code == 200


def test_requests_are_found_only_by_what_their_reporters_agreed_to_show(report: Report, move: Move) -> None:
    said = "桥头护栏断了，请找欧阳无敌，电话13800000000。"
    shown = report(text=said, contact_name="欧阳无敌", may_publish=True).case
    report(text="桥头护栏断了，不要公开我说的话。")
    move(shown, "accept", "dispatcher")
    move(shown, "note", "dispatcher", note="护栏由施工队负责。", reader="public")
    page = found("护栏")
    assert page.count("<mark>护栏</mark>") == 2  # the title and the words of the one
    assert "欧阳" not in page
    assert "13800000000" not in page
    assert shown.number not in page
    for query in ("欧阳无敌", "13800000000", "施工队", "不要公开", shown.number):
        assert "没有找到公开的事项" in found(query), query


@pytest.mark.parametrize(
    ("state", "told", "english"),
    [
        ("rated", "已办结", "Closed"),
        ("reopened", "已重开，等待重新派单", "Reopened, waiting to be dispatched"),
    ],
)
def test_whoever_finds_a_request_is_not_spoken_to_as_its_reporter(
    report: Report, state: str, told: str, english: str
) -> None:
    case = report(text="桥头护栏断了一截。", may_publish=True).case
    Case.objects.filter(pk=case.pk).update(state=state)
    for language, words in (("zh-hans", told), ("en", english)):
        page = Client(headers={"Accept-Language": language}).get("/search/", {"q": "护栏"})
        assert page.context["requests"].rows[0].facts[1] == words


def test_a_withdrawn_consent_is_kept_at_once(report: Report, move: Move) -> None:
    case = report(text="桥头护栏断了一截。", may_publish=True).case
    assert "没有找到公开的事项" not in found("护栏")
    move(case, "withhold", "dispatcher", reason="写有他人隐私")
    assert "没有找到公开的事项" in found("护栏")


def test_accusations_and_kept_identities_are_never_found(report: Report, town: Any) -> None:
    report(text="护栏工程有人收钱。", may_publish=True, request_type="accusation", accused=town["east_works"])
    report(text="护栏工程有人收钱。", may_publish=True, is_identity_kept=True)
    assert "没有找到公开的事项" in found("护栏")


def test_pages_of_results_follow_one_another(report: Report) -> None:
    for n in range(23):
        article(title_zh=f"低保问答之{n}", at=NOW - timedelta(hours=n // 2))
        report(text=f"低保材料第{n}次退回。", may_publish=True, category="facility.street_lamp")
    first = Client().get("/search/", {"q": "低保"})
    assert (len(first.context["articles"].rows), len(first.context["requests"].rows)) == (5, 5)
    for what in ("articles", "requests"):
        one = Client().get("/search/", {"q": "低保", "what": what}).context[what]
        two = Client().get("/search/", {"q": "低保", "what": what, "after": one.more}).context[what]
        titles = ["".join(piece.text for piece in row.title) for row in [*one.rows, *two.rows]]
        assert len(titles) == 23
        assert len(set(titles)) == 23
        assert two.more == ""


@pytest.mark.parametrize(
    "query",
    [
        "", " ", "\x00", "%", "_", "😀", "' OR 1=1 --", 'NEAR("低 保")', "低" * 9000, "*", "\\", "words:低",
        "\u202e低", "１", "<mark>",
    ],
)  # fmt: skip
def test_whatever_is_typed_gets_a_page(query: str) -> None:
    article()
    edge = {"after": f"0001-01-01T00:00:00+14:00~{'0' * 32}", "what": "articles"}
    for more in ({}, {"what": "requests"}, {"what": "nonsense", "after": "x~y"}, edge):
        assert "</html>" in found(query, **more)


def test_one_address_cannot_search_without_end() -> None:
    answers = [Client().get("/search/", {"q": "低保"}).status_code for _n in range(32)]
    assert answers[:30] == [200] * 30
    assert answers[-1] == 429
    assert Client(REMOTE_ADDR="203.0.113.9").get("/search/", {"q": "低保"}).status_code == 200


def test_an_article_is_plain_text_and_says_what_it_is() -> None:
    row = article(link="https://example.org/x", document_number="青政发〔2026〕3号", is_demo=True)
    page = Client().get(f"/guides/{row.pk}").content.decode()
    assert "&lt;b&gt;不收费&lt;/b&gt;" in page
    assert 'href="https://example.org' not in page
    assert "https://example.org/x" in page
    assert "不是任何地方现行的规定" in page
    english = Client(headers={"Accept-Language": "en"}).get(f"/guides/{row.pk}").content.decode()
    assert "Hand your papers in" in english
    assert "不收费" not in english


def test_the_list_is_by_kind_and_page(report: Report) -> None:
    for n in range(21):
        article(kind="notice", title_zh=f"停水公告{n}")
    article(kind="policy", title_zh="低保标准")
    page = Client().get("/guides/", {"kind": "notice"})
    assert len(page.context["articles"]) == 20
    rest = Client().get("/guides/", {"kind": "notice", "after": page.context["more"]})
    assert len(rest.context["articles"]) == 1
    assert "低保标准" not in page.content.decode()
    assert len(Client().get("/guides/", {"kind": "nonsense"}).context["articles"]) == 20


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title_zh": " \u200b "}, "title_zh"),
        ({"text_zh": ""}, "text_zh"),
        ({"kind": "rumour"}, "kind"),
        ({"source": ""}, "source"),
        ({"title_zh": "长" * 121}, "title_zh"),
        ({"title_en": ""}, "title_en"),
    ],
)
def test_a_wrong_article_is_refused_by_field(wrong: dict[str, str], field: str) -> None:
    with pytest.raises(actions.ArticleRefused) as refused:
        article(**wrong)
    assert set(refused.value.errors) == {field}
    assert not Article.objects.exists()
    assert not ArticleText.objects.exists()


def test_changes_are_noted_and_found_again() -> None:
    row = article()
    actions.edit_article(article=row, by=SYSTEM, at=NOW, changes={"text_zh": "改成到镇里交材料。"})
    actions.edit_article(article=row, by=SYSTEM, at=NOW, changes={"text_zh": "改成到镇里交材料。"})
    assert str(row.pk) in found("镇里交材料")
    assert str(row.pk) not in found("不收费")
    whats = list(Change.objects.order_by("at", "id").values_list("what", flat=True))
    assert whats == ["article.added", "article.edited"]
    assert Change.objects.get(what="article.edited").after == {"text_zh": "改成到镇里交材料。 [9]"}
