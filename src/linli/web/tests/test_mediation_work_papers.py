"""Terms, signatures, the seal, performance, the ways it ends, and the file."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from conftest import Cast
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from PIL import Image

from linli.documents.models import Attachment
from linli.kit.ids import uuid7
from linli.mediation.models import (
    Assent,
    Instalment,
    Mediation,
    Paper,
    PaperKind,
    Reader,
    Remark,
    Signature,
)
from linli.people.access import Actor
from linli.privacy.models import Read

Desk = Callable[[str], Client]
pytestmark = pytest.mark.django_db

STROKES = json.dumps([[[0.1, 0.5], [0.4, 0.2], [0.8, 0.6]]])
TERMS = {
    "facts": "去年砌院墙后，雨水管正对李家墙根。",
    "clauses": "陈国强把雨水管改接到村内主沟。\n陈国强付修补费800元。",
    "manner": "转账付清，凭转账记录履行。",
    "amount": "800",
    "bar": "",
    "instalments-0-party": "2",
    "instalments-0-what": "付修补费",
    "instalments-0-amount": "800",
    "instalments-0-due_on": "2026-10-20",
    "copies": "三",
    "date": "2026-09-30",
    "seen": "0",
}


def at(case: Any, path: str = "") -> str:
    return f"/desk/mediations/{case.number}" + (f"/{path}" if path else "")


def page(client: Client, case: Any) -> str:
    response = client.get(at(case))
    assert response.status_code == 200
    return str(response.content.decode())


def send(client: Client, case: Any, path: str, **data: Any) -> Any:
    return client.post(at(case, path), {"command_id": str(uuid7()), **data})


def photo() -> SimpleUploadedFile:
    file = io.BytesIO()
    Image.new("RGB", (80, 60), "#ccc").save(file, "JPEG")
    return SimpleUploadedFile("proof.jpg", file.getvalue(), "image/jpeg")


def agreement(case: Any) -> Paper:
    return Paper.objects.current().get(case_id=case.pk, kind=PaperKind.AGREEMENT)


def state(case: Any) -> str:
    case.refresh_from_db()
    return str(case.state)


@pytest.fixture
def mediator(desk: Desk, in_talks: Any) -> Client:
    return desk("mediator")


@pytest.fixture
def drafted(mediator: Client, in_talks: Any, watch: Any) -> Any:
    """Terms that everybody has been asked to sign."""
    assert send(mediator, in_talks, "terms", **TERMS).status_code == 302
    watch.on(minutes=1)
    assert send(mediator, in_talks, "terms/drafting").status_code == 302
    assert state(in_talks) == "agreement_written"
    return in_talks


def sign(client: Client, case: Any, who: str, paper: Paper | None = None, **changes: Any) -> Any:
    found = paper or agreement(case)
    posted = {"signer": who, "strokes": STROKES, "sha256": found.sha256, **changes}
    return send(client, case, f"papers/{found.id}/signing", **posted)


@pytest.fixture
def chair(desk: Desk, cast: Cast, in_talks: Any, watch: Any) -> Client:
    """The chair, whom the case names so that she can seal it."""
    named = {"why": "审核盖章", "named_by": cast.people["mediator"], "since": watch.at}
    Reader.objects.get_or_create(case_id=in_talks.pk, person=cast.people["chair"], defaults=named)
    client = desk("chair")
    client.post(at(in_talks, "purpose"), {"purpose": "sealing"})
    return client


@pytest.fixture
def in_effect(drafted: Any, mediator: Client, chair: Client, watch: Any) -> Any:
    for who in ("party-1", "party-2", "mediator"):
        watch.on(minutes=1)
        assert sign(mediator, drafted, who).status_code == 302
    watch.on(minutes=1)
    paper = agreement(drafted)
    sealed = send(chair, drafted, f"papers/{paper.id}/seal", sha256=paper.sha256, is_checked="on")
    assert sealed.status_code == 302
    assert state(drafted) == "performing"
    return drafted


# Terms ------------------------------------------------------------------------------------------


def test_terms_are_kept_as_clauses_with_instalments(mediator: Client, in_talks: Any) -> None:
    assert send(mediator, in_talks, "terms", **TERMS).status_code == 302
    content = agreement(in_talks).content
    assert len(content["clauses"]) == 2
    assert content["instalments"][0]["party"] == 2
    assert "由谁做：陈国强" in agreement(in_talks).text
    shown = page(mediator, in_talks)
    assert "第 1 稿 · 指纹" in shown
    assert "付修补费" in shown


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"clauses": " \n "}, "请填写协议条款"),
        ({"amount": "很多"}, "金额写成数字"),
        ({"amount": "-3"}, "金额写成数字"),
        ({"instalments-0-due_on": "2026-02-30"}, "这不是日期"),
        ({"instalments-0-party": ""}, "请填写由谁做"),
        ({"bar": "never"}, "请从列出的里面选"),
        ({"facts": "长" * 8001}, "太长了"),
    ],
)
def test_says_what_is_wrong_with_the_terms_and_keeps_them(
    mediator: Client, in_talks: Any, changes: dict[str, str], said: str
) -> None:
    response = send(mediator, in_talks, "terms", **{**TERMS, **changes})
    assert response.status_code == 422
    shown = response.content.decode()
    assert said in shown
    assert "转账付清" in shown
    assert not Paper.objects.filter(kind=PaperKind.AGREEMENT).exists()


def test_more_rows_are_given_without_saving(mediator: Client, in_talks: Any) -> None:
    response = send(mediator, in_talks, "terms", **TERMS, more="instalments")
    assert response.status_code == 200
    shown = response.content.decode()
    assert 'name="instalments-6-what"' in shown
    assert "付修补费" in shown
    assert "还没提交成功" not in shown


def test_the_exact_text_is_shown_before_it_is_saved(mediator: Client, in_talks: Any) -> None:
    response = send(mediator, in_talks, "terms", **TERMS, preview="1")
    assert response.status_code == 200
    assert "陈国强付修补费800元" in response.content.decode()
    assert not Paper.objects.filter(kind=PaperKind.AGREEMENT).exists()


def test_somebody_elses_newer_draft_is_shown_and_nothing_is_lost(
    mediator: Client, in_talks: Any, desk: Desk
) -> None:
    send(mediator, in_talks, "terms", **TERMS)
    mine = {**TERMS, "seen": "0", "clauses": "余写的条款"}
    response = send(desk("second_mediator"), in_talks, "terms", **mine)
    assert response.status_code == 422
    shown = response.content.decode()
    assert "余写的条款" in shown
    assert "陈国强付修补费800元" in shown
    assert "程立新" in shown
    again = send(desk("second_mediator"), in_talks, "terms", **{**mine, "seen": "1"})
    assert again.status_code == 302


def test_a_change_that_voids_signatures_is_asked_for_first(
    drafted: Any, mediator: Client, watch: Any
) -> None:
    sign(mediator, drafted, "party-1")
    watch.on(minutes=1)
    changed = {**TERMS, "seen": "1", "manner": "现金付清。"}
    assert "已有 1 人签名" in page(mediator, drafted)
    refused = send(mediator, drafted, "terms", **changed)
    assert refused.status_code == 422
    assert "先勾选" in refused.content.decode()
    assert Signature.objects.valid().count() == 1
    assert send(mediator, drafted, "terms", **changed, confirmed="on").status_code == 302
    assert not Signature.objects.valid().exists()


def test_an_oral_agreement_needs_everybodys_yes(mediator: Client, in_talks: Any) -> None:
    spoken = {
        "facts": "砂石堆在路上。",
        "content": "当天移走。",
        "manner": "当场履行。",
        "date": "2026-09-30",
        "seen": "0",
    }
    refused = send(mediator, in_talks, "terms/oral", **spoken, yes_1="on")
    assert refused.status_code == 422
    assert "陈国强" in refused.content.decode()
    assert state(in_talks) == "in_mediation"
    assert not Assent.objects.filter(matter="oral").exists()
    assert send(mediator, in_talks, "terms/oral", **spoken, yes_1="on", yes_2="on").status_code == 302
    assert state(in_talks) == "performing"


# Signatures -------------------------------------------------------------------------------------


def test_everybody_signs_and_the_seal_brings_it_into_effect(in_effect: Any, mediator: Client) -> None:
    matter = Mediation.objects.get(pk=in_effect.pk)
    assert matter.effective_at is not None
    shown = page(mediator, in_effect)
    assert "生效" in shown
    assert shown.count('role="img"') >= 3
    assert "可以申请" in shown


def test_a_signature_needs_strokes_or_a_scan(drafted: Any, mediator: Client) -> None:
    refused = sign(mediator, drafted, "party-1", strokes="")
    assert refused.status_code == 422
    assert "请在框里签名" in refused.content.decode()
    assert sign(mediator, drafted, "party-1", strokes="[[").status_code == 422
    assert sign(mediator, drafted, "party-1", strokes="", photo=photo()).status_code == 302
    signature = Signature.objects.get()
    assert (signature.how, bool(signature.scan)) == ("paper", True)
    assert mediator.get(at(drafted, f"photos/{signature.scan}")).status_code == 200
    assert mediator.get(at(drafted, f"photos/{signature.scan}/thumbnail")).status_code == 200


def test_an_older_text_is_not_signed(drafted: Any, mediator: Client, watch: Any) -> None:
    old = agreement(drafted)
    watch.on(minutes=1)
    send(mediator, drafted, "terms", **{**TERMS, "seen": "1", "manner": "现金付清。"})
    assert "这是旧稿" in mediator.get(at(drafted, f"papers/{old.id}/signing")).content.decode()
    response = sign(mediator, drafted, "party-1", old)
    assert response.status_code == 409
    assert not Signature.objects.exists()


def test_nobody_signs_for_another_mediator(drafted: Any, mediator: Client) -> None:
    assert sign(mediator, drafted, "recorder").status_code == 422
    assert sign(mediator, drafted, "party-9").status_code == 422


def test_the_seal_is_for_a_permitted_officer_who_read_the_text(
    drafted: Any, mediator: Client, chair: Client
) -> None:
    paper = agreement(drafted)
    path = f"papers/{paper.id}/seal"
    assert send(mediator, drafted, path, sha256=paper.sha256, is_checked="on").status_code == 404
    assert chair.get(at(drafted, path)).status_code == 200
    refused = send(chair, drafted, path, sha256=paper.sha256)
    assert refused.status_code == 422
    assert "请看过原文" in refused.content.decode()
    old = send(chair, drafted, path, sha256="0" * 64, is_checked="on")
    assert old.status_code == 409
    assert not Signature.objects.exists()


# Performance ------------------------------------------------------------------------------------


def test_performance_is_noted_with_its_proof(in_effect: Any, mediator: Client, watch: Any) -> None:
    row = Instalment.objects.get(case_id=in_effect.pk)
    watch.on(days=1)
    path = f"instalments/{row.id}"
    assert mediator.get(at(in_effect, path)).status_code == 200
    assert send(mediator, in_effect, path, done_on="2027-01-01").status_code == 422
    done = send(mediator, in_effect, path, done_on="2026-10-01", note="转账记录", photo=photo())
    assert done.status_code == 302
    assert "全部履行完" in page(mediator, in_effect)
    assert send(mediator, in_effect, "completion").status_code == 302
    assert state(in_effect) == "performed"


def test_a_breach_names_the_route(in_effect: Any, mediator: Client, watch: Any) -> None:
    watch.on(days=30)
    assert "过期没履行" in page(mediator, in_effect)
    assert send(mediator, in_effect, "breach", remark="没付").status_code == 422
    assert send(mediator, in_effect, "breach", route="court", remark="到期没有付款。").status_code == 302
    assert state(in_effect) == "breached"


def test_a_visit_is_filed(in_effect: Any, mediator: Client, watch: Any) -> None:
    watch.on(days=2)
    visit = {
        "reason": "排水",
        "state": "管子已改好。",
        "satisfaction": "满意",
        "visitor": "程立新",
        "at": "2026-10-02T10:00",
    }
    assert send(mediator, in_effect, "follow-up", **{**visit, "state": ""}).status_code == 422
    assert send(mediator, in_effect, "follow-up", **visit).status_code == 302
    assert Paper.objects.filter(kind=PaperKind.FOLLOW_UP).exists()


def test_the_court_is_asked_by_both_together(in_effect: Any, mediator: Client, watch: Any) -> None:
    watch.on(days=1)
    asked = {"court": "青石县人民法院", "how": "spoken"}
    refused = send(mediator, in_effect, "court", **asked, **{"party-1": "yes", "party-2": "no"})
    assert refused.status_code == 422
    assert "共同申请" in refused.content.decode()
    agreed = send(mediator, in_effect, "court", **asked, **{"party-1": "yes", "party-2": "yes"})
    assert agreed.status_code == 302
    assert Mediation.objects.get(pk=in_effect.pk).confirmation == "applied"
    watch.on(days=5)
    assert send(mediator, in_effect, "court/result", result="confirmed").status_code == 302
    assert Mediation.objects.get(pk=in_effect.pk).confirmation == "confirmed"


# Without agreement ------------------------------------------------------------------------------


def test_a_failure_names_the_route_and_keeps_the_words(in_talks: Any, mediator: Client) -> None:
    assert send(mediator, in_talks, "failure", route="court").status_code == 422
    assert send(mediator, in_talks, "failure", route="court", remark="钱谈不拢。").status_code == 302
    assert state(in_talks) == "failed"
    assert "钱谈不拢。" in {remark.text for remark in Remark.objects.filter(case_id=in_talks.pk)}


def test_suspends_and_resumes(in_talks: Any, mediator: Client, watch: Any) -> None:
    assert send(mediator, in_talks, "suspension").status_code == 422
    assert send(mediator, in_talks, "suspension", remark="等鉴定").status_code == 302
    assert state(in_talks) == "suspended"
    watch.on(days=3)
    assert send(mediator, in_talks, "resumption").status_code == 302
    assert state(in_talks) == "in_mediation"


def test_an_extension_needs_everybodys_yes(in_talks: Any, mediator: Client) -> None:
    asked = {"limit": "10", "how": "spoken", "party-1": "yes"}
    assert send(mediator, in_talks, "extension", **asked, **{"party-2": "no"}).status_code == 409
    assert send(mediator, in_talks, "extension", **{**asked, "limit": "99"}).status_code == 422
    assert send(mediator, in_talks, "extension", **asked, **{"party-2": "yes"}).status_code == 302


def test_notes_that_a_party_ends_it_and_tells_the_routes(in_talks: Any, mediator: Client, watch: Any) -> None:
    assert send(mediator, in_talks, "withdrawal", remark="不谈了").status_code == 422
    assert send(mediator, in_talks, "withdrawal", party="2", remark="不谈了").status_code == 302
    assert state(in_talks) == "terminated"
    watch.on(minutes=1)
    assert send(mediator, in_talks, "routes/telling", route="court", remark="已告知").status_code == 302
    assert Mediation.objects.get(pk=in_talks.pk).routes_told_at is not None


def test_the_routes_are_printed_for_one_party(in_talks: Any, mediator: Client) -> None:
    shown = mediator.get(at(in_talks, "routes"), {"party": "1"}).content.decode()
    assert "人民法院" in shown
    assert "给 李秀英" in shown
    assert "papers/new/legal_aid?party=1" in shown


def test_a_stale_page_does_not_end_a_case_that_moved(in_talks: Any, mediator: Client, watch: Any) -> None:
    in_talks.refresh_from_db()
    seen = in_talks.version
    send(mediator, in_talks, "suspension", remark="等鉴定")
    watch.on(minutes=1)
    send(mediator, in_talks, "resumption")
    response = send(mediator, in_talks, "failure", route="court", remark="谈不拢", version=str(seen))
    assert response.status_code == 409
    assert "谈不拢" in response.content.decode()
    assert state(in_talks) == "in_mediation"


# The file ---------------------------------------------------------------------------------------

IDENTITY = {
    "documents-0-name": "李秀英",
    "documents-0-kind": "居民身份证",
    "documents-0-note": "原件已核对",
    "documents-1-name": "陈国强",
    "documents-1-kind": "居民身份证",
    "date": "2026-09-30",
    "owner": "staff",
}


def test_a_paper_is_filed_with_photos(in_talks: Any, mediator: Client) -> None:
    assert "李秀英" in mediator.get(at(in_talks, "papers/new/identity")).content.decode()
    response = send(mediator, in_talks, "papers/new/identity", **IDENTITY, photo=photo())
    assert response.status_code == 302
    paper = Paper.objects.get(case_id=in_talks.pk, kind=PaperKind.IDENTITY)
    shown = mediator.get(at(in_talks, f"papers/{paper.id}"))
    assert (paper.party, paper.is_joint) == (None, False)
    assert "居民身份证" in shown.content.decode()
    assert "ll-photo" in shown.content.decode()


def test_a_row_that_is_half_filled_is_named(in_talks: Any, mediator: Client) -> None:
    response = send(mediator, in_talks, "papers/new/identity", **{**IDENTITY, "documents-1-kind": ""})
    assert response.status_code == 422
    assert "请填写证件名称" in response.content.decode()
    empty = send(mediator, in_talks, "papers/new/identity", date="2026-09-30", owner="everybody")
    assert "至少填一行" in empty.content.decode()


def test_a_changed_paper_is_a_new_version(in_talks: Any, mediator: Client, watch: Any) -> None:
    send(mediator, in_talks, "papers/new/identity", **IDENTITY)
    paper = Paper.objects.get(case_id=in_talks.pk, kind=PaperKind.IDENTITY)
    watch.on(minutes=1)
    changed = {**IDENTITY, "documents-1-note": "户口簿"}
    assert send(mediator, in_talks, f"papers/{paper.id}/edition", **changed).status_code == 302
    assert Paper.objects.filter(lineage=paper.lineage).count() == 2
    assert "旧稿" in mediator.get(at(in_talks, f"papers/{paper.id}")).content.decode()


@pytest.mark.parametrize("kind", ["nonsense", "agreement", "record", "oral_agreement"])
def test_kinds_with_pages_of_their_own_are_not_filed_here(in_talks: Any, mediator: Client, kind: str) -> None:
    assert mediator.get(at(in_talks, f"papers/new/{kind}")).status_code == 404


def test_each_paper_and_the_whole_file_can_be_had(in_talks: Any, mediator: Client, tmp_path: Any) -> None:
    send(mediator, in_talks, "papers/new/identity", **IDENTITY)
    paper = Paper.objects.get(case_id=in_talks.pk, kind=PaperKind.IDENTITY)
    before = list(Read.objects.values_list("id", flat=True))
    for path, start in (
        (f"papers/{paper.id}.pdf", b"%PDF"),
        (f"papers/{paper.id}.docx", b"PK"),
        ("file.pdf", b"%PDF"),
        ("file.docx", b"PK"),
    ):
        response = mediator.get(at(in_talks, path))
        assert response.status_code == 200
        assert response.content.startswith(start)
    kinds = Read.objects.exclude(id__in=before).values_list("what", flat=True)
    assert sorted(kinds) == ["dossier", "dossier", "paper", "paper"]


def test_the_command_writes_the_whole_file(in_talks: Any, tmp_path: Any, capsys: Any) -> None:
    out = tmp_path / "file.pdf"
    call_command("dossier", in_talks.number, out=out)
    assert out.read_bytes().startswith(b"%PDF")
    matter = Mediation.objects.get(pk=in_talks.pk)
    call_command("dossier", matter.file_number, out=tmp_path / "file.docx")
    assert (tmp_path / "file.docx").read_bytes().startswith(b"PK")
    with pytest.raises(CommandError):
        call_command("dossier", "nothing", out=out)
    with pytest.raises(CommandError):
        call_command("dossier", in_talks.number, out=tmp_path / "file.txt")


def test_archiving_says_what_is_missing_and_is_done_once_it_is_there(
    in_talks: Any, mediator: Client, watch: Any
) -> None:
    send(mediator, in_talks, "failure", route="court", remark="钱谈不拢。")
    watch.on(minutes=1)
    shown = page(mediator, in_talks)
    assert "必须有，还没有" in shown
    refused = send(mediator, in_talks, "archiving")
    assert refused.status_code == 409
    send(mediator, in_talks, "papers/new/identity", **IDENTITY)
    if not Paper.objects.filter(case_id=in_talks.pk, kind=PaperKind.RIGHTS).exists():
        send(mediator, in_talks, "papers/new/rights_notice", date="2026-09-30", owner="everybody")
    for seen in range(6):
        watch.on(minutes=1)
        send(mediator, in_talks, f"record/points/{seen + 1}", seen=str(seen), text=f"第{seen + 1}点")
    watch.on(minutes=1)
    assert send(mediator, in_talks, "archiving").status_code == 302
    assert state(in_talks) == "archived"


def test_one_partys_paper_is_not_anothers(in_talks: Any, mediator: Client) -> None:
    aid = {
        "matter": "代理诉讼",
        "facts": "房屋受损",
        "requests": "指派律师",
        "unable": "收入低",
        "date": "2026-09-30",
        "owner": "1",
    }
    assert send(mediator, in_talks, "papers/new/legal_aid", **aid).status_code == 302
    paper = Paper.objects.get(kind=PaperKind.LEGAL_AID)
    assert (paper.party, paper.is_joint) == (1, False)
    refused = send(mediator, in_talks, "papers/new/legal_aid", **{**aid, "owner": "9"})
    assert refused.status_code == 422
    assert not re.search("陈国强.*收入低", paper.text)
    assert Actor.party(in_talks.pk).case_id == in_talks.pk


def test_photos_of_papers_are_behind_the_gate(in_talks: Any, mediator: Client, desk: Desk) -> None:
    send(mediator, in_talks, "papers/new/identity", **IDENTITY, photo=photo())
    attached = Attachment.objects.get(case_id=in_talks.pk)
    assert mediator.get(at(in_talks, f"photos/{attached.id}")).status_code == 200
    for who in ("centre", "supervisor", "mediator"):
        for path in (f"photos/{attached.id}", f"photos/{attached.id}/thumbnail"):
            assert desk(who).get(f"/desk/cases/{in_talks.number}/{path}").status_code == 404
            if who != "mediator":
                assert desk(who).get(at(in_talks, path)).status_code == 404
