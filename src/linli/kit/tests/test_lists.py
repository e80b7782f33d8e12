"""Lists read as the reader's language writes them."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.template import Context, Template
from django.utils import translation

from linli.kit import lists, messages


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh-hans", ("东河镇、西河镇", "东河镇、西河镇；3", "编号：3")),
        ("en", ("东河镇, 西河镇", "东河镇, 西河镇; 3", "编号: 3")),
    ],
)
def test_lists_are_joined_in_the_readers_language(language: str, said: tuple[str, str, str]) -> None:
    words = ["东河镇", "西河镇"]
    with translation.override(language):
        both = lists.listed(words)
        assert (both, lists.clauses([both, 3]), lists.labelled("编号", 3)) == said
        page = Template("{% load linli %}{{ words|listed }}{{ words|clauses }}").render(
            Context({"words": words})
        )
    assert ("、" in page) == (language != "en")


def test_a_list_joined_by_hand_is_found(tmp_path: Path) -> None:
    app = tmp_path / "thing"
    (app / "templates").mkdir(parents=True)
    (app / "__init__.py").write_text("")
    (app / "views.py").write_text('a = "、".join(b)\nc = "，".join(d)  # zh: on an official paper\n')
    (app / "templates" / "x.html").write_text('{{ names|join:"；" }}')
    assert messages.bare(tmp_path) == [
        "thing/views.py:1: Chinese text outside gettext",
        "thing/templates/x.html:1: Chinese text outside gettext",
    ]
