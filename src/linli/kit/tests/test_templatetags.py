"""Tags and filters, and the icons that templates ask for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django import forms
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone, translation

from linli.kit import clock
from linli.kit.templatetags import linli

PACKAGE = Path(__file__).resolve().parent.parent.parent
ICONS = PACKAGE.parent.parent / "frontend" / "icons.json"
NOW = datetime(2026, 10, 10, 1, 41, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _shanghai_autumn(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    with timezone.override("Asia/Shanghai"), translation.override("zh-hans"):
        yield


def render(source: str, **context: object) -> str:
    return Template("{% load linli %}" + source).render(Context(context))


def test_an_instant_is_said_with_its_weekday() -> None:
    at = datetime(2026, 9, 30, 8, 42, tzinfo=UTC)
    assert linli.moment(at) == "9月30日 周三 16:42"
    assert linli.moment(at, "plain") == "9月30日 16:42"


def test_the_end_of_a_day_is_twenty_four_hundred_of_that_day() -> None:
    at = datetime(2026, 10, 13, 16, 0, tzinfo=UTC)
    assert linli.moment(at) == "10月13日 24:00"
    assert linli.moment(at, "weekday") == "10月13日 周二 24:00"


def test_the_end_of_a_year_stays_in_that_year() -> None:
    assert linli.moment(datetime(2026, 12, 31, 16, 0, tzinfo=UTC)) == "12月31日 24:00"


def test_another_year_is_named() -> None:
    assert linli.day(date(2027, 1, 2)) == "2027年1月2日 周六"
    assert linli.day(date(2026, 10, 9)) == "10月9日 周五"


def test_english_says_the_same() -> None:
    with translation.override("en"):
        assert linli.moment(datetime(2026, 9, 30, 8, 42, tzinfo=UTC)) == "Wed 30 Sep, 16:42"
        assert linli.moment(datetime(2026, 10, 13, 16, 0, tzinfo=UTC)) == "13 Oct, 24:00"
        assert linli.day(date(2027, 1, 2)) == "Sat 2 Jan 2027"
        assert linli.working_days(1) == "1 working day left"
        assert linli.working_days(-2) == "2 working days late"
        assert linli.duration(timedelta(days=1, hours=3)) == "1 day 3 hours"


def test_text_in_place_of_a_date_passes_through() -> None:
    assert linli.moment("今天") == "今天"
    assert linli.day(None) == ""


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(hours=3), "还剩 3 小时"),
        (timedelta(days=2, hours=5), "还剩 2 天"),
        (timedelta(minutes=-90), "超期 1 小时 30 分钟"),
        (timedelta(days=-3), "超期 3 天"),
        (timedelta(0), "还剩 不到 1 分钟"),
    ],
)
def test_what_remains_is_said_in_words(left: timedelta, words: str) -> None:
    assert linli.remaining(NOW + left) == words


def test_working_days_left_or_past() -> None:
    assert linli.working_days(0) == "今天到期"
    assert linli.working_days(1) == "还剩 1 个工作日"
    assert linli.working_days(-2) == "超期 2 个工作日"


def test_numbers_have_thousands_and_nothing_is_a_dash() -> None:
    assert linli.number(1284) == "1,284"
    assert linli.number(87.64, 1) == "87.6"
    assert linli.number(None) == "–"


def test_a_bar_stays_within_its_frame() -> None:
    assert 'width="100.0%"' in linli.bar(130)
    assert "style=" not in linli.bar(38, "is-late")


def test_an_icon_is_silent_and_from_our_own_host() -> None:
    svg = render('{% icon "send" %}')
    assert 'aria-hidden="true"' in svg
    assert re.search(r'href="/static/linli/dist/icons[^"]*\.svg#i-send"', svg)


def test_a_menu_link_to_a_page_that_does_not_exist_is_left_out() -> None:
    assert render('{% nav_item "nowhere:page" "x" %}', request=RequestFactory().get("/")) == ""


def test_an_address_keeps_its_other_parameters() -> None:
    request = RequestFactory().get("/desk/", {"q": "路灯", "after": "9"})
    assert render('{% url_with q=None after="12" %}', request=request) == "/desk/?after=12"


class Sample(forms.Form):
    place = forms.CharField(label="地点", help_text="写到门牌")
    kind = forms.ChoiceField(label="类别", choices=[("a", "甲"), ("b", "乙")])
    how = forms.ChoiceField(label="方式", choices=[("1", "电话"), ("2", "来访")], widget=forms.RadioSelect)
    agree = forms.BooleanField(label="我已读过", required=False)
    note = forms.CharField(label="备注", required=False, widget=forms.Textarea)


def field(form: forms.Form, name: str) -> str:
    return render('{% include "linli/includes/field.html" %}', field=form[name])


def test_a_field_tells_its_hint_and_error_to_screen_readers() -> None:
    html = field(Sample(data={}), "place")
    assert 'aria-describedby="id_place_helptext id_place_error"' in html
    assert 'id="id_place_helptext"' in html
    assert 'id="id_place_error"' in html
    assert 'class="form-control is-invalid"' in html
    assert 'aria-invalid="true"' in html


def test_a_field_says_when_it_may_stay_empty() -> None:
    assert "（可不填）" in field(Sample(), "note")
    assert "（可不填）" not in field(Sample(), "place")


def test_choices_stand_in_a_fieldset_and_keep_what_was_chosen() -> None:
    html = field(Sample(data={"how": "2"}), "how")
    assert "<legend" in html
    assert re.search(r'value="2"[^>]* checked', html)
    assert 'class="form-select"' in field(Sample(), "kind")


def test_a_refused_form_links_to_each_field() -> None:
    html = render('{% include "linli/includes/form_errors.html" %}', form=Sample(data={}))
    assert 'href="#id_place"' in html
    assert 'href="#id_how"' in html


def test_error_pages_render_with_nothing_at_hand() -> None:
    for name in ["400", "403", "403_csrf", "404", "429", "500", "503"]:
        source = (PACKAGE / "kit" / "templates" / f"{name}.html").read_text()
        assert "<h1" in Template(source).render(Context({}))


def templates() -> list[Path]:
    return sorted(PACKAGE.glob("*/templates/**/*.html"))


@pytest.mark.skipif(not ICONS.exists(), reason="installed without the front-end sources")
def test_every_icon_a_template_names_is_in_the_sprite() -> None:
    known = set(json.loads(ICONS.read_text()))
    asked = re.compile(r"""\{%\s*icon\s+"([^"]+)"|symbol="([a-z0-9-]+)"|\|default:"([a-z0-9-]+)"\s*%\}""")
    missing = {
        f"{path.relative_to(PACKAGE)}: {name}"
        for path in templates()
        for match in asked.finditer(path.read_text())
        for name in match.groups()
        if name and name not in known
    }
    assert not missing


def test_no_template_carries_what_the_content_policy_refuses() -> None:
    refused = re.compile(r"""\sstyle=|<style|\son[a-z]+=["']|<script(?![^>]*\bsrc=)|href=["']javascript:""")
    wrong = [str(path.relative_to(PACKAGE)) for path in templates() if refused.search(path.read_text())]
    assert not wrong
