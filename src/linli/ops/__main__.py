"""`linli`: the command line. Every command is a Django management command, of this package or of Django."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import metadata

WRONG, INTERRUPTED = 2, 130


def main(arguments: Sequence[str] | None = None) -> None:
    given = list(sys.argv[1:] if arguments is None else arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "linli.config.settings")
    try:
        sys.exit(_run(given))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _run(given: list[str]) -> int:
    if given in (["--version"], ["version"]):
        sys.stdout.write(f"linli {metadata.version('linli')}\n")
        return 0
    import django
    from django.core.management import execute_from_command_line, get_commands
    from django.utils import translation

    from linli.ops import manual

    django.setup()
    translation.activate(manual.language(os.environ))
    name = given[0] if given else ""
    if name in ("", "-h", "--help") or given == ["help"]:
        (sys.stdout if name else sys.stderr).write(manual.page())
        return 0 if name else WRONG
    if name not in get_commands() and name != "help":
        likely = get_close_matches(name, manual.names(), n=1)
        sys.stderr.write(manual.unknown(name, likely[0] if likely else ""))
        return WRONG
    execute_from_command_line(["linli", *given])
    return 0


if __name__ == "__main__":
    main()
