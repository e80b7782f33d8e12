"""What is missing before the next step may be taken, and why: the law's own conditions, one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from linli.kit.lists import listed
from linli.mediation.models import Matter, Paper, PaperKind, Side, Signer
from linli.mediation.rules import QUESTIONS, ground_of, lacking_papers, lacking_signatures, missing_points
from linli.mediation.rules.papers import POINTS

from .file import MediationFile


@dataclass(frozen=True)
class Thing:
    """One thing the next step needs: there, or still missing and why it matters. `anchor` is where it is put right."""

    title: str
    why: str = ""
    anchor: str = ""
    action: str = ""
    is_there: bool = False


@dataclass(frozen=True)
class Missing:
    """What stands between a case and its next step."""

    step: str
    things: list[Thing]
    source: str = ""

    @property
    def lacking(self) -> list[Thing]:
        return [thing for thing in self.things if not thing.is_there]

    @property
    def got(self) -> list[Thing]:
        return [thing for thing in self.things if thing.is_there]

    @property
    def title(self) -> str:
        n = len(self.lacking)
        if not self.step:
            return _("不缺什么")
        if not n:
            return _("都齐了，可以%(step)s") % {"step": self.step}
        return ngettext("还缺 %(n)d 样，才能%(step)s", "还缺 %(n)d 样，才能%(step)s", n) % {
            "n": n,
            "step": self.step,
        }


def missing(file: MediationFile) -> Missing:
    """What the present state waits for."""
    step, source, things = STEPS.get(file.case.state, NOTHING)
    return Missing(step(), list(things(file)), source())


def _willing(file: MediationFile) -> Iterator[Thing]:
    why = _("有一方明确拒绝，不得调解。")
    for side in Side:
        if not any(party.side == side for party in file.present):
            who = _("申请方") if side == Side.APPLICANT else _("对方")
            yield Thing(_("还没有%(side)s") % {"side": who}, _("纠纷要有明确的各方。"), "parties", _("去加"))
    for party in file.present:
        said = file.answer(party.number, Matter.WILLING)
        name = {"name": party.name}
        if said is None:
            yield Thing(_("没问%(name)s愿不愿意调解") % name, why, "acceptance", _("去问"))
        elif not said.answer:
            yield Thing(_("%(name)s不愿意调解") % name, why, "acceptance", _("去看"))
        else:
            yield Thing(_("%(name)s愿意调解") % name, is_there=True)


def _test(file: MediationFile) -> Iterator[Thing]:
    answers = file.matter.test
    unasked = [question for question in QUESTIONS if question.name not in answers]
    ground = ground_of(answers)
    if unasked:
        n = len(unasked)
        title = ngettext("受理前的问题还有 %(n)d 个没问", "受理前的问题还有 %(n)d 个没问", n) % {"n": n}
        yield Thing(
            title, _("有明确的对方、具体的要求和事实，又不在不得调解之列，才能受理。"), "test", _("去问")
        )
    elif ground is not None:
        yield Thing(
            _("依法不能受理：%(what)s") % {"what": ground.label}, _("要告诉当事人该走的途径。"), "test"
        )
    else:
        yield Thing(_("受理前的八个问题都问过，可以调解"), is_there=True)


def _accepting(file: MediationFile) -> Iterator[Thing]:
    yield from _test(file)
    yield from _willing(file)


def _mediators(file: MediationFile) -> Iterator[Thing]:
    if not file.mediators:
        why = _("由委员会指定，或者由各方选定，一名或几名都可以。")
        yield Thing(_("还没有调解员"), why, "appointing", _("去定"))
    for each in [*file.mediators, *file.recorders]:
        if file.is_barred(each.person):
            title = _("%(name)s应当回避") % {"name": each.person.name}
            yield Thing(title, _("有利害关系、是当事人或其亲属，或当事人不同意。"), "appointing", _("去换人"))
        elif each.role == "mediator":
            yield Thing(_("调解员：%(name)s") % {"name": each.person.name}, is_there=True)


def _rights(file: MediationFile) -> Iterator[Thing]:
    signed = {
        signature.party
        for paper in file.papers_of(PaperKind.RIGHTS)
        for signature in file.signatures_under(paper)
        if signature.signer == Signer.PARTY
    }
    for party in file.present:
        said = file.answer(party.number, Matter.RIGHTS)
        if party.number in signed or (said is not None and said.answer):
            yield Thing(_("%(name)s知道权利义务") % {"name": party.name}, is_there=True)
        else:
            title = _("%(name)s没有确认权利义务告知书") % {"name": party.name}
            yield Thing(title, _("调解前要告知性质、原则、效力和权利义务。"), "parties", _("去确认"))


def _beginning(file: MediationFile) -> Iterator[Thing]:
    yield from _rights(file)
    yield from _willing(file)
    yield from _mediators(file)


def _points(file: MediationFile) -> Iterator[Thing]:
    records = file.papers_of(PaperKind.RECORD)
    if not records:
        yield Thing(_("还没有调解记录"), _("记录七点都要有，缺了不能归档。"), "record", _("去写"))
        return
    empty = missing_points(records[-1])
    for number in empty:
        title = _("第 %(n)d 点“%(point)s”没写") % {"n": number, "point": _(POINTS[number - 1])}
        yield Thing(title, _("记录七点都要有，缺了不能归档。"), "record", _("去写"))
    if not empty:
        yield Thing(_("记录七点都写了"), is_there=True)


def _drafting(file: MediationFile) -> Iterator[Thing]:
    yield from _points(file)
    if any(paper.content.get("clauses") for paper in file.papers_of(PaperKind.AGREEMENT)):
        yield Thing(_("协议条款已写"), is_there=True)
    else:
        why = _("写明履行的内容、方式和期限；不用书面的，记口头协议。")
        yield Thing(_("协议还没有条款"), why, "agreement", _("去写"))


def _signing(file: MediationFile) -> Iterator[Thing]:
    yield from _points(file)
    agreements = file.papers_of(PaperKind.AGREEMENT)
    if not agreements:
        yield Thing(_("还没有协议书"), "", "agreement", _("去写"))
        return
    paper = agreements[-1]
    under = file.signatures_under(paper)
    for signer, number in lacking_signatures(paper, file.present, under, file.ever_mediated):
        yield _unsigned(file, signer, number)
    yield from _signed(file, paper)


def _unsigned(file: MediationFile, signer: Signer, number: int | None) -> Thing:
    if signer == Signer.PARTY:
        party = file.party(number)
        title = _("%(name)s没签") % {"name": party.name if party else ""}
        return Thing(title, _("各方当事人都要签名、盖章或按指印。"), "signatures", _("去签"))
    if signer == Signer.SEAL:
        return Thing(_("委员会没盖章"), _("调解员签名之外，还要委员会印章。"), "signatures", _("去看"))
    return Thing(_("调解员没签"), _("至少一名调解员签名。"), "signatures", _("去签"))


def _signed(file: MediationFile, paper: Paper) -> Iterator[Thing]:
    names = [signature.name for signature in file.signatures_under(paper)]
    if names:
        yield Thing(_("已签：%(names)s") % {"names": listed(names)}, is_there=True)


def _performing(file: MediationFile) -> Iterator[Thing]:
    for each in file.instalments:
        party = file.party(each.party)
        said = {"name": party.name if party else "", "what": each.what}
        if each.done_on is None:
            why = _("约定 %(day)s 以前。调解委员会督促履行。") % {"day": each.due_on.isoformat()}
            yield Thing(_("%(name)s：%(what)s") % said, why, "performance", _("去记"))
        else:
            yield Thing(_("%(name)s已履行：%(what)s") % said, is_there=True)


def _archiving(file: MediationFile) -> Iterator[Thing]:
    for kind in lacking_papers(file.matter, file.papers):
        title = _("缺%(paper)s") % {"paper": kind.label}
        yield Thing(title, _("这是卷宗必须有的文书，缺了或没写全不能归档。"), "file", _("去补"))
    settled = file.matter.outcome == "succeeded" and file.case.state != "breached"
    if not settled and file.matter.routes_told_at is None:
        why = _("调解不成、终止、期满或者没有履行，要告诉各方仲裁、行政、诉讼等途径。")
        yield Thing(_("还没有告知其他途径"), why, "sessions", _("去告知"))


def _watching(file: MediationFile) -> Iterator[Thing]:
    yield from _performing(file)


Things = Callable[[MediationFile], Iterator[Thing]]
Words = Callable[[], str]
NOTHING: tuple[Words, Words, Things] = (lambda: "", lambda: "", lambda file: iter(()))
ARCHIVE: tuple[Words, Words, Things] = (
    lambda: pgettext("step", "归档"),
    lambda: _("依据司法部人民调解文书格式；《人民调解法》第二十六条。"),
    _archiving,
)
STEPS: dict[str, tuple[Words, Words, Things]] = {
    "consent_check": (
        lambda: pgettext("step", "受理"),
        lambda: _("依据《人民调解法》第十七条、《人民调解工作若干规定》第二十二条至第二十四条。"),
        _accepting,
    ),
    "accepted": (lambda: _("定下调解员"), lambda: _("依据《人民调解法》第十九条。"), _mediators),
    "mediator_assigned": (
        lambda: pgettext("step", "开始调解"),
        lambda: _("依据《人民调解法》第十七条、《人民调解工作若干规定》第三十条。"),
        _beginning,
    ),
    "in_mediation": (
        lambda: _("请各方签协议"),
        lambda: _("依据《人民调解法》第二十七条至第二十九条。"),
        _drafting,
    ),
    "agreement_written": (
        lambda: _("让协议生效"),
        lambda: _("依据《人民调解法》第二十九条。生效日是最后一个签名或盖章的那天。"),
        _signing,
    ),
    "performing": (lambda: _("履行完"), lambda: _("依据《人民调解法》第三十一条。"), _watching),
    "performed": ARCHIVE,
    "followed_up": ARCHIVE,
    "breached": ARCHIVE,
    "failed": ARCHIVE,
    "terminated": ARCHIVE,
    "expired": ARCHIVE,
}
