"""The kinds of case a desk sees together, in words: what each is called, and where it came from."""

from __future__ import annotations

from django.utils.translation import gettext as _

from linli.cases.models import Case
from linli.cases.procedures import latest
from linli.cases.procedures.model import Label
from linli.service_requests.models import Channel

REQUEST = "service_request"
MEDIATIONS = ("mediation", "mediation_medical", "mediation_labour")
VETO = "veto_proposal"

# What a list can be narrowed to, and the kinds of case that are meant.
KINDS = {REQUEST: (REQUEST,), "mediation": MEDIATIONS, VETO: (VETO,)}


def kinds() -> dict[str, str]:
    return {REQUEST: _("服务事项"), "mediation": _("人民调解"), VETO: _("一票否决建议")}


def word(case: Case) -> str:
    """The kind of a case in one word; a request, which most are, needs none."""
    return "" if case.kind == REQUEST else word_of(case.kind)


def word_of(kind: str) -> str:
    """A kind in words."""
    return kinds().get("mediation" if kind in MEDIATIONS else kind, "")


def is_mediation(case: Case) -> bool:
    return case.kind in MEDIATIONS


def channels() -> dict[str, str]:
    """Where cases came from."""
    own = {
        "window": _("窗口登记"),
        "phone": _("电话登记"),
        "visit": _("走访登记"),
        "desk": _("工作台登记"),
        "referral": _("服务事项转来"),
        "screening": _("排查发现"),
    }
    return {**{value: str(label) for value, label in Channel.choices}, **own}


def whys() -> dict[str, Label]:
    """Every reason for which something waits, whatever its kind, in the order of the files."""
    found: dict[str, Label] = {}
    for kind in (REQUEST, *MEDIATIONS, VETO):
        for name, label in latest(kind).whys.items():
            found.setdefault(name, label)
    return found


def states(chosen: str) -> dict[str, Label]:
    """The states of the chosen kind; of requests where none is."""
    return {name: state.label for name, state in latest(KINDS.get(chosen, (REQUEST,))[0]).states.items()}


def state_words(name: str) -> str:
    """A state in words, of whichever kind has one of that name first."""
    for kind in (REQUEST, *MEDIATIONS, VETO):
        if name in latest(kind).states:
            return str(latest(kind).states[name].label)
    return name
