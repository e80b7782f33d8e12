"""Whether what somebody wrote may be public: asked plainly, refused by silence, and taken back at any time."""

from __future__ import annotations

import pytest
from django.test import Client

from linli.cases.models import Case, Event
from linli.portal.tests.conftest import Resident
from linli.service_requests import actions as service_requests
from linli.service_requests.models import Request

pytestmark = pytest.mark.django_db


def test_nothing_is_published_unless_the_box_is_ticked(resident: Resident) -> None:
    resident.to_contact()
    assert "publish" not in resident.typed
    assert 'name="publish"' in resident.said
    resident.press()
    assert not Request.objects.get().may_publish


def test_a_ticked_box_stays_ticked_while_something_else_is_put_right(resident: Resident) -> None:
    resident.to_contact()
    resident.press(publish="1", contact_phone="打我手机")
    assert resident.typed["publish"] == ["1"]
    resident.press(contact_phone="")
    assert Request.objects.get().may_publish


def test_a_report_of_wrongdoing_is_not_asked(resident: Resident) -> None:
    resident.to_contact(request_type="accusation")
    assert 'name="publish"' not in resident.said


def test_consent_is_taken_back_under_the_code(resident: Resident) -> None:
    resident.to_contact()
    resident.press(publish="1")
    case = Case.objects.get()
    code = service_requests.tracking_code(case.pk)
    reader = Client()
    reader.post("/track/", {"code": code})
    assert "/track/consent" in reader.get("/track/").content.decode()
    answer = reader.post("/track/consent", {})
    assert (answer.status_code, answer["Location"]) == (303, "/track/?done=keep_private")
    assert not Request.objects.get().may_publish
    page = reader.get("/track/?done=keep_private").content.decode()
    assert "已经不再公开" in page
    assert "/track/consent" not in page
    assert Event.objects.filter(case_id=case.pk, verb="keep_private", actor_kind="reporter").exists()
