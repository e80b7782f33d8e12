"""Rows of chips that are wider than a phone, in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conftest import Cast
from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

EDGES = """() => { const row = document.querySelector("main nav .ll-chips.is-scroll");
  const [outer, inner] = [row, row.querySelector("[aria-current]")].map(each => each.getBoundingClientRect());
  return [row.scrollWidth > row.clientWidth, inner.left - outer.left, outer.right - inner.right, scrollY]; }"""


@pytest.mark.parametrize("address", ["/desk/manage", "/desk/manage/people", "/desk/manage/changes"])
def test_the_part_one_is_in_is_in_sight_on_a_phone(
    address: str, window: Callable[..., Page], cast: Cast
) -> None:
    page = window("administrator")
    page.goto(address)
    is_wider, left, right, down = page.evaluate(EDGES)
    assert is_wider
    assert left >= 0
    assert right >= 0
    assert down == 0, "the page itself stays at its top"
