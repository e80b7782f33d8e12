"""The OpenAPI document: a snapshot, and that it says everything of every operation. `UPDATE=1` writes it anew."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from django.test import Client
from django.utils import translation

import linli.api.v1.urls  # noqa: F401  registers every operation, whichever test comes first
from linli.api.v1.document import document, problems_of
from linli.api.v1.operations import every
from linli.api.v1.problems import KINDS

SNAPSHOT = Path(__file__).with_name("openapi.json")


def in_english() -> dict[str, Any]:
    """Addresses and types by name: the order they are served in is that of the imports."""
    with translation.override("en"):
        found: dict[str, Any] = json.loads(json.dumps(document()))
    for parts in (found, found["components"]):
        parts |= {name: dict(sorted(parts[name].items())) for name in ("paths", "schemas") if name in parts}
    return found


def entries(found: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method} {path}", entry) for path, item in found["paths"].items() for method, entry in item.items()
    ]


def test_the_document_is_the_one_kept() -> None:
    now = json.dumps(in_english(), ensure_ascii=False, indent=1) + "\n"
    if os.environ.get("UPDATE"):
        SNAPSHOT.write_text(now, encoding="utf-8")
    assert now == SNAPSHOT.read_text(encoding="utf-8"), "UPDATE=1 writes it anew; read what changed"


def test_every_operation_says_what_it_is() -> None:
    found = entries(in_english())
    ids = [entry["operationId"] for _where, entry in found]
    assert len(ids) == len(set(ids)) == len(every())
    for where, entry in found:
        assert entry["summary"], where
        assert not any(letter >= "\u4e00" for letter in entry["summary"] + entry["description"]), where
        assert entry["tags"], where
        for parameter in entry["parameters"]:
            assert parameter["in"] != "path" or parameter["example"], where


def test_every_operation_has_examples_that_fit_its_schema() -> None:
    found = in_english()
    components = {"components": found["components"]}
    for where, entry in entries(found):
        responses = [each for each in entry["responses"].values() if "$ref" not in each]
        contents = [
            each.get("content", {}) for each in (*responses, *found["components"]["responses"].values())
        ]
        contents += [entry["requestBody"]["content"]] if "requestBody" in entry else []
        for content in contents:
            for kind, media in content.items():
                if kind in {"image/jpeg", "multipart/form-data"}:
                    continue
                samples = [media["example"]] if "example" in media else []
                samples += [each["value"] for each in media.get("examples", {}).values()]
                assert samples, (where, kind)
                validator = jsonschema_rs.validator_for({**media["schema"], **components})
                for sample in samples:
                    problems = [str(error) for error in validator.iter_errors(sample)]
                    assert not problems, (where, problems)


def test_every_problem_is_documented_with_its_status() -> None:
    found = in_english()
    for made in every():
        entry = found["paths"][made.path][made.method.lower()]
        for code in problems_of(made):
            name = entry["responses"][str(KINDS[code][0])]["$ref"].rpartition("/")[2]
            response = found["components"]["responses"][name]
            assert code in response["content"]["application/problem+json"]["examples"], (made.id, code)


def test_every_link_leads_to_an_operation_and_fills_its_parameters() -> None:
    found = in_english()
    known = {entry["operationId"]: entry for _where, entry in entries(found)}
    links = [
        (where, link)
        for where, entry in entries(found)
        for response in entry["responses"].values()
        for link in response.get("links", {}).values()
    ]
    assert len(links) >= 12
    for where, link in links:
        names = {each["name"] for each in known[link["operationId"]]["parameters"] if each["in"] == "path"}
        assert set(link["parameters"]) == names, (where, link)


@pytest.mark.django_db
def test_the_document_and_its_page_are_public_in_both_languages(client: Client) -> None:
    for language, word in (("zh", "登记一件服务事项"), ("en", "Register a request")):
        headers = {"Accept-Language": language}
        served = client.get("/api/v1/openapi.json", headers=headers)
        assert served["Access-Control-Allow-Origin"] == "*"
        post = served.json()["paths"]["/requests"]["post"]
        assert post["summary"] == word
        page = client.get("/api/v1/docs", headers=headers).content.decode()
        assert word in page
        for made in every():
            assert f'id="{made.id}"' in page
        for code in KINDS:
            assert f'id="{code}"' in page
        assert " style=" not in page
        assert "<script>" not in page
