"""Articles in the administration, and what the desk's search shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from linli.people.models import Change
from linli.portal.models import Article

from .conftest import Desk
from .test_cases import html

pytestmark = pytest.mark.django_db
GIVEN = {
    "kind": "notice",
    "title_zh": "停水公告",
    "text_zh": "明天停水。\n请储水。",
    "source": "县自来水公司",
}


def test_an_article_is_written_corrected_and_withdrawn(desk: Desk) -> None:
    client = desk("administrator")
    assert client.post("/desk/manage/articles/new", GIVEN).status_code == 302
    row = Article.objects.get()
    assert row.author_id is not None
    assert "停水公告" in html(client, "/desk/manage/articles")
    assert "明天停水" in client.get(f"/guides/{row.pk}").content.decode()
    address = reverse("web:manage_article", args=[row.pk])
    client.post(
        address,
        {**GIVEN, "text_zh": "后天停水。", "published_at": row.published_at.strftime("%Y-%m-%dT%H:%M")},
    )
    assert "后天停水" in client.get("/search/", {"q": "后天"}).content.decode().replace(
        "<mark>后天</mark>", "后天"
    )
    client.post(f"{address}/withdrawal", {"do": "withdraw"})
    assert client.get(f"/guides/{row.pk}").status_code == 404
    assert "已撤下" in html(client, address)
    client.post(f"{address}/withdrawal", {"do": "restore"})
    assert client.get(f"/guides/{row.pk}").status_code == 200
    whats = set(Change.objects.filter(target_kind="article").values_list("what", flat=True))
    assert whats == {"article.added", "article.edited", "article.withdrawn", "article.restored"}
    assert "撤下文章" in html(client, "/desk/manage/changes")


def test_a_wrong_article_comes_back_with_the_field_named(desk: Desk) -> None:
    response = desk("administrator").post(
        "/desk/manage/articles/new", {**GIVEN, "title_zh": "", "text_en": "x", "published_at": "nonsense"}
    )
    assert response.status_code == 422
    assert set(response.context["form"].errors) == {"title_zh", "published_at"}
    assert "明天停水" in response.content.decode()


def test_articles_are_the_countys_administrators_alone(desk: Desk) -> None:
    for name in ("dispatcher", "supervisor", "grid_worker"):
        assert desk(name).get("/desk/manage/articles").status_code == 404


def test_the_desk_marks_what_it_found(
    desk: Desk, report: Callable[..., Any], move: Callable[..., Any]
) -> None:
    case = report(title="<b>路灯</b>不亮", text="村部门前的<i>灯杆</i>歪了，电话13800000000。").case
    move(case, "note", "dispatcher", note="已请供电所的师傅去看。", reader="public")
    client = desk("dispatcher")
    assert "&lt;b&gt;<mark>路灯</mark>&lt;/b&gt;不亮" in html(client, "/desk/cases?q=路灯")
    assert "&lt;i&gt;<mark>灯杆</mark>&lt;/i&gt;歪了" in html(client, "/desk/cases?q=灯杆")
    assert "<mark>供电所</mark>的师傅" in html(client, "/desk/cases?q=供电所&open=all")
    page = html(client, "/desk/cases?q=灯")
    assert "<mark>灯</mark>" in page
    assert "13800000000" not in page
    assert case.number not in html(desk("outsider"), "/desk/cases?q=路灯&open=all")
    assert "<mark>" not in html(client, "/desk/cases")


def test_results_of_a_search_are_paged_by_receipt(desk: Desk, report: Callable[..., Any]) -> None:
    cases = [report(text=f"第{n}盏路灯坏了请来修").case for n in range(52)]
    page = html(desk("dispatcher"), "/desk/cases?q=路灯&sort=urgent")
    rest = html(desk("dispatcher"), page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&"))
    first = [case.number for case in cases if f'href="/desk/cases/{case.number}"' in page]
    second = [case.number for case in cases if f'href="/desk/cases/{case.number}"' in rest]
    assert (len(first), len(second)) == (50, 2)
    assert not set(first) & set(second)
