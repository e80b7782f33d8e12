"""Steps of an invented dispute from the agreement on: drafted, signed, performed or not, confirmed, archived."""

from __future__ import annotations

from django.utils import timezone

from linli.mediation import actions as mediations
from linli.mediation.models import Instalment, Matter, Mediation, PaperKind
from linli.ops.demo.dispute_tale import Tale
from linli.ops.demo.mediators import texts

COURT = "县人民法院"  # zh: an invented court


def draft(tale: Tale) -> None:
    tale.wait(0.02, 0.3)
    day = timezone.localtime(tale.at).date()
    content = {
        "facts": tale.facts,
        "clauses": tale.clauses,
        "manner": "钱款当面或者转账付清，收款人写收条；其他事项由双方到场看过为准。",  # zh: an agreement
        "copies": "三",  # zh: how many copies
        "date": day.isoformat(),
        "amount": f"{tale.money}.00",
        **tale.terms(day),
    }
    tale.agreement = tale.write(PaperKind.AGREEMENT, content, is_joint=True)
    tale.make(mediations.draft, by=tale.mediator)


def sign_some(tale: Tale) -> None:
    """One side has signed, or all parties and not the mediator, or everybody but the seal is not there."""
    signers = [*tale.numbers, 0]
    for number in signers[: tale.number % (len(signers) + 1)]:
        tale.wait(0.02, 0.2)
        tale.sign(tale.agreement, number)


def sign_all(tale: Tale) -> None:
    tale.wait(0.01, 0.1)
    tale.sign_all(tale.agreement)
    tale.wait(0.02, 0.3)
    assert tale.agreement is not None
    tale.call(
        mediations.seal,
        paper=tale.agreement.id,
        sha256=tale.agreement.sha256,
        by=tale.chair,
        command_id=tale.command(),
    )


def agree(tale: Tale) -> None:
    """A written agreement, or now and then an oral one."""
    if tale.number % 6 != 4:
        draft(tale)
        sign_all(tale)
        return
    tale.wait(0.02, 0.2)
    day = timezone.localtime(tale.at).date()
    content = {
        "facts": tale.facts,
        "content": "；".join(tale.clauses) + "。",  # zh: invented words
        "manner": "说好当面履行，调解员在场。",  # zh: an agreement
        "amount": f"{tale.money}.00",
        "date": day.isoformat(),
        **tale.terms(day),
    }
    tale.write(PaperKind.ORAL, content, is_joint=True)
    for party in tale.numbers:
        tale.answer(party, Matter.ORAL, True, "spoken")
    tale.make(mediations.agree_orally, by=tale.mediator)


def perform_one(tale: Tale) -> None:
    left = Instalment.objects.filter(case_id=tale.id, done_on=None).order_by("position")
    if left.count() > 1:
        _perform(tale, left[0])


def perform_all(tale: Tale) -> None:
    for row in Instalment.objects.filter(case_id=tale.id, done_on=None).order_by("position"):
        _perform(tale, row)
    tale.wait(0.1, 1)
    tale.make(mediations.complete, by=tale.mediator)


def _perform(tale: Tale, row: Instalment) -> None:
    tale.wait(1, 4)
    tale.make(
        mediations.perform,
        instalment=row.id,
        done_on=timezone.localtime(tale.at).date(),
        note=tale.pick("performed"),
        by=tale.mediator,
    )


def breach(tale: Tale) -> None:
    tale.wait(20, 32)
    tale.make(mediations.breach, route="court", remark=tale.pick("breaches"), by=tale.mediator)


def follow_up(tale: Tale) -> None:
    tale.wait(4, 12)
    reason, found, satisfaction = tale.rng.choice(texts()["visits"])
    content = {
        "reason": reason,
        "state": found,
        "satisfaction": satisfaction,
        "visitor": tale.mediator.name,
        "at": timezone.localtime(tale.at).isoformat(timespec="minutes"),
    }
    tale.make(mediations.follow_up, content=content, by=tale.mediator)


def confirm(tale: Tale) -> None:
    """Now and then everybody asks the court together, and it confirms."""
    matter = Mediation.objects.get(pk=tale.id)
    if tale.number % 3 or matter.confirmation != "window_open":
        return
    tale.wait(0.5, 3)
    for party in tale.numbers:
        tale.answer(party, Matter.CONFIRMATION, True, "spoken")
    tale.make(mediations.apply_confirmation, court=COURT, by=tale.mediator)
    if tale.number % 2:
        tale.wait(4, 9)
        tale.make(mediations.note_confirmation, result="confirmed", by=tale.mediator)


def archive(tale: Tale) -> None:
    tale.wait(1, 5)
    day = timezone.localtime(tale.at).date()
    kinds = ["居民身份证"] * len(tale.names)  # zh: an official paper
    if tale.has_body:
        kinds[-1] = "营业执照"  # zh: an official paper
    seen = [
        {"name": name, "kind": kind, "note": "原件已核对"}  # zh: an official paper
        for name, kind in zip(tale.names, kinds, strict=True)
    ]
    tale.write(PaperKind.IDENTITY, {"documents": seen, "date": day.isoformat()})
    tale.write(
        PaperKind.CLOSING,
        {
            "filled_on": day.isoformat(),
            "handler": tale.mediator.name,
            "facts": tale.facts,
            "result": "；".join(tale.clauses) + "。",  # zh: invented words
        },
    )
    tale.make(mediations.archive, by=tale.mediator)
