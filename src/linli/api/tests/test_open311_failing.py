"""What clients of Open311 are told when something of ours fails: faults in their format, and nothing of what it was."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest
from conftest import Town
from django.test import Client

from linli.api.open311 import catalogue
from linli.kit.sealing import Unreadable

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("error", "status"), [(RuntimeError("我家的门牌"), 500), (Unreadable(), 503)])
def test_a_fault_of_ours_is_an_array_in_the_format_asked_for(
    town: Town, monkeypatch: pytest.MonkeyPatch, caplog: Any, error: Exception, status: int
) -> None:
    def fail(visit: object) -> None:
        raise error

    monkeypatch.setattr(catalogue, "listed", fail)
    client = Client(raise_request_exception=False)
    in_json = client.get("/open311/v2/services.json")
    in_xml = client.get("/open311/v2/services.xml")
    assert in_json.status_code == in_xml.status_code == status
    assert [each["code"] for each in json.loads(in_json.content)] == [status]
    assert ElementTree.fromstring(in_xml.content).findtext("error/code") == str(status)
    assert "门牌" not in in_json.content.decode() + in_xml.content.decode()
    assert caplog.records
