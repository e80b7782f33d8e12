"""What can be wrong with a command, said so that the reader knows what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from linli.kit.lists import clauses

if TYPE_CHECKING:
    from linli.cases.models import Case


class CommandError(Exception):
    """A command that was not carried out; nothing was written. `str()` is for the person who gave it."""


class CaseNotFound(CommandError):
    """No such case, or none this actor may see: the two are never told apart."""

    def __init__(self) -> None:
        super().__init__(_("没有这一件，或者您现在的岗位看不到它。"))


class NotAllowed(CommandError):
    """The actor may see the case but not make this move."""


class OutOfOrder(CommandError):
    """The case is in a state from which this move does not lead."""


class StaleCase(CommandError):
    """Somebody moved the case since the form was opened. `case` is as it is now."""

    def __init__(self, case: Case) -> None:
        self.case = case
        super().__init__(_("您打开以后，这一件已经有人动过。您写的内容还在，请看过新的情况再决定。"))


class CommandReused(CommandError):
    """The same command id with other content, or from somebody else."""

    def __init__(self) -> None:
        super().__init__(_("这个操作编号已经用过，内容不一样，没有重复办理。"))


class BadData(CommandError):
    """Fields that are missing or wrong: name → message."""

    def __init__(self, errors: dict[str, str]) -> None:
        self.errors = errors
        super().__init__(clauses(errors.values()))
