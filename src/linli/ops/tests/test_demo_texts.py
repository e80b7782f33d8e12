"""The demonstration's texts and pictures: plenty, different, harmless, and the same for the same seed."""

import re
import tomllib
from io import BytesIO
from pathlib import Path
from random import Random

import pytest
from PIL import Image

import linli
from linli.kit.text import clean, mask_candidates, similar, width
from linli.ops.demo import pictures
from linli.ops.demo.texts import RATINGS, load

CATEGORIES = tomllib.loads(
    (Path(linli.__file__).parent / "service_requests/data/categories.toml").read_text(encoding="utf-8")
)
CODES = [category["code"] for category in CATEGORIES["category"]]
TEXTS = load()
ALL_REPORTS = [template for templates in TEXTS.reports.values() for template in templates]
DEMO_PHONE = re.compile(r"0712-0000-\d{3}|130-0000-\d{4}")


def _everything() -> list[str]:
    pools = [
        *TEXTS.places.values(),
        *TEXTS.progress.values(),
        *TEXTS.feedback.values(),
        *TEXTS.remarks.values(),
    ]
    return [template.text for template in ALL_REPORTS] + [text for pool in pools for text in pool]


def test_every_category_has_ten_reports_of_its_own() -> None:
    assert set(TEXTS.reports) == set(CODES)
    assert all(len(templates) >= 10 for templates in TEXTS.reports.values())
    assert len({template.text for template in ALL_REPORTS}) >= 450


def test_every_category_has_words_for_the_work() -> None:
    assert set(TEXTS.progress) == set(TEXTS.feedback) == set(CODES)


def test_reports_are_of_a_length_people_write() -> None:
    rng = Random(1)
    lengths = [
        len(TEXTS.report(rng, code, number).text)
        for code in CODES
        for number in range(len(TEXTS.reports[code]))
    ]
    assert min(lengths) >= 30
    assert max(lengths) <= 120


def test_no_two_reports_are_nearly_the_same() -> None:
    for templates in TEXTS.reports.values():
        for n, one in enumerate(templates):
            assert all(similar(one.text, other.text) < 0.4 for other in templates[:n]), one.text


def test_no_number_could_be_anybodys() -> None:
    for text in _everything():
        spans = mask_candidates(text)
        assert all(DEMO_PHONE.fullmatch(text[span.start : span.end]) for span in spans), text


def test_texts_are_clean_and_every_slot_can_be_filled() -> None:
    assert all(clean(text) == text for text in _everything())
    rng = Random(2)
    for code, templates in TEXTS.reports.items():
        for number, template in enumerate(templates):
            report = TEXTS.report(rng, code, number)
            assert not re.search(r"[{}]", report.text)
            assert report.place in report.text
            assert bool(report.place) == ("{" in template.text)


def test_a_reason_to_return_names_its_ground() -> None:
    assert all(len(text) >= 10 for text in TEXTS.pool("return"))
    assert all(
        re.search(r"[《依按照查据]|清单|移交|地点|说明|内容|现场|是省道", text)
        for text in TEXTS.pool("return")
    )


def test_every_grade_has_comments() -> None:
    rng = Random(3)
    assert all(TEXTS.rating(rng, grade) in TEXTS.pool("rating") for grade in range(1, 6))
    assert all(len(TEXTS.pool(f"rating.{name}")) >= 5 for name in RATINGS)


def test_staff_names_are_different() -> None:
    assert len(set(TEXTS.staff)) == len(TEXTS.staff) == 60
    assert len(set(TEXTS.cast(Random(4), 30))) == 30


def test_the_same_seed_says_the_same() -> None:
    def say(seed: int) -> list[str]:
        rng = Random(seed)
        return [TEXTS.report(rng, code).text + TEXTS.pick(rng, "feedback", code) for code in CODES]

    assert say(5) == say(5)
    assert say(5) != say(6)


def test_refuses_an_unknown_pool() -> None:
    with pytest.raises(KeyError):
        TEXTS.pick(Random(1), "no_such_pool")


@pytest.mark.parametrize("code", [*CODES, "unknown"])
def test_a_picture_is_small_the_same_each_time_and_carries_nothing_but_pixels(code: str) -> None:
    before = pictures.picture(code, 7)
    assert before == pictures.picture(code, 7)
    assert before != pictures.picture(code, 8)
    for data in (before, pictures.picture(code, 7, is_after=True)):
        assert len(data) <= pictures.LIMIT
        with Image.open(BytesIO(data)) as image:
            assert image.size == (pictures.WIDTH, pictures.HEIGHT)
            assert not image.getexif()


def test_a_title_is_a_clause_that_says_what_it_is_about() -> None:
    lamp = TEXTS.title(
        "facility.street_lamp", "我开三轮车拉菜，天不亮就出门，村口那个弯没有灯，对面来车看不见。"
    )
    assert lamp == "村口那个弯没有灯，对面来车看不见"
    rng = Random(6)
    for code in CODES:
        told = [TEXTS.report(rng, code, number).text for number in range(10)]
        assert all(3 <= width(TEXTS.title(code, text)) <= 24 for text in told), code


def test_a_report_goes_with_its_setting() -> None:
    rng = Random(7)
    town, worker = TEXTS.settings["community"], TEXTS.settings["grid_worker"]
    said = [TEXTS.report(rng, "facility.street_lamp", n, town | worker).text for n in range(20)]
    assert not any(word in text for text in said for word in ("我", "湾"))
