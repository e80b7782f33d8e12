"""What a request from another system adds to its pages, and how a dispatcher ends a publication."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from linli.service_requests import actions as service_requests
from linli.service_requests.models import Request
from linli.web.tests.conftest import Desk

pytestmark = pytest.mark.django_db
ANSWERS = {"fault": "flickers", "pole": "<b>D 17</b>"}


@pytest.fixture
def passed_on(report: Any) -> Any:
    return report(channel="open311", answers=ANSWERS, via="县热线平台", may_publish=True).case


def test_the_desk_sees_answers_where_they_came_from_and_what_was_agreed(desk: Desk, passed_on: Any) -> None:
    page = desk("dispatcher").get(f"/desk/cases/{passed_on.number}").content.decode()
    for words in (
        "补充信息",
        "路灯怎么了",
        "一闪一闪",
        "&lt;b&gt;D 17",
        "由县热线平台转来",
        "反映人同意公开",
    ):
        assert words in page, words
    assert "外部系统（Open311）" in page


def test_so_does_the_reporter_in_their_own_language(passed_on: Any) -> None:
    reporter = Client()
    reporter.post("/track/", {"code": service_requests.tracking_code(passed_on.pk)})
    page = reporter.get("/track/", headers={"Accept-Language": "en"}).content.decode()
    for words in ("More details", "What is wrong with the lamp", "It flickers", "You agreed to publish"):
        assert words in page, words


def test_a_dispatcher_ends_a_publication_and_is_offered_it_only_then(
    desk: Desk, passed_on: Any, report: Any
) -> None:
    client = desk("dispatcher")
    address = f"/desk/cases/{passed_on.number}"
    assert "moves/withhold" in client.get(address).content.decode()
    answer = client.post(f"{address}/moves/withhold", {"reason": "照片里有别人的车牌", "version": "1"})
    assert answer.status_code in (302, 303)
    assert not Request.objects.get(pk=passed_on.pk).may_publish
    silent = report().case
    assert "moves/withhold" not in client.get(f"/desk/cases/{silent.number}").content.decode()
