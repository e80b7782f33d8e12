"""Charts in a real browser: what stands along their axes can be read, at the desk and on a phone, in both languages."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from conftest import Cast, Town
from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WORDS = """chart => [...chart.querySelectorAll("svg text")].map(each => {
  const {left, right, top, bottom} = each.getBoundingClientRect();
  return {text: each.textContent, left, right, top, bottom};
})"""
CHART = """<ll-chart form="%s"%s><div class="ll-chart-canvas" hidden></div><table>
<thead><tr><th>x</th><th>n</th></tr></thead><tbody>%s</tbody></table></ll-chart>"""
Words = list[dict[str, Any]]
LONG = {
    "zh-hans": ["没有超期", "2 个工作日以内", "3–5 个工作日", "6–10 个工作日", "10 个工作日以上"],
    "en": [
        "Not late",
        "Up to 2 working days",
        "3–5 working days",
        "6–10 working days",
        "More than 10 working days",
    ],
}
STATES = ["To be acknowledged by the unit", "Check to be arranged", "Extension to be decided", "On hold"] * 4
MONTHS = [
    f"{month} 26"
    for month in ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
]


def plain(words: str) -> str:
    return re.sub(r"[\s\u200b]", "", words)


def drawn(page: Page, form: str, names: list[str], more: str = "") -> Words:
    """A chart of such names in the width of the page's own, as it is written."""
    rows = "".join(f"<tr><th>{name}</th><td>{10 * n}</td></tr>" for n, name in enumerate(names))
    page.evaluate(
        """html => { const place = document.querySelector(".ll-figure").parentElement;
        place.innerHTML = `<section class="card ll-figure"><div class="card-body">${html}</div></section>`; }""",
        CHART % (form, more, rows),
    )
    page.wait_for_selector(".ll-figure ll-chart svg text")
    found: Words = page.locator(".ll-figure ll-chart").evaluate(WORDS)
    return found


def overlapping(found: Words) -> list[tuple[str, str]]:
    boxes = [(each["text"], each) for each in found]
    return [
        (one, other)
        for place, (one, a) in enumerate(boxes)
        for other, b in boxes[place + 1 :]
        if min(a["right"], b["right"]) - max(a["left"], b["left"]) > 2
        and min(a["bottom"], b["bottom"]) - max(a["top"], b["top"]) > 6
    ]


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_names_and_numbers_along_the_axes_can_be_read(
    width: int, language: str, window: Callable[..., Page], town: Town, cast: Cast
) -> None:
    page = window("supervisor", width=width, language=language)
    page.goto("/desk/figures", wait_until="networkidle")
    for form, names in (("columns", LONG[language]), ("bar", STATES), ("bar", LONG[language])):
        found = drawn(page, form, names)
        written = plain("".join(each["text"] for each in found))
        for name in names:
            assert plain(name) in written, (form, name, found)  # in full
        assert overlapping(found) == [], form
    ends = [
        "Finished by the end of the month, in time",
        "Past its limit when the month ended, finished or not",
    ]
    few = drawn(page, "bar", ends)
    assert plain("".join(each["text"] for each in few if not each["text"].isdigit())) == plain("".join(ends))
    assert overlapping(few) == []
    together = drawn(
        page, "bar", [", ".join(STATES)] * 12
    )  # places shown together: shortened, the table has them
    assert overlapping(together) == []
    assert sum(each["text"].endswith("…") for each in together) == 12
    whole = [each["text"] for each in drawn(page, "columns", LONG[language])]
    assert language == "en" or set(LONG[language]) <= set(whole)  # on one line, none torn
    for floor, steps in ((0, 5), (60, 4)):
        found = drawn(page, "line", MONTHS, f' unit="%" floor="{floor}"')
        shares = [float(each["text"][:-1]) for each in found if each["text"].endswith("%")]
        between = {round(other - one, 3) for one, other in zip(shares, shares[1:], strict=False)}
        assert len(between) == 1, shares  # equal steps, up to a hundred
        assert (min(shares), max(shares)) == (floor, 100)
        assert len(shares) <= steps + 1
        assert overlapping(found) == []


def test_names_on_the_board_have_room_beside_the_numbers(
    window: Callable[..., Page], report: Any, town: Town, cast: Cast
) -> None:
    report()
    page = window("supervisor", width=1280, language="en")
    page.goto("/desk/board", wait_until="networkidle")
    name = page.locator("table.is-compact th[scope=row]").first
    whole = page.locator("table.is-compact").first.bounding_box()
    box = name.bounding_box()
    assert whole
    assert box
    assert box["width"] > whole["width"] / 5
