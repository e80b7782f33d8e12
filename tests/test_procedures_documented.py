"""docs/procedures.md says what the procedure files say."""

from django.core.management import call_command

from linli.cases.procedures import all_procedures
from linli.ops.management.commands.procedures import DOCUMENT, page


def test_the_page_is_up_to_date() -> None:
    call_command("procedures", "--check")


def test_every_state_move_and_clock_stands_on_it() -> None:
    written = page()
    for procedure in all_procedures().values():
        for name in (*procedure.states, *procedure.moves, *procedure.clocks):
            assert f"| `{name}`" in written, name


def test_the_page_is_kept_with_the_others() -> None:
    assert DOCUMENT.parent.name == "docs"
