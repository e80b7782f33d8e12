"""Forms of the working calendar: one day, a year confirmed, a notice pasted in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linli.cases.procedures.calendar import Day
from linli.kit import text

MOST_LINES, LONGEST_SPAN = 120, 31
SPAN = re.compile(r"~|～|\.\.|至|到")
CELLS = re.compile(r"[,，\t;；]")
OFF = {"off", "rest", "holiday", "休", "放假", "休息"}  # zh: words people type
WORK = {"work", "on", "班", "上班", "调休上班"}  # zh: words people type


class DayForm(forms.Form):
    date = forms.DateField(
        label=gettext_lazy("日期"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    is_working = forms.TypedChoiceField(
        label=gettext_lazy("这一天"),
        choices=[("0", gettext_lazy("放假")), ("1", gettext_lazy("上班（调休）"))],
        coerce=lambda value: value == "1",
        initial="0",
    )
    name_zh = forms.CharField(label=gettext_lazy("名称"), max_length=40)
    name_en = forms.CharField(label=gettext_lazy("英文名称"), max_length=60, required=False)
    source = forms.CharField(
        label=gettext_lazy("依据"), max_length=120, help_text=gettext_lazy("文件名和文号。")
    )
    is_confirmed = forms.BooleanField(
        label=gettext_lazy("已经正式公布"),
        required=False,
        initial=True,
        help_text=gettext_lazy("只要有一天没有公布，这一年的日期就都算暂定。"),
    )

    def day(self) -> Day:
        return Day(**self.cleaned_data)


class ConfirmForm(forms.Form):
    source = forms.CharField(
        label=gettext_lazy("公布的文件"),
        max_length=120,
        help_text=gettext_lazy("例如：国办发明电〔2026〕7号。"),
    )


class NoticeForm(forms.Form):
    """A notice as lines: a day or a span, off or work, the name."""

    source = forms.CharField(label=gettext_lazy("公布的文件"), max_length=120)
    lines = forms.CharField(
        label=gettext_lazy("放假安排"),
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false"}),
        help_text=gettext_lazy("每行一天或一段：日期，放假或上班，名称。英文名称可写在第四格。"),
    )

    def clean_lines(self) -> list[Day]:
        """The days of the notice; names the line and what is wrong with it."""
        given = text.clean(self.cleaned_data["lines"]).splitlines()
        numbered = [(number, line.strip()) for number, line in enumerate(given, start=1) if line.strip()]
        if len(numbered) > MOST_LINES:
            raise forms.ValidationError(_("最多 %(n)d 行。") % {"n": MOST_LINES})
        days: dict[date, Day] = {}
        faults = []
        for number, line in numbered:
            try:
                for day in _days(line):
                    if day.date in days:
                        raise ValueError(_("%(day)s 前面已经有了") % {"day": day.date.isoformat()})
                    days[day.date] = day
            except ValueError as error:
                faults.append(_("第 %(n)d 行：%(fault)s。") % {"n": number, "fault": error})
        if faults:
            raise forms.ValidationError(faults[:10])
        return [days[each] for each in sorted(days)]


def _days(line: str) -> Iterator[Day]:
    cells = [cell.strip() for cell in CELLS.split(line)]
    if len(cells) < 3 or not cells[2]:
        raise ValueError(_("要有日期、放假或上班、名称三格"))
    first, last = _span(cells[0])
    kind = cells[1].lower()
    if kind not in OFF | WORK:
        raise ValueError(_("“%(word)s”应写放假或上班") % {"word": cells[1][:20]})
    name_zh, name_en = cells[2][:40], (cells[3] if len(cells) > 3 else "")[:60]
    day = first
    while day <= last:
        yield Day(day, kind in WORK, name_zh, name_en)
        day += timedelta(days=1)


def _span(cell: str) -> tuple[date, date]:
    parts = SPAN.split(cell.strip(), maxsplit=1)
    first, last = _date(parts[0]), _date(parts[-1])
    if last < first or (last - first).days > LONGEST_SPAN:
        raise ValueError(_("一段日期要从早到晚，最多 %(n)d 天") % {"n": LONGEST_SPAN})
    return first, last


def _date(written: str) -> date:
    try:
        found = parse_date(written.strip())
    except ValueError:
        found = None
    if found is None:
        raise ValueError(_("“%(word)s”不是日期，请写成 2027-01-01") % {"word": written[:20]})
    return found


def initial_day(row: Any) -> dict[str, Any]:
    """The values of a day that is in the table."""
    names = ("date", "name_zh", "name_en", "source", "is_confirmed")
    return {**{name: getattr(row, name) for name in names}, "is_working": "1" if row.is_working else "0"}
