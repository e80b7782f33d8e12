"""What needs a real browser: drawing a signature, and the rooms of the day that was chosen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page

from linli.kit.ids import uuid7
from linli.mediation.models import Paper, PaperKind, Signature

from .test_mediation_work_papers import TERMS, at, send

Window = Callable[..., Page]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def paper(in_talks: Any, desk: Callable[[str], Client], watch: Any) -> Paper:
    """Terms that wait for signatures."""
    mediator = desk("mediator")
    send(mediator, in_talks, "terms", **TERMS)
    watch.on(minutes=1)
    send(mediator, in_talks, "terms/drafting")
    return Paper.objects.current().get(case_id=in_talks.pk, kind=PaperKind.AGREEMENT)


def test_a_party_signs_with_a_finger_on_this_screen(window: Window, in_talks: Any, paper: Paper) -> None:
    page = window("mediator", width=820)
    page.goto(at(in_talks, f"papers/{paper.id}/signing"))
    page.get_by_label("李秀英").check()
    canvas = page.locator("ll-sign canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    page.mouse.move(box["x"] + 40, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 30, steps=6)
    page.mouse.move(box["x"] + 200, box["y"] + 90, steps=6)
    page.mouse.up()
    page.get_by_role("button", name="签在这份原文下面").click()
    page.wait_for_url(f"**{at(in_talks)}*")
    signature = Signature.objects.get(case_id=in_talks.pk)
    assert (signature.party, signature.how) == (1, "tablet")
    assert len(signature.strokes) == 1
    assert page.get_by_role("img", name="李秀英的签名").count() == 1


def test_the_rooms_of_the_chosen_day_are_shown(
    window: Window, in_talks: Any, desk: Callable[[str], Client], committee: Any
) -> None:
    from linli.mediation.models import Room

    room = Room.objects.get(organisation_id=committee.pk)
    posted = {"with_whom": "joint", "day": "2026-10-08", "begins": "09:00", "ends": "10:30"}
    desk("mediator").post(
        at(in_talks, "sessions"), {"command_id": str(uuid7()), **posted, "room": str(room.pk)}
    )
    page = window("mediator", width=820)
    page.goto(at(in_talks))
    page.locator("details#plan > summary").click()
    assert "09:00—10:30" not in page.locator("details#plan").inner_text()
    page.fill("#plan-day", "2026-10-08")
    page.locator("#plan-day").dispatch_event("change")
    page.get_by_text("09:00—10:30").last.wait_for()
