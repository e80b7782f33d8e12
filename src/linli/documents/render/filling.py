"""A form and the data of a case, made into plain blocks that only have to be laid out."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from . import wording

Block = dict[str, Any]
Form = dict[str, Any]
FORMS = "forms.toml"
WIDTH = 24
HEADING = 3
SIDES = {"applicant": "申请人", "respondent": "被申请人"}  # zh: printed on official papers
BLANK_NUMBER = "〔　　　　〕　　人调字第　　　号"  # zh: printed on official papers
COMMITTEE = "人民调解委员会"  # zh: the second line of a seal
BODY_IN_WORDS = "法定代表人（负责人）", "地址：", "电话："  # zh: a body in running text
NAME_OF_BODY, HEAD_OF_BODY, ADDRESS_OF_BODY = "名称", "法定代表人\n（负责人）", "地址"  # zh: printed
NAME, SEX, PEOPLE, AGE, PHONE = "姓名", "性别", "民族", "年龄", "联系方式"  # zh: printed
WORK, ADDRESS, NUMBER, PARTIES = "职业或职务", "单位或住址", "编号：", "当事人"  # zh: printed
_FIELD = re.compile(r"\{(\w+)(?:\|(\w+))?\}")
_APPLICANT = SIDES["applicant"]


class UnknownForm(LookupError):
    """There is no form of this kind in the folder."""


@lru_cache(maxsize=8)
def forms(templates: Path) -> dict[str, Form]:
    return tomllib.loads((templates / FORMS).read_text(encoding="utf-8"))


def form(templates: Path, kind: str) -> Form:
    try:
        return forms(templates)[kind]
    except KeyError as error:
        raise UnknownForm(kind) from error


def kind_of(block: Block) -> str:
    """The name of a block is its one key that is the name of a filler."""
    return next(name for name in FILLERS if name in block)


def filled(form: Form, data: dict[str, Any]) -> list[Block]:
    """The blocks of a paper, every text worded as printed; an empty text is a blank to be written on."""
    data = ready(form, data)
    return [FILLERS[kind_of(block)](block, data) | {"is": kind_of(block)} for block in form["blocks"]]


def ready(form: Form, data: dict[str, Any]) -> dict[str, Any]:
    """Clean data with its parties in the shape every form knows."""
    data = wording.clean(data)
    parties = [party for party in data.get("parties") or [] if isinstance(party, dict)]
    if form.get("one_applies"):
        sides = {side: data.get(side) for side in SIDES}
        given = {side: [value] if isinstance(value, dict | str) else value for side, value in sides.items()}
        named = [_party(value) | {"side": side} for side in SIDES for value in given[side] or []]
        parties = named or parties
    if not parties and not form.get("layout"):
        parties = [{"side": "applicant"}, {"side": "respondent"}]
    seen: dict[str, int] = {}
    sides_there = [_side(form, party) for party in parties]
    named = []
    for party, side in zip(parties, sides_there, strict=True):
        seen[side] = seen.get(side, 0) + 1
        number = wording.numeral(seen[side]) if sides_there.count(side) > 1 and seen[side] < 100 else ""
        named.append({**party, "side": side, "number": number})
    return data | {"parties": named, "signatures": data.get("signatures") or []}


def _party(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {"name": value}


def _side(form: Form, party: dict[str, Any]) -> str:
    side = "applicant" if form.get("both_apply") else party.get("side") or "applicant"
    return SIDES.get(side, side)


# The parties


def party_rows(party: dict[str, Any]) -> list[list[tuple[str, int, str, int]]]:
    """Label, its width, field, its width: the table of a person or of a body, beside its heading."""
    if party.get("is_body"):
        return [
            [(NAME_OF_BODY, 4, "name", 17)],
            [(HEAD_OF_BODY, 4, "representative", 7), (PHONE, 4, "phone", 6)],
            [(ADDRESS_OF_BODY, 4, "address", 17)],
        ]
    return [
        [(NAME, 3, "name", 5), (SEX, 2, "sex", 2), (PEOPLE, 2, "ethnicity", 3), (AGE, 2, "age", 2)],
        [(WORK, 4, "occupation", 7), (PHONE, 4, "phone", 6)],
        [(ADDRESS, 4, "address", 17)],
    ]


def _parties(block: Block, data: dict[str, Any]) -> Block:
    style = block["parties"]
    if style == "names":
        return {"style": "prose", "lines": [{"label": PARTIES, "text": names(data["parties"])}]}
    if style == "prose":
        return {
            "style": "prose",
            "lines": [
                {"label": p["side"] + (f"（{p['number']}）" if p["number"] else ""), "text": described(p)}
                for p in data["parties"]
            ],
        }
    return {"style": "grid", "rows": [row for party in data["parties"] for row in _grid_of(party)]}


def _grid_of(party: dict[str, Any]) -> list[list[Block]]:
    rows = party_rows(party)
    number = f"\n（{party['number']}）" if party["number"] else ""
    heading = {"text": party["side"] + number, "span": HEADING, "rows": len(rows), "label": True}
    cells = [
        [
            cell
            for label, wide, field, span in row
            for cell in (
                {"text": label, "span": wide, "label": True},
                {"text": wording.said(party.get(field)), "span": span},
            )
        ]
        for row in rows
    ]
    return [[heading, *cells[0]], *cells[1:]]


def names(parties: list[dict[str, Any]]) -> str:
    said = [wording.said(party.get("name")) for party in parties if party.get("name")]
    return "、".join(said)  # zh: on an official paper


def described(party: dict[str, Any]) -> str:
    """张三，男，汉族，45岁，农民，住……，联系电话……"""
    if not wording.said(party.get("name")):
        return ""
    if party.get("is_body"):
        parts = zip(("", *BODY_IN_WORDS), ("name", "representative", "address", "phone"), strict=True)
        said = [word + wording.said(party.get(field)) for word, field in parts if party.get(field)]
        return "，".join(said) + "。"  # zh: on an official paper
    age = wording.said(party.get("age"))
    people = wording.said(party.get("ethnicity"))
    people += "族" if people and not people.endswith("族") else ""  # zh: printed on official papers
    said = [wording.said(party.get("name")), wording.said(party.get("sex")), people]
    said += [age + ("岁" if age.isdigit() else ""), wording.said(party.get("occupation"))]  # zh: printed
    for word, field in (("住", "address"), ("联系电话", "phone")):  # zh: printed on official papers
        said.append(f"{word}{wording.said(party.get(field))}" if party.get(field) else "")
    return "，".join(part for part in said if part) + "。"  # zh: on an official paper


# Tables and lines


def _value(cell: Block, data: dict[str, Any]) -> Block:
    value = data.get(cell["field"])
    how = cell.get("as", "text")
    if how == "options":
        return {"text": "", "choices": wording.ticks(value, cell["options"])}
    if how == "list":
        return {"text": counted(value)}
    return {"text": wording.WORDINGS["blank_day" if how == "day" else how](value) or cell.get("empty", "")}


def counted(value: Any) -> str:
    """1. … 2. …, a line each."""
    return "\n".join(f"{number}. {item}" for number, item in enumerate(listed(value), 1))


def listed(value: Any) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [wording.said(item) for item in items if wording.said(item)]


def spans(row: list[Block]) -> list[tuple[int, int]]:
    """How wide the label and the value of every cell are, of WIDTH in all."""
    narrow = len(row) > 1 and all(len(cell["label"]) <= 4 for cell in row)
    label = HEADING if narrow else 4
    each, rest = divmod(WIDTH - label * len(row), len(row))
    return [(label, each + (rest if index == len(row) - 1 else 0)) for index in range(len(row))]


def _grid(block: Block, data: dict[str, Any]) -> Block:
    rows = []
    for row in block["grid"]:
        cells: list[Block] = []
        for cell, (label, wide) in zip(row, spans(row), strict=True):
            cells.append({"text": cell["label"], "span": label, "label": True})
            cells.append(_value(cell, data) | {"span": wide, "tall": cell.get("tall", 0)})
        rows.append(cells)
    return {"rows": rows}


def _lines(block: Block, data: dict[str, Any]) -> Block:
    lines = []
    for cell in block["lines"]:
        if "span" in cell:
            text = "至".join(wording.blank_day(data.get(field)) for field in cell["span"])  # zh: from … to …
        else:
            lines.append({"label": cell["label"], **_value(cell, data)})
            continue
        lines.append({"label": cell["label"], "text": text})
    return {"lines": lines}


def _items(block: Block, data: dict[str, Any]) -> Block:
    table = block["items"]
    columns = ([{"label": table["counted"], "wide": 3}] if "counted" in table else []) + table["columns"]
    rows = []
    for number, item in enumerate(data.get(table["field"]) or [], 1):
        record = item if isinstance(item, dict) else {table["columns"][0]["field"]: item}
        cells = [
            wording.WORDINGS[column.get("as", "text")](record.get(column["field"]))
            for column in table["columns"]
        ]
        rows.append(([str(number)] if "counted" in table else []) + cells)
    rows += [[""] * len(columns)] * max(0, table["blank"] - len(rows))
    widths = [column["wide"] for column in columns]
    return {"labels": [column["label"] for column in columns], "wide": widths, "rows": rows}


# Running text


def interpolated(text: str, data: dict[str, Any]) -> str:
    def value(found: re.Match[str]) -> str:
        how = found[2] or "blank"
        return wording.WORDINGS["blank_day" if how == "day" else how](data.get(found[1]))

    return _FIELD.sub(value, text)


def _text(block: Block, data: dict[str, Any]) -> Block:
    return {"text": interpolated(block["text"], data), "flush": block.get("flush", False)}


def _prose(block: Block, data: dict[str, Any]) -> Block:
    prose = block["prose"]
    return {"label": prose["label"], "text": wording.said(data.get(prose["field"])), "blank": prose["blank"]}


def number_of(style: str, number: int) -> str:
    return f"{wording.numeral(number)}、" if style == "han" else f"{number}. "


def _numbered(block: Block, data: dict[str, Any]) -> Block:
    numbered = block["numbered"]
    items = [
        {"number": number_of(numbered["style"], index), "text": item}
        for index, item in enumerate(listed(data.get(numbered["field"])), 1)
    ]
    return {"label": numbered.get("label", ""), "items": items, "blank": numbered["blank"]}


def _points(block: Block, data: dict[str, Any]) -> Block:
    points = block["points"]
    return {"label": points["label"], "items": pointed(data.get(points["field"])), "blank": points["blank"]}


def pointed(points: Any) -> list[Block]:
    """Titled paragraphs; room to write under each that is empty, but for the last, which the signatures answer."""
    points = points or []
    return [
        {
            "title": number_of("han", number) + wording.said(point.get("title")),
            "text": wording.said(point.get("text")),
            "blank": 2 if number < len(points) else 0,
        }
        for number, point in enumerate(points, 1)
    ]


def _clauses(block: Block, _data: dict[str, Any]) -> Block:
    items = [
        {"number": f"（{wording.numeral(index)}）", "text": clause}  # zh: printed on official papers
        for index, clause in enumerate(block["clauses"], 1)
    ]
    return {"label": block.get("label", ""), "items": items, "blank": 0}


# The foot of a paper


def signed(data: dict[str, Any], roles: list[str]) -> list[Block]:
    """Who signed in one of these roles; `image` is the place of the picture in the data's signatures, or -1."""
    return [
        {
            "name": wording.said(signature.get("name")),
            "at": wording.moment(signature.get("at")),
            "how": wording.said(signature.get("how")),
            "image": index if signature.get("image") else -1,
        }
        for index, signature in enumerate(data["signatures"])
        if signature.get("role") in roles
    ]


def _sign(block: Block, data: dict[str, Any]) -> Block:
    rows = []
    for row in block["sign"]:
        named = data.get(row["field"]) if "field" in row else ""
        rows.append(
            {"label": row["label"], "signed": signed(data, row["roles"]), "name": wording.said(named)}
        )
    return {"rows": rows}


def _close(block: Block, data: dict[str, Any]) -> Block:
    close = block["close"]
    seal = data.get("seal") or None
    committee = wording.said(data.get("committee")) if close.get("committee") else ""
    return {
        "committee": committee,
        "asks_seal": bool(close.get("committee")),
        "seal": seal_of(seal, committee) if seal and close.get("committee") else None,
        "date": wording.blank_day(data.get(close["date"])),
    }


def seal_of(seal: dict[str, Any], committee: str) -> Block:
    name = wording.said(seal.get("committee")) or committee
    place = name.removesuffix(COMMITTEE)
    lines = [place, COMMITTEE] if place != name and place else [name]
    return {"lines": lines, "at": wording.moment(seal.get("at"))}


def _number(_block: Block, data: dict[str, Any]) -> Block:
    return {"text": NUMBER + (wording.said(data.get("file_number")) or BLANK_NUMBER)}


def _images(block: Block, data: dict[str, Any]) -> Block:
    return {"label": block["images"]["label"], "count": len(data.get("images") or [])}


def _note(block: Block, data: dict[str, Any]) -> Block:
    return {"text": interpolated(block["note"], data)}


def _extent(_block: Block, data: dict[str, Any]) -> Block:
    return {"papers": data.get("papers_count")}


FILLERS = {
    "number": _number,
    "parties": _parties,
    "grid": _grid,
    "lines": _lines,
    "prose": _prose,
    "numbered": _numbered,
    "points": _points,
    "text": _text,
    "clauses": _clauses,
    "items": _items,
    "sign": _sign,
    "close": _close,
    "images": _images,
    "note": _note,
    "extent": _extent,
}
