"""Goes through Linli as a browser would: every link of every page, and every form, under the address of its route."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from django.test import Client
from django.urls import Resolver404, resolve

MOST_PAGES = 3  # of one route, each by somebody else or with another question
NOT_FOLLOWED = ("/static/", "/sign-out", "/sign-in", "/track/departure", "/api/v1/docs")
WRITTEN = {
    "text",
    "search",
    "",
    "textarea",
    "tel",
    "email",
    "url",
}  # kinds of field somebody types words into


@dataclass
class Form:
    """A form of a page: where it goes, and its fields as (name, kind, value)."""

    action: str
    method: str
    fields: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def is_written(self) -> bool:
        return any(kind in WRITTEN for _name, kind, _value in self.fields)

    def filled(self, words: str) -> dict[str, list[str]]:
        """As it stands, with these words wherever somebody may write."""
        given: dict[str, list[str]] = {}
        for name, kind, value in self.fields:
            given.setdefault(name, []).append(words if kind in WRITTEN and not value else value)
        return given


class Page(HTMLParser):
    """The links and forms of a page."""

    def __init__(self, address: str, text: str) -> None:
        super().__init__()
        self.address, self.links, self.forms = address, list[str](), list[Form]()
        self.form: Form | None = None
        self.select = ("", False)
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        for name in ("href", "src", "hx-get"):
            if name in given:
                self.links.append(given[name])
        if tag == "form":
            action = urljoin(self.address, given.get("action", ""))
            self.form = Form(action, given.get("method", "get").lower())
            self.forms.append(self.form)
        elif tag in ("input", "textarea", "select", "option") and self.form is not None:
            self._field(self.form, tag, given)

    def _field(self, form: Form, tag: str, given: dict[str, str]) -> None:
        name, kind, value = given.get("name", ""), given.get("type", ""), given.get("value", "")
        if tag == "select":
            self.select = (name, False)
        elif tag == "option":
            select, is_chosen = self.select
            if value and not is_chosen and select:
                form.fields.append((select, "select", value))
                self.select = (select, True)
        elif name and kind not in ("submit", "file", "button", "password"):
            kind = "textarea" if tag == "textarea" else kind
            is_one_of = kind == "radio" and any(name == other for other, _kind, _value in form.fields)
            if not is_one_of:
                form.fields.append((name, kind, value))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None
        if tag == "select":
            self.select = ("", False)


@dataclass
class Answer:
    """What came back from an address."""

    who: str
    method: str
    address: str
    route: str
    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def is_page(self) -> bool:
        return self.headers.get("Content-Type", "").startswith("text/html")

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")

    def __str__(self) -> str:
        return f"{self.who} at {self.method} {self.address}: {self.status}"


def route_of(address: str) -> str:
    """The route behind an address, "" where there is none."""
    try:
        return str(resolve(urlsplit(address).path).route)
    except Resolver404:
        return ""


def ask(who: str, client: Client, method: str, address: str, data: Any = None) -> Answer:
    """Asks; an error within the view is a 500 here, as it is for a browser."""
    client.raise_request_exception = False
    answer: Any = client.post(address, data or {}) if method == "POST" else client.get(address)
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    headers = dict(answer.headers.items())
    return Answer(who, method, address, route_of(address), answer.status_code, headers, content)


@dataclass
class Crawl:
    """Everybody's way through every page, a few addresses of each route; keeps every answer and every form."""

    most: int = MOST_PAGES
    answers: list[Answer] = field(default_factory=list)
    forms: dict[tuple[str, str], tuple[str, Form]] = field(default_factory=dict)
    times: Counter[str] = field(default_factory=Counter)
    known: set[tuple[str, str]] = field(default_factory=set)

    def go(self, who: str, client: Client, starts: list[str]) -> None:
        """From these pages to every other that is linked."""
        waiting = list(starts)
        while waiting:
            address = waiting.pop(0)
            route = route_of(address)
            if not route and address != "/" or (who, address) in self.known or self.times[route] >= self.most:
                continue
            self.known.add((who, address))
            answer = ask(who, client, "GET", address)
            self.answers.append(answer)
            if answer.status in (200, 422):
                self.times[route] += 1
            if answer.status in (301, 302, 303):
                waiting.append(_local(address, answer.headers["Location"]))
            if answer.is_page:
                waiting += self._read(who, answer)

    def _read(self, who: str, answer: Answer) -> Iterator[str]:
        page = Page(answer.address, answer.text)
        for form in page.forms:
            if form.method == "post" and not form.action.startswith("/sign-out"):
                self.forms.setdefault((route_of(form.action), _names(form)), (who, form))
        addresses = [_local(answer.address, link) for link in page.links]
        return (each for each in dict.fromkeys(addresses) if each and not each.startswith(NOT_FOLLOWED))


def _names(form: Form) -> str:
    return " ".join(sorted({name for name, _kind, _value in form.fields}))


def _local(base: str, link: str) -> str:
    """The address on this site a link leads to, with its question but without its anchor; "" elsewhere."""
    parts = urlsplit(urljoin(base, link))
    if parts.scheme or parts.netloc or not parts.path.startswith("/"):
        return ""
    question = urlencode(parse_qsl(parts.query))
    return parts.path + (f"?{question}" if question else "")
