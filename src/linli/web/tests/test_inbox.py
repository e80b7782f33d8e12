from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conftest import Town

from linli.cases import actions
from linli.notify.models import Message
from linli.web.tests.conftest import Desk, Watch

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
