"""A resident at the portal: reads the form a page shows and sends it back, as a browser without scripts does."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from conftest import NOW, Cast
from django.test import Client

TEXT = "村部门前三盏路灯连着三个晚上不亮了，学生下晚自习看不清。"
LAMP = "facility.street_lamp"
IN_GRID = {"lon": "114.02", "lat": "31.02"}


class Fields(HTMLParser):
    """What the form with this action would send: inputs, ticked boxes, chosen options, texts."""

    def __init__(self, action: str) -> None:
        super().__init__()
        self.action = action
        self.values: dict[str, list[str]] = {}
        self.inside = False
        self.text = ""
        self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = given.get("action") == self.action
        if not self.inside:
            return
        name = given.get("name", "")
        if tag == "input" and name and given.get("type") not in ("file", "submit"):
            if given.get("type") not in ("radio", "checkbox") or "checked" in given:
                self.values.setdefault(name, []).append(given.get("value", ""))
        elif tag == "textarea":
            self.text = name
            self.values[name] = [""]
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select and "selected" in given:
            self.values[self.select] = [given.get("value", "")]

    def handle_data(self, data: str) -> None:
        if self.text and self.inside:
            self.values[self.text][0] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        if tag == "textarea" and self.text:
            self.values[self.text][0] = self.values[self.text][0].removeprefix("\n")
            self.text = ""
        if tag == "select":
            self.select = ""


def fields_of(response: Any, action: str = "/report/") -> dict[str, list[str]]:
    parser = Fields(action)
    parser.feed(response.content.decode())
    return {name: values for name, values in parser.values.items() if name != "csrfmiddlewaretoken"}


class Resident:
    """Somebody filling in the report, who sees one page after the other."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.page: Any = client.get("/report/")

    @property
    def typed(self) -> dict[str, list[str]]:
        return fields_of(self.page)

    @property
    def step(self) -> str:
        return self.typed["step"][0]

    @property
    def said(self) -> str:
        return str(self.page.content.decode())

    def press(self, go: str = "next", **changes: Any) -> Any:
        """Presses a button after filling in some fields."""
        self.page = self.client.post("/report/", {**self.typed, "go": go, **changes})
        return self.page

    def to_contact(self, **changes: Any) -> Any:
        """The quick way to the last step, unless `changes` holds it up."""
        given = {"text": TEXT, "category": LAMP, **IN_GRID, **changes}
        self.press(
            **{name: value for name, value in given.items() if name in ("text", "category", "request_type")}
        )
        self.press(
            **{
                name: value
                for name, value in given.items()
                if name in ("lon", "lat", "town", "village", "address")
            }
        )
        if self.step == "where" and self.page.status_code == 200:
            self.press(same="no")
        return self.press()

    def receipt(self) -> Any:
        return self.client.get("/report/receipt")

    @property
    def code(self) -> str:
        return str(self.receipt().context["code"])


@pytest.fixture
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages shown at the moment the rest of the tests live in."""
    monkeypatch.setattr("linli.kit.clock.now", lambda: NOW)


@pytest.fixture
def resident(client: Client, cast: Cast, at_noon: None) -> Resident:
    return Resident(client)


@pytest.fixture
def reported(resident: Resident) -> Resident:
    """A resident who has just reported a street lamp."""
    resident.to_contact()
    resident.press()
    assert resident.page.status_code == 303
    return resident
