"""Seals what is said in mediations under a key of each case. A table of any size is gone through in batches."""

from __future__ import annotations

from typing import Any

from django.db import migrations

from linli.kit.sealing import CASE, SealedField, part_of, vault
from linli.kit.sealing.migrating import Seal

BATCH = 200
T: dict[str, Any] = {"tier": CASE}
# Columns by model: what each becomes.
COLUMNS: dict[str, dict[str, SealedField]] = {
    "mediation": {
        "entrusted_name": SealedField("委托单位", limit=80, **T),
        "subject": SealedField("纠纷名称", limit=80, **T),
        "brief": SealedField("简要情况", **T),
        "requests": SealedField("申请事项", kind="list", **T),
        "test": SealedField(kind="dict", **T),
        "court": SealedField("法院", limit=80, **T),
    },
    "party": {
        "name": SealedField("姓名或名称", limit=50, **T),
        "sex": SealedField("性别", limit=8, choices=[("man", "男"), ("woman", "女")], **T),
        "ethnicity": SealedField("民族", limit=20, **T),
        "born_on": SealedField("出生日期", kind="day", **T),
        "occupation": SealedField("职业或职务", limit=40, **T),
        "address": SealedField("单位或住址", limit=120, **T),
        "phone": SealedField("联系方式", limit=32, **T),
    },
    "companion": {
        "name": SealedField("姓名", limit=50, **T),
        "phone": SealedField("联系方式", limit=32, **T),
        "relation": SealedField("关系或身份", limit=40, **T),
    },
    "reader": {"why": SealedField("理由", limit=120, **T)},
    "sitting": {"place": SealedField("地点", limit=120, **T)},
    "invitation": {"note": SealedField("说明", limit=120, **T)},
    "talk": {"text": SealedField(is_own=True, bound=["mediator_id", "party"], **T)},
    "paper": {"content": SealedField(kind="dict", **T), "text": SealedField(**T)},
    "signature": {
        "name": SealedField(limit=80, **T),
        "agent": SealedField(limit=50, **T),
        "strokes": SealedField(kind="list", **T),
        "image": SealedField(kind="bytes", **T),
    },
    "instalment": {"what": SealedField("履行内容", limit=200, **T), "note": SealedField(limit=200, **T)},
    "remark": {"text": SealedField(**T)},
    "screeninground": {"note": SealedField("说明", limit=200)},
}  # zh: the labels at that time


def make_keys(apps: Any, schema_editor: Any) -> None:
    """A key for each case, and one for each separate talk, with those who may read today on their lists."""
    names = ("Assignment", "Reader", "Talk")
    assignment, reader, talk = (apps.get_model("mediation", name) for name in names)
    matters = apps.get_model("mediation", "Mediation").objects.values_list("pk", "case__holder_id")
    for case, holder in matters.iterator(chunk_size=BATCH):
        own = {"case_id": case, "ended_at": None}
        people = {row.person_id for model in (assignment, reader) for row in model.objects.filter(**own)}
        if not vault.is_shredded(case):
            vault.make(case, [*(f"person:{each}" for each in people), f"unit:{holder}"])
    for row in talk.objects.iterator(chunk_size=BATCH):
        hearers = [f"person:{row.mediator_id}", f"party:{row.party}"]
        if not vault.is_shredded(row.case_id):
            vault.make(row.case_id, [*hearers, *(["case"] if row.released_at else [])], part_of(row))


class Migration(migrations.Migration):
    dependencies = [("mediation", "0003_delete_reading")]

    operations = [migrations.RunPython(make_keys, migrations.RunPython.noop), Seal(COLUMNS)]
