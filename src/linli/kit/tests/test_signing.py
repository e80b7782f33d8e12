"""Signatures as pictures: only numbers ever reach the page."""

from __future__ import annotations

import pytest

from linli.kit.templatetags.signing import drawn, path_of


def test_a_stroke_is_rounded_through_the_middles_of_its_points() -> None:
    assert path_of([[[0.1, 0.5], [0.2, 0.3]]]) == "M20.0 50.0Q20.0 50.0 30.0 40.0L40.0 30.0"


def test_a_single_point_is_a_dot() -> None:
    assert path_of([[[0.5, 0.5]]]) == "M100.0 50.0L100.0 50.0"


@pytest.mark.parametrize(
    "strokes",
    [
        None,
        "<script>",
        7,
        {},
        [None],
        ["M0 0"],
        [[["1", "2"]]],
        [[[2, 0]]],
        [[[True, True]]],
        [[[0.1]]],
        [[]],
    ],
)
def test_whatever_is_no_drawing_draws_nothing(strokes: object) -> None:
    assert path_of(strokes) == ""


def test_the_name_is_escaped_and_no_style_stands_inline() -> None:
    picture = drawn([[[0.1, 0.1], [0.2, 0.2]]], '"><script>')
    assert "<script>" not in picture
    assert "style" not in picture
    assert 'viewBox="0 0 200 100"' in picture
