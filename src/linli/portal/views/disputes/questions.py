"""What a party is asked at each stage, and what it answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linli.mediation.models import Assent, Confirmation, Matter, PaperKind
from linli.mediation.rules.conditions import extension_proposal
from linli.portal.views.disputes.mine import Mine

BEFORE = ("applied", "diverted", "consent_check")
UNDER_WAY = ("mediator_assigned", "in_mediation", "suspended", "agreement_written")


@dataclass(frozen=True)
class Question:
    """One thing a party is asked. `answered` is its last answer; one that `can_wait` stands behind a fold."""

    matter: str
    title: str
    why: str
    yes: str
    no: str = ""
    about: UUID | None = None
    answered: Assent | None = None
    can_wait: bool = False
    has_notice: bool = False

    @property
    def id(self) -> str:
        return f"{self.matter}-{self.about}" if self.about else str(self.matter)

    @property
    def is_waiting(self) -> bool:
        """Whether nothing was said yet; a notice waits until it is acknowledged."""
        return self.answered is None or (self.has_notice and not self.answered.answer)


def questions(mine: Mine) -> list[Question]:
    """Everything this party may say now, in the order of the procedure."""
    if not mine.is_here:
        return []
    return [*_before(mine), *_notice(mine), *_people(mine), *_later(mine)]


def _before(mine: Mine) -> Iterator[Question]:
    if mine.case.state in BEFORE:
        yield Question(
            Matter.WILLING,
            _("您愿意调解吗？"),
            _("各方都愿意才受理。不愿意就不调，不影响您走别的途径。"),
            _("愿意"),
            _("不愿意"),
            answered=mine.assents.get((Matter.WILLING, None)),
        )


def _notice(mine: Mine) -> Iterator[Question]:
    if mine.case.state not in ("accepted", *UNDER_WAY):
        return
    notice = next((each for each in mine.papers if each.paper.kind == PaperKind.RIGHTS), None)
    if notice is not None and notice.own_signature is not None:
        return
    yield Question(
        Matter.RIGHTS,
        _("权利义务告知书，您看明白了吗？"),
        _("每位当事人都确认了，才能开始调解。"),
        _("看明白了"),
        answered=mine.assents.get((Matter.RIGHTS, None)),
        has_notice=True,
    )


def _people(mine: Mine) -> Iterator[Question]:
    if mine.case.state not in ("accepted", *UNDER_WAY):
        return
    for each in mine.mediators:
        yield Question(
            Matter.MEDIATOR,
            _("接受%(name)s做调解员吗？") % {"name": each.person.name},
            _("不接受不用说理由，委员会换人；换下的人不再碰这件事。"),
            _("接受"),
            _("要求回避"),
            about=each.id,
            answered=mine.assents.get((Matter.MEDIATOR, each.id)),
        )
    for helper in mine.helpers:
        yield Question(
            Matter.HELPER,
            _("同意请%(name)s来协助吗？") % {"name": helper.name},
            helper.relation or _("亲友、邻居、懂行的人可以来帮着说，各方都同意才行。"),
            _("同意"),
            _("不同意"),
            about=helper.id,
            answered=mine.assents.get((Matter.HELPER, helper.id)),
        )


def _later(mine: Mine) -> Iterator[Question]:
    if mine.case.state in UNDER_WAY:
        proposal = extension_proposal(mine.case)
        yield Question(
            Matter.EXTENSION,
            _("时间不够时，同意延长调解期限吗？"),
            _("各方都同意才能延长；不同意，到期没谈成就结束，告诉您别的途径。"),
            _("同意延长"),
            _("不同意"),
            about=proposal,
            answered=mine.assents.get((Matter.EXTENSION, proposal)),
            can_wait=True,
        )
        yield Question(
            Matter.PUBLIC,
            _("同意公开调解吗？"),
            _("公开就是别人可以来旁听。一般不公开，您不用管。"),
            _("同意公开"),
            _("不公开"),
            answered=mine.assents.get((Matter.PUBLIC, None)),
            can_wait=True,
        )
    if mine.case.state == "in_mediation" and _has_oral(mine):
        yield Question(
            Matter.ORAL,
            _("同意用口头协议，不写协议书吗？"),
            _("调解员记下内容，达成当天生效。要书面的，就选不同意。"),
            _("同意口头协议"),
            _("要书面协议"),
            answered=mine.assents.get((Matter.ORAL, None)),
        )
    if mine.matter.confirmation == Confirmation.OPEN:
        yield Question(
            Matter.CONFIRMATION,
            _("愿意共同申请司法确认吗？"),
            _("法院确认以后，一方不履行，另一方可以直接申请强制执行。不收费。"),
            _("愿意"),
            _("不用"),
            answered=mine.assents.get((Matter.CONFIRMATION, None)),
            can_wait=True,
        )


def _has_oral(mine: Mine) -> bool:
    return any(each.paper.kind == PaperKind.ORAL for each in mine.papers)


SAID: dict[tuple[str, bool], Promise | str] = {
    (Matter.WILLING, True): gettext_lazy("愿意调解"),
    (Matter.WILLING, False): gettext_lazy("不愿意调解"),
    (Matter.RIGHTS, True): gettext_lazy("权利义务看明白了"),
    (Matter.RIGHTS, False): gettext_lazy("权利义务还有疑问"),
    (Matter.MEDIATOR, True): gettext_lazy("接受调解员"),
    (Matter.MEDIATOR, False): gettext_lazy("要求调解员回避"),
    (Matter.HELPER, True): gettext_lazy("同意请人协助"),
    (Matter.HELPER, False): gettext_lazy("不同意请人协助"),
    (Matter.EXTENSION, True): gettext_lazy("同意延长期限"),
    (Matter.EXTENSION, False): gettext_lazy("不同意延长期限"),
    (Matter.ORAL, True): gettext_lazy("同意口头协议"),
    (Matter.ORAL, False): gettext_lazy("要书面协议"),
    (Matter.PUBLIC, True): gettext_lazy("同意公开调解"),
    (Matter.PUBLIC, False): gettext_lazy("不公开调解"),
    (Matter.CONFIRMATION, True): gettext_lazy("愿意申请司法确认"),
    (Matter.CONFIRMATION, False): gettext_lazy("不申请司法确认"),
}


@dataclass(frozen=True)
class Said:
    """One answer this party gave, for the list of what it said."""

    words: str
    assent: Assent


def answers(mine: Mine) -> list[Said]:
    rows = sorted(mine.assents.values(), key=lambda row: (row.at, str(row.id)))
    return [Said(str(SAID[row.matter, row.answer]), row) for row in rows]
