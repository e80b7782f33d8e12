"""The open data as everybody finds it: pages, files that never change, and a catalogue portals can read."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from conftest import Town
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from linli.measures.apps import LinliConfig
from linli.measures.models import Edition

pytestmark = pytest.mark.django_db
Triple = tuple[str, str, str]


@pytest.fixture
def published(client: Client, town: Town, report: Any, monkeypatch: pytest.MonkeyPatch) -> Edition:
    """September, with 23 matters in one village and 11 in another township."""
    for n in range(34):
        report(place=town["village"] if n < 23 else town["west"])
    monkeypatch.setattr("linli.kit.clock.now", lambda: datetime(2026, 10, 9, tzinfo=UTC))
    client.get("/figures/")
    return Edition.objects.get()


def test_the_files_are_the_edition_byte_for_byte(client: Client, published: Edition) -> None:
    table, tree = client.get("/open-data/2026-09.csv"), client.get("/open-data/2026-09.json")
    assert table.content.startswith(b"\xef\xbb\xbfmonth,table,")
    assert hashlib.sha256(table.content).hexdigest() == published.csv_digest
    assert hashlib.sha256(tree.content).hexdigest() == published.json_digest
    rows = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert ("total", "34") in {(row["table"], row["matters"]) for row in rows}
    assert min(int(row["matters"]) for row in rows) >= 10
    assert "open-data-2026-09.csv" in table["Content-Disposition"]
    english = Client(headers={"accept-language": "en"}).get("/open-data/2026-09.csv")
    assert english.content == table.content


def test_nobody_fetches_again_what_has_not_changed(client: Client, published: Edition) -> None:
    for path in ("2026-09.csv", "2026-09.json", "catalogue.jsonld", "catalogue.ttl", "dictionary.json"):
        first = client.get(f"/open-data/{path}")
        assert first.status_code == 200
        assert first["Access-Control-Allow-Origin"] == "*"
        assert "public" in first["Cache-Control"]
        again = client.get(f"/open-data/{path}", headers={"if-none-match": first["ETag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path", ["2026-10.csv", "2026-8.csv", "x.json", "2026-09 .csv", "2026-10", "..%2F..", "2026-09.ttl"]
)
def test_there_is_nothing_under_other_names(client: Client, published: Edition, path: str) -> None:
    assert client.get(f"/open-data/{path}").status_code == 404


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("zh-hans", ["开放数据", "为什么小数目要合并", "知识共享", "按类别"]),
        ("en", ["Open data", "Why small", "CC BY"]),
    ],
)
def test_the_page_explains_in_both_languages(
    client: Client, published: Edition, language: str, expected: list[str]
) -> None:
    client.cookies["linli_language"] = language
    page = client.get("/open-data/").content.decode()
    assert not [words for words in expected if words not in page]
    assert 'href="/open-data/2026-09.csv"' in page
    assert "https://creativecommons.org/licenses/by/4.0/" in page
    rows = client.get("/open-data/2026-09").content.decode()
    assert {"zh-hans": "东河镇", "en": "Donghe"}[language] in rows
    assert published.csv_digest in rows


def test_pages_lead_there_and_say_so_before_the_first_month(client: Client, town: Town) -> None:
    assert 'href="/open-data/"' in client.get("/").content.decode()
    assert "还没有满一个月" in client.get("/open-data/").content.decode()
    assert '"dcat:Distribution"' not in client.get("/open-data/catalogue.jsonld").content.decode()


def test_a_month_of_few_says_nothing(
    client: Client, town: Town, report: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(9):
        report()
    monkeypatch.setattr("linli.kit.clock.now", lambda: datetime(2026, 10, 9, tzinfo=UTC))
    client.get("/figures/")
    assert json.loads(client.get("/open-data/2026-09.json").content)["rows"] == []
    assert "不足 10 件" in client.get("/open-data/2026-09").content.decode()


def test_the_dictionary_speaks_both_languages(client: Client, town: Town) -> None:
    words = client.get("/open-data/dictionary.json").json()
    assert {"columns", "tables", "values"} == set(words)
    assert all(entry["zh"] != entry["en"] for entry in words["columns"])
    assert "accusation" not in {entry["name"] for entry in words["values"]["type"]}


# The catalogue ----------------------------------------------------------------------------------


def expanded(tree: dict[str, Any]) -> set[Triple]:
    """The statements of our JSON-LD about resources with an address, prefixes written out."""
    prefixes = tree["@context"]

    def full(name: str) -> str:
        prefix, _, rest = name.partition(":")
        return prefixes[prefix] + rest if prefix in prefixes else name

    found = set()
    for node in tree["@graph"]:
        found.add((node["@id"], "a", full(node["@type"])))
        for name, held in node.items():
            values = [] if name.startswith("@") else held if isinstance(held, list) else [held]
            plain = [value.get("@value") or full(value["@id"]) for value in values if len(value) < 3]
            found |= {(node["@id"], full(name), value) for value in plain}
    return found


TOKEN = re.compile(
    r'<(?P<iri>[^>]*)>|"(?P<text>(?:[^"\\]|\\.)*)"(?:@[A-Za-z-]+|\^\^[\w:]+)?'
    r"|(?P<mark>[\[\];,.])(?=\s|$)|(?P<name>[\w:@.-]+)"
)


class Turtle:
    """Reads Turtle by its grammar, as far as we use it: what is said of a resource within brackets is left out."""

    def __init__(self, text: str) -> None:
        assert "".join(TOKEN.sub("", text).split()) == ""
        self.prefixes: dict[str, str] = {}
        self.found: set[Triple] = set()
        self.saying: list[list[str]] = [[]]  # for each open bracket the subject and the verb so far
        head, _, body = text.partition("\n\n")
        for line in head.splitlines():
            _at, name, address, _dot = line.split()
            self.prefixes[name.rstrip(":")] = address.strip("<>")
        for token in TOKEN.finditer(body):
            self.take(token)
        assert self.saying == [[]]

    def take(self, token: re.Match[str]) -> None:
        mark, now = token["mark"], self.saying[-1]
        if mark is None:
            self.say(self.full(token))
        elif mark == "[":
            self.saying.append(["_"])
        elif mark == "]":
            self.saying.pop()
        elif mark in ";.":
            del now[1 if mark == ";" else 0 :]

    def say(self, word: str) -> None:
        now = self.saying[-1]
        if len(now) < 2:
            now.append(word)
        elif now[0] != "_":
            self.found.add((now[0], now[1], word))

    def full(self, token: re.Match[str]) -> str:
        if token["iri"] is not None:
            return token["iri"]
        if token["text"] is not None:
            return str(json.loads(f'"{token["text"]}"'))
        prefix, _, rest = token["name"].partition(":")
        return self.prefixes[prefix] + rest if prefix in self.prefixes else token["name"]


def test_both_forms_of_the_catalogue_say_the_same(client: Client, published: Edition) -> None:
    tree = client.get("/open-data/catalogue.jsonld").json()
    turtle = client.get("/open-data/catalogue.ttl")
    assert turtle["Content-Type"] == "text/turtle; charset=utf-8"
    assert expanded(tree) == Turtle(turtle.content.decode()).found
    assert len(expanded(tree)) > 60


def test_the_catalogue_leads_to_the_files_it_describes(client: Client, published: Edition) -> None:
    tree = client.get("/open-data/catalogue.jsonld").json()
    files = [node for node in tree["@graph"] if node["@type"] == "dcat:Distribution"]
    assert len(files) == 2
    for node in files:
        answer = client.get(node["dcat:downloadURL"]["@id"].removeprefix("http://testserver"))
        assert answer.status_code == 200
        assert str(len(answer.content)) == node["dcat:byteSize"]["@value"]
        digest = hashlib.sha256(answer.content).hexdigest()
        assert digest == node["spdx:checksum"]["spdx:checksumValue"]["@value"]
        assert node["dcat:mediaType"]["@id"].endswith(answer["Content-Type"].split(";")[0])
    known = {node["@id"] for node in tree["@graph"]}
    pages = {iri.split("#")[0] for iri in known if iri.startswith("http://testserver")}
    for page in sorted(pages):
        assert client.get(page.removeprefix("http://testserver")).status_code == 200, page


MANDATORY = {  # what DCAT-AP asks of every catalogue, data set and file, and what the issue adds
    "dcat:Catalog": "dct:title dct:description dct:publisher dcat:dataset dct:license dct:issued dct:modified",
    "dcat:DatasetSeries": "dct:title dct:description dct:publisher dcat:contactPoint dct:spatial",
    "dcat:Dataset": "dct:title dct:description dct:publisher dcat:contactPoint dct:temporal dct:spatial dct:issued"
    " dct:modified dcat:theme dcat:keyword dcat:distribution dcat:inSeries dct:identifier",
    "dcat:Distribution": "dcat:accessURL dcat:downloadURL dcat:mediaType dcat:byteSize spdx:checksum dct:license"
    " dct:issued dct:modified dct:format",
}


@pytest.mark.parametrize("kind", MANDATORY)
def test_nothing_is_missing_that_other_portals_ask_for(client: Client, published: Edition, kind: str) -> None:
    nodes = client.get("/open-data/catalogue.jsonld").json()["@graph"]
    ours = [node for node in nodes if node["@type"] == kind]
    assert ours
    for node in ours:
        assert not [name for name in MANDATORY[kind].split() if name not in node]
        for title in [value for name, value in node.items() if name in ("dct:title", "dct:description")]:
            assert {value["@language"] for value in title} == {"zh-Hans", "en"}
    temporal = next(node["dct:temporal"] for node in nodes if node["@type"] == "dcat:Dataset")
    assert temporal["dcat:startDate"]["@value"] == "2026-09-01"
    assert temporal["dcat:endDate"]["@value"] == "2026-09-30"


def test_another_licence_can_be_chosen_and_an_unknown_one_is_refused(
    client: Client, published: Edition, settings: Any
) -> None:
    settings.OPEN_DATA_LICENCE = "CC0-1.0"
    assert "publicdomain/zero" in client.get("/open-data/").content.decode()
    assert "publicdomain/zero" in client.get("/open-data/catalogue.ttl").content.decode()
    settings.OPEN_DATA_LICENCE = "mine"
    with pytest.raises(ImproperlyConfigured, match="LINLI_OPEN_DATA_LICENCE=mine"):
        LinliConfig.create("linli.measures").ready()
