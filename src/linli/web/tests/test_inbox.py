from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conftest import Town

from linli.cases import actions
from linli.cases.actions import orders
from linli.cases.models import Case, OrderEvent
from linli.kit.ids import uuid7
from linli.notify.models import Memo, Message
from linli.web.tests.conftest import Desk, Watch
from linli.web.views import paging

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(lamp: Any, move: Callable[..., Any], town: Town, watch: Watch) -> Any:
    """The works office has been told of the lamp."""
    actions.run_due(at=watch.at)
    move(lamp, "accept", "dispatcher")
    move(lamp, "dispatch", "dispatcher", unit=str(town["east_works"].pk))
    actions.run_due(at=watch.on(hours=1))
    return lamp


def test_tells_what_happened_in_words(desk: Desk, told: Any, django_assert_max_num_queries: Any) -> None:
    client = desk("handler")
    with django_assert_max_num_queries(8 + 4):
        page = client.get("/desk/inbox").content.decode()
    assert told.title in page
    assert "派给东河镇村镇建设办" in page
    assert "1 条未读" in page


def test_opening_a_message_opens_its_case_and_marks_it_read(desk: Desk, told: Any, cast: Any) -> None:
    message = Message.objects.get(person=cast.people["handler"])
    client = desk("handler")
    assert client.get("/desk/pulse").json()["counts"]["inbox"] == 1
    assert client.get(f"/desk/inbox/{message.id}")["Location"] == f"/desk/cases/{told.number}"
    assert client.get("/desk/pulse").json()["counts"]["inbox"] == 0


def test_a_message_of_somebody_else_is_not_found(desk: Desk, told: Any, cast: Any) -> None:
    message = Message.objects.get(person=cast.people["handler"])
    assert desk("dispatcher").get(f"/desk/inbox/{message.id}").status_code == 404
    message.refresh_from_db()
    assert message.read_at is None


def test_a_case_that_has_gone_elsewhere_is_neither_quoted_nor_a_dead_end(
    desk: Desk, told: Any, move: Callable[..., Any], town: Town, cast: Any
) -> None:
    message = Message.objects.get(person=cast.people["handler"])
    move(told, "reassign", "dispatcher", unit=str(town["county_housing"].pk), reason="按清单改派")
    client = desk("handler")
    assert client.get(f"/desk/cases/{told.number}").status_code == 404
    page = client.get("/desk/inbox").content.decode()
    assert told.title not in page
    assert "现在这个岗位看不到" in page
    page = client.get(f"/desk/inbox/{message.id}", follow=True).content.decode()
    assert f"{told.number} 现在这个岗位看不到" in page
    assert not Message.objects.filter(pk=message.pk, read_at=None).exists()


def test_everything_can_be_marked_as_read(desk: Desk, told: Any) -> None:
    client = desk("handler")
    assert "都标成已读了" in client.post("/desk/inbox/reading", follow=True).content.decode()
    assert "没有消息" in client.get("/desk/inbox?show=unread").content.decode()


def test_an_empty_inbox_says_so(desk: Desk) -> None:
    assert "没有消息" in desk("outsider").get("/desk/inbox").content.decode()


def test_the_words_of_an_internal_note_stay_where_they_belong(
    desk: Desk, told: Any, move: Callable[..., Any], cast: Any
) -> None:
    event = move(told, "note", "handler", note="预算要报主任批准。", reader="internal")
    Message.objects.create(
        case=told, source=told.pk, event_number=event.number, person=cast.people["officer"], at=event.at
    )
    page = desk("officer").get("/desk/inbox").content.decode()
    assert "预算要报主任批准" not in page
    assert "内容只对写它的单位可见" in page


@pytest.fixture
def ordered(lamp: Any, town: Town, cast: Any, watch: Watch) -> Any:
    """The township is under an order on its lamps."""
    return orders.order(
        among=Case.objects.visible_to(cast["supervisor"]),
        kind="service_request",
        unit=town["east"],
        title="东河镇 · 路灯",
        words="请逐件说明超期原因，三日内修好。",
        by=cast["supervisor"],
        at=watch.at,
        command_id=uuid7(),
    )


def test_a_step_of_an_order_stands_among_the_messages_and_opens_the_order(
    desk: Desk, lamp: Any, ordered: Any, cast: Any, watch: Watch
) -> None:
    actions.run_due(at=watch.on(minutes=1))
    client = desk("dispatcher")
    assert client.get("/desk/pulse").json()["counts"]["inbox"] == 2
    page = client.get("/desk/inbox").content.decode()
    assert page.index("路灯连着") < page.index("青石县督办东河镇：1 件")
    message = Memo.objects.get(person=cast.people["dispatcher"])
    assert desk("outsider").get(f"/desk/inbox/{message.id}").status_code == 404
    assert client.get(f"/desk/inbox/{message.id}")["Location"] == f"/desk/orders/{ordered.pk}"
    assert client.get("/desk/pulse").json()["counts"]["inbox"] == 1
    client.post("/desk/inbox/reading")
    assert client.get("/desk/pulse").json()["counts"]["inbox"] == 0


def test_an_order_the_present_post_cannot_see_is_not_named(
    desk: Desk, ordered: Any, cast: Any, watch: Watch
) -> None:
    message = Memo.objects.create(
        sort="order", subject=ordered.pk, number=1, person=cast.people["outsider"], at=watch.at
    )
    client = desk("outsider")
    page = client.get("/desk/inbox").content.decode()
    assert "这件事现在这个岗位看不到" in page
    assert ordered.title not in page
    assert "东河镇" not in page
    page = client.get(f"/desk/inbox/{message.id}", follow=True).content.decode()
    assert "换一个岗位再看" in page


def test_pages_of_both_sorts_of_message_leave_nothing_out(
    desk: Desk, told: Any, ordered: Any, town: Town, cast: Any, watch: Watch, monkeypatch: Any
) -> None:
    mine = {"person": cast.people["dispatcher"], "at": watch.at}
    for number in range(50, 54):
        Message.objects.create(case=told, source=told.pk, event_number=number, **mine)
        OrderEvent.objects.create(
            order=ordered, number=number, step="replied", organisation=town["east"], at=watch.at
        )
        Memo.objects.create(sort="order", subject=ordered.pk, number=number, **mine)
    monkeypatch.setattr(paging, "SIZE", 3)
    seen: list[str] = []
    client, after = desk("dispatcher"), ""
    while True:
        page = client.get("/desk/inbox", {"after": after})
        seen += [str(line.message.id) for line in page.context["told"]]
        after = page.context["page"].more
        if not after:
            break
    every = {str(row.id) for sort in (Message, Memo) for row in sort.objects.filter(**mine)}
    assert len(seen) == len(set(seen))
    assert every <= set(seen)
