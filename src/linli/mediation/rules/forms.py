"""What is written on each paper of the file: its fields, said once for the desk, the portal and the import.

The names are those of the printed forms (papers/forms.toml); days and moments are ISO texts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from linli.kit.text import clean
from linli.mediation.models import Bar, PaperKind
from linli.mediation.rules.papers import POINTS

Kind = Literal["line", "text", "lines", "day", "moment", "choice", "party", "money", "items"]
LINE, TEXT, MOST_ROWS, MOST_LINES = 200, 8000, 40, 60
MOST_MONEY = Decimal("999999999999.99")


@dataclass(frozen=True)
class Field:
    """One field of a paper. `choices` are values with their words; `columns` the fields of a row of `items`."""

    name: str
    text: str
    kind: Kind = "line"
    required: bool = False
    help: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    columns: tuple[Field, ...] = ()

    @property
    def label(self) -> str:
        return _(self.text)

    @property
    def hint(self) -> str:
        return _(self.help) if self.help else ""

    @property
    def options(self) -> list[tuple[str, str]]:
        return [(value, _(text)) for value, text in self.choices]

    @property
    def most(self) -> int:
        return TEXT if self.kind in ("text", "lines") else LINE


_DATE = Field("date", gettext_noop("日期"), "day", required=True)
_AGREED = (
    Field("facts", gettext_noop("主要事实、争议事项"), "text", required=True),
    Field(
        "manner",
        gettext_noop("履行方式、地点和期限"),
        "text",
        required=True,
        help=gettext_noop("怎么付、付到哪里、做到什么样算做好；当场履行就写当场履行。"),
    ),
)
_INSTALMENTS = Field(
    "instalments",
    gettext_noop("分几次履行"),
    "items",
    help=gettext_noop("到期前会提醒该做的一方。当场履行完的不用填。"),
    columns=(
        Field("party", gettext_noop("由谁做"), "party", required=True),
        Field("what", gettext_noop("做什么"), required=True),
        Field("amount", gettext_noop("金额（元）"), "money"),
        Field("due_on", gettext_noop("最迟哪天"), "day", required=True),
    ),
)
BARS = (
    ("", gettext_noop("可以申请")),
    (Bar.STATUS.value, gettext_noop("不能：涉及身份关系（婚姻效力、亲子、收养）")),
    (Bar.OWNERSHIP.value, gettext_noop("不能：涉及物权、知识产权确权")),
)
_BAR = Field(
    "bar",
    gettext_noop("能不能申请司法确认"),
    "choice",
    choices=BARS,
    help=gettext_noop("依民事诉讼法解释第三百五十五条，后两种法院不受理。"),
)

FIELDS: dict[PaperKind, tuple[Field, ...]] = {
    PaperKind.APPLICATION: (
        Field("brief", gettext_noop("纠纷简要情况"), "text", required=True),
        Field(
            "requests",
            gettext_noop("申请事项"),
            "lines",
            required=True,
            help=gettext_noop("一行一项。"),
        ),
        _DATE,
    ),
    PaperKind.REGISTER: (
        _DATE,
        Field("category", gettext_noop("纠纷类型"), required=True),
        Field("source", gettext_noop("案件来源"), required=True),
        Field("entrusted_by", gettext_noop("委托移送单位")),
        Field("brief", gettext_noop("纠纷简要情况"), "text", required=True),
        Field("registrar", gettext_noop("登记人"), required=True),
    ),
    PaperKind.RIGHTS: (_DATE,),
    PaperKind.IDENTITY: (
        Field(
            "documents",
            gettext_noop("证件"),
            "items",
            required=True,
            help=gettext_noop("写证件的名称和核对的情况，不抄号码；复印件用照片放在下面。"),
            columns=(
                Field("name", gettext_noop("当事人"), required=True),
                Field("kind", gettext_noop("证件名称"), required=True),
                Field("note", gettext_noop("核对情况")),
            ),
        ),
        _DATE,
    ),
    PaperKind.AUTHORITY: (
        Field("principal", gettext_noop("委托人"), required=True),
        Field("agent", gettext_noop("受委托人"), required=True),
        Field("relation", gettext_noop("与委托人的关系")),
        Field("scope", gettext_noop("委托事项和权限"), "text", required=True),
        Field("period", gettext_noop("委托期限"), required=True),
        _DATE,
    ),
    PaperKind.INVESTIGATION: (
        Field("at", gettext_noop("时间"), "moment", required=True),
        Field("place", gettext_noop("地点"), required=True),
        Field(
            "investigators",
            gettext_noop("调查人"),
            "lines",
            required=True,
            help=gettext_noop("一行一个名字。"),
        ),
        Field("asked", gettext_noop("被调查人"), required=True),
        Field("content", gettext_noop("调查内容"), "text", required=True),
    ),
    PaperKind.EVIDENCE: (
        Field(
            "evidence",
            gettext_noop("证据材料"),
            "items",
            required=True,
            columns=(
                Field("name", gettext_noop("材料名称"), required=True),
                Field("from", gettext_noop("提供人"), required=True),
                Field("note", gettext_noop("说明")),
            ),
        ),
    ),
    PaperKind.RECORD: (
        Field("at", gettext_noop("时间"), "moment", required=True),
        Field("place", gettext_noop("地点"), required=True),
        Field(
            "invited",
            gettext_noop("邀请参加的人"),
            "lines",
            help=gettext_noop("一行一个；要各方都同意。"),
        ),
        Field(
            "result",
            gettext_noop("调解结果"),
            "choice",
            choices=(
                ("", gettext_noop("还没有")),
                ("有待继续调解", gettext_noop("有待继续调解")),  # zh: as printed on the form
                ("调解成功", gettext_noop("调解成功")),  # zh: as printed on the form
                ("调解不成", gettext_noop("调解不成")),  # zh: as printed on the form
            ),
        ),
    ),
    PaperKind.AGREEMENT: (
        *_AGREED[:1],
        Field(
            "clauses",
            gettext_noop("协议条款"),
            "lines",
            required=True,
            help=gettext_noop("一行一条，不用写序号；谁、做什么、到哪天、怎么算做到。"),
        ),
        *_AGREED[1:],
        Field("amount", gettext_noop("协议涉及金额（元）"), "money", help=gettext_noop("没有金额就空着。")),
        _BAR,
        _INSTALMENTS,
        Field("copies", gettext_noop("一式几份"), required=True),
        _DATE,
    ),
    PaperKind.ORAL: (
        *_AGREED[:1],
        Field("content", gettext_noop("口头协议内容"), "text", required=True),
        *_AGREED[1:],
        Field("amount", gettext_noop("协议涉及金额（元）"), "money", help=gettext_noop("没有金额就空着。")),
        _BAR,
        _INSTALMENTS,
        _DATE,
    ),
    PaperKind.PERFORMANCE: (
        Field(
            "performance",
            gettext_noop("履行情况"),
            "items",
            required=True,
            columns=(
                Field("what", gettext_noop("履行内容"), required=True),
                Field("amount", gettext_noop("金额（数量）")),
                Field("due_on", gettext_noop("约定日期"), "day"),
                Field("done_on", gettext_noop("履行日期"), "day"),
                Field("note", gettext_noop("备注")),
            ),
        ),
    ),
    PaperKind.FOLLOW_UP: (
        Field("reason", gettext_noop("回访事由"), required=True),
        Field(
            "state",
            gettext_noop("回访情况"),
            "text",
            required=True,
            help=gettext_noop("协议履行到哪里、有没有再起争执或者起诉、还要做什么。"),
        ),
        Field("satisfaction", gettext_noop("当事人满意情况"), required=True),
        Field("visitor", gettext_noop("回访人"), required=True),
        Field("at", gettext_noop("回访时间"), "moment", required=True),
    ),
    PaperKind.CONFIRMATION: (
        Field("court", gettext_noop("向哪个法院申请"), required=True),
        Field(
            "papers",
            gettext_noop("附送材料"),
            "lines",
            required=True,
            help=gettext_noop("一行一项。"),
        ),
    ),
    PaperKind.CLOSING: (
        Field("filled_on", gettext_noop("填表时间"), "day", required=True),
        Field("handler", gettext_noop("承办人"), required=True),
        Field("facts", gettext_noop("纠纷主要事实"), "text", required=True),
        Field("result", gettext_noop("调解结果"), "text", required=True),
    ),
    PaperKind.LEGAL_AID: (
        Field("matter", gettext_noop("申请事项"), required=True),
        Field("facts", gettext_noop("案情和申请理由"), "text", required=True),
        Field("requests", gettext_noop("具体请求"), "lines", required=True, help=gettext_noop("一行一项。")),
        Field("unable", gettext_noop("无力承担费用的情况"), "text", required=True),
        _DATE,
    ),
}


def checked(kind: PaperKind, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The content as it is kept, and what is wrong with it: field → message, `evidence.0.name` within rows."""
    content: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for field in FIELDS[kind]:
        content[field.name] = _checked(field, given.get(field.name), field.name, problems)
    if kind == PaperKind.RECORD:
        points = [clean(str(point or "")) for point in given.get("points") or []][: len(POINTS)]
        content["points"] = points + [""] * (len(POINTS) - len(points))
    return content, problems


def _checked(field: Field, value: Any, name: str, problems: dict[str, str]) -> Any:
    if field.kind == "items":
        return _rows(field, value, name, problems)
    found = _lines(value) if field.kind == "lines" else _text(value)
    if not found:
        if field.required:
            problems[name] = _("请填写%(field)s。") % {"field": field.label}
        return found
    wrong = _wrong(field, found)
    if wrong:
        problems[name] = wrong
        return found
    return _KEPT.get(field.kind, lambda typed: typed)(found)


def spotless(value: Any) -> Any:
    """The same content with every text in it cleaned: nothing invisible ever reaches a paper."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {name: spotless(part) for name, part in value.items()}
    return [spotless(part) for part in value] if isinstance(value, list | tuple) else value


def _rows(field: Field, value: Any, name: str, problems: dict[str, str]) -> list[dict[str, Any]]:
    given = [row for row in value or [] if isinstance(row, Mapping)] if isinstance(value, list) else []
    filled = [row for row in given if any(_text(row.get(column.name)) for column in field.columns)]
    rows = []
    for place, row in enumerate(filled[:MOST_ROWS]):
        rows.append(
            {
                column.name: _checked(column, row.get(column.name), f"{name}.{place}.{column.name}", problems)
                for column in field.columns
            }
        )
    if len(filled) > MOST_ROWS:
        problems[name] = _("最多 %(most)s 行。") % {"most": MOST_ROWS}
    if field.required and not rows:
        problems[name] = _("至少填一行。")
    return rows


def _text(value: Any) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    return "" if value is None else clean(str(value))


def _lines(value: Any) -> list[str]:
    lines = value if isinstance(value, list | tuple) else str(value or "").splitlines()
    return [text for line in lines if (text := clean(str(line)))]


def _wrong(field: Field, found: Any) -> str:
    size = sum(map(len, found))
    if size > field.most or (field.kind == "lines" and len(found) > MOST_LINES):
        return _("太长了，最多 %(most)s 个字。") % {"most": field.most}
    if field.kind == "choice" and found not in dict(field.choices):
        return _("请从列出的里面选。")
    if field.kind == "party" and not found.isdecimal():
        return _("请从列出的里面选。")
    return _wrong_form(field.kind, found)


def _wrong_form(kind: str, found: Any) -> str:
    try:
        if kind == "day":
            date.fromisoformat(found)
        if kind == "moment":
            datetime.fromisoformat(found)
    except ValueError:
        return _("这不是日期。请写成 2026-10-12。")
    if kind == "money":
        try:
            amount = Decimal(found.replace(",", ""))
        except InvalidOperation:
            amount = Decimal("NaN")
        if not amount.is_finite() or not 0 <= amount <= MOST_MONEY:
            return _("金额写成数字，例如 1200 或 1200.50。")
    return ""


def _plain_money(found: str) -> str:
    return f"{Decimal(found.replace(',', '')).quantize(Decimal('0.01')):f}"


# As what a right text is kept, where not as it was typed.
_KEPT: dict[str, Callable[[Any], Any]] = {"party": int, "money": _plain_money}
