"""Tags and filters that every page shares: `{% load linli %}`."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, Select
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, npgettext, pgettext
from django_vite.core.asset_loader import DjangoViteAssetLoader
from django_vite.core.exceptions import DjangoViteAssetNotFoundError

from linli.kit import clock, lists

register = template.Library()

WEEKDAYS = [
    gettext_lazy("周一"),
    gettext_lazy("周二"),
    gettext_lazy("周三"),
    gettext_lazy("周四"),
    gettext_lazy("周五"),
    gettext_lazy("周六"),
    gettext_lazy("周日"),
]
ALERTS = {"success": "is-brand", "warning": "is-accent", "error": "is-danger"}
ALERT_ICONS = {"success": "circle-check", "warning": "alert-triangle", "error": "alert-circle"}


# Assets --------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _sprite() -> str:
    try:
        return str(DjangoViteAssetLoader.instance().generate_vite_asset_url("frontend/icons.json"))
    except DjangoViteAssetNotFoundError:
        return static("linli/dist/icons.svg")


@register.simple_tag
@lru_cache(maxsize=1024)
def icon(name: str, extra: str = "") -> SafeString:
    """`{% icon "send" %}`: a picture beside words, silent to screen readers. Names: frontend/icons.json."""
    css = f"icon {extra}".strip()
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#i-{}"></use></svg>', css, _sprite(), name
    )


@register.simple_tag
def bundle(name: str) -> SafeString:
    """`{% bundle "main" %}`: style and script of one front-end entry; nothing before the first build."""
    try:
        tags = DjangoViteAssetLoader.instance().generate_vite_asset(f"frontend/{name}.ts")
    except DjangoViteAssetNotFoundError:
        tags = "<!-- npm run build -->"
    return SafeString(tags)


# Moments -------------------------------------------------------------------------------------


def _year(day: date) -> str:
    """The year, said only where it is not the present one."""
    return "" if day.year == timezone.localdate(clock.now()).year else str(day.year)


def _day(day: date) -> str:
    year = _year(day)
    if year:
        return format_date(day, pgettext("date", "Y年n月j日"))
    return format_date(day, pgettext("date", "n月j日"))


register.filter("listed", lists.listed)
register.filter("clauses", lists.clauses)


@register.filter
def day(value: object, weekday: str = "weekday") -> str:
    """A date: `10月9日 周五`, `Fri 9 Oct`; `|day:"plain"` without the weekday. Text passes through."""
    if isinstance(value, datetime):
        value = timezone.localtime(value).date()
    if not isinstance(value, date):
        return str(value or "")
    if weekday == "plain":
        return _day(value)
    parts = {"day": _day(value), "weekday": WEEKDAYS[value.weekday()]}
    return pgettext("date", "%(day)s %(weekday)s") % parts


@register.filter
def moment(value: object, form: str = "") -> str:
    """An instant: `9月30日 周三 16:42`; the end of a day is `10月13日 24:00`, never the next day at 0:00.

    `|moment:"plain"` leaves the weekday out, `|moment:"weekday"` always says it.
    """
    if not isinstance(value, datetime):
        return str(value or "")
    local = timezone.localtime(value)
    at, ends_day = local.date(), local.time() == time(0)
    if ends_day:
        at -= timedelta(days=1)
    plain = form == "plain" or (ends_day and form != "weekday")
    said = "24:00" if ends_day else format_date(local, "H:i")
    parts = {"day": day(at, "plain" if plain else "weekday"), "time": said}
    return pgettext("moment", "%(day)s %(time)s") % parts


@register.simple_tag
def when(value: datetime | None, form: str = "") -> SafeString | str:
    """`<time>` around `moment`, with the machine's form in `datetime`."""
    if value is None:
        return ""
    return format_html(
        '<time datetime="{}">{}</time>', timezone.localtime(value).isoformat(), moment(value, form)
    )


@register.filter
def duration(value: timedelta | None) -> str:
    """A length of time in its two largest units: `2 天 3 小时`, `2 days 3 hours`."""
    if value is None:
        return ""
    minutes = abs(int(value.total_seconds())) // 60
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    parts = []
    if days:
        parts.append(ngettext("%d 天", "%d 天", days) % days)
    if hours:
        parts.append(ngettext("%d 小时", "%d 小时", hours) % hours)
    if minutes and not days:
        parts.append(ngettext("%d 分钟", "%d 分钟", minutes) % minutes)
    return " ".join(parts) or _("不到 1 分钟")


@register.filter
def remaining(due: datetime | None, at: datetime | None = None) -> str:
    """How long until a moment, or how long past it: `还剩 3 小时`, `超期 2 天`."""
    if due is None:
        return ""
    left = due - (at or clock.now())
    size = left if abs(left) < timedelta(days=1) else timedelta(days=abs(left).days)
    if left >= timedelta(0):
        return _("还剩 %(length)s") % {"length": duration(size)}
    return _("超期 %(length)s") % {"length": duration(size)}


@register.filter
def working_days(count: int | None) -> str:
    """Working days left as the kernel counts them; negative is late: `还剩 1 个工作日`, `超期 2 个工作日`."""
    if count is None:
        return ""
    if count == 0:
        return _("今天到期")
    if count > 0:
        return ngettext("还剩 %d 个工作日", "还剩 %d 个工作日", count) % count
    return npgettext("late", "超期 %d 个工作日", "超期 %d 个工作日", -count) % -count


# Numbers and bars ----------------------------------------------------------------------------


@register.filter
def number(value: object, digits: int = 0) -> str:
    """`1284` as `1,284`; `|number:1` keeps one decimal; nothing at all is a dash."""
    if value is None or value == "":
        return "–"
    return f"{float(str(value)):,.{digits}f}"


@register.simple_tag
def bar(share: float, kind: str = "") -> SafeString:
    """A bar of so many per cent; the figure stands beside it in words. Kinds: is-late, is-soon, is-soft."""
    width = f"{max(0.0, min(100.0, float(share))):.1f}%"
    return format_html(
        '<svg class="ll-bar {}" aria-hidden="true"><rect width="{}" height="100%"></rect></svg>', kind, width
    )


# Navigation ----------------------------------------------------------------------------------


@register.simple_tag(takes_context=True)
def active(context: template.Context, *names: str) -> SafeString:
    """`aria-current="page"` when the page shown is one of these url names, else nothing."""
    request = context.get("request")
    match = getattr(request, "resolver_match", None)
    if match is not None and match.view_name in names:
        return mark_safe('aria-current="page"')
    return mark_safe("")


def _nav_current(request: Any, href: str) -> SafeString:
    path = getattr(request, "path", "")
    if path == href:
        return mark_safe(' aria-current="page"')
    if href not in {"/", "/desk/"} and path.startswith(href):
        return mark_safe(' aria-current="true"')
    return mark_safe("")


@register.simple_tag(takes_context=True)
def nav_item(
    context: template.Context, name: str, label: str, symbol: str = "", count: object = None, key: str = ""
) -> SafeString:
    """A link of a menu; nothing where the page does not exist. `key` names its count for live updates."""
    try:
        href = reverse(name)
    except NoReverseMatch:
        return mark_safe("")
    picture = icon(symbol) if symbol else ""
    hidden = mark_safe(" hidden") if not count else ""
    badge = format_html('<span class="ll-count" data-count="{}"{}>{}</span>', key, hidden, count or 0)
    shown = badge if key or count else ""
    current = _nav_current(context.get("request"), href)
    return format_html('<a href="{}"{}>{}{}{}</a>', href, current, picture, label, shown)


@register.simple_tag(takes_context=True)
def url_with(context: template.Context, **changes: object) -> str:
    """The present address with query parameters changed; `key=None` or `key=""` drops one."""
    request = context.get("request")
    if request is None:
        return ""
    query = request.GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value is not None and value != "":
            query[name] = str(value)
    encoded = query.urlencode()
    return f"{request.path}?{encoded}" if encoded else str(request.path)


# Forms and messages --------------------------------------------------------------------------


@register.filter
def control(field: BoundField) -> SafeString:
    """The input of a form field with its classes; Django adds `aria-describedby` and `aria-invalid`."""
    widget = field.field.widget
    css = "form-control"
    if isinstance(widget, CheckboxInput) or field.use_fieldset:
        css = "form-check-input"
    elif isinstance(widget, Select):
        css = "form-select"
    own = widget.attrs.get("class", "")
    wrong = "is-invalid" if field.errors else ""
    return field.as_widget(attrs={"class": " ".join(filter(None, [css, own, wrong]))})


@register.filter
def is_check(field: BoundField) -> bool:
    """Whether the field is one tick box, whose label follows it."""
    return isinstance(field.field.widget, CheckboxInput)


@register.filter
def alert_class(level: str) -> str:
    return ALERTS.get(level, "is-brand")


@register.filter
def alert_icon(level: str) -> str:
    return ALERT_ICONS.get(level, "info-circle")
