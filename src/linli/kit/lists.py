"""Lists of words in a sentence, joined as the reader's language joins them."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _


def listed(words: Iterable[object]) -> str:
    """`东河镇、西河镇`, `East, West`."""
    return _("、").join(map(str, words))


def clauses(words: Iterable[object]) -> str:
    """Longer pieces, which may hold lists themselves: `甲、乙；丙`, `A, B; C`."""
    return _("；").join(map(str, words))


def labelled(name: object, said: object) -> str:
    """`名称：内容`, `Name: words`."""
    return _("%(name)s：%(said)s") % {"name": name, "said": said}
