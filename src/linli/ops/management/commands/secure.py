"""`linli secure`: the application's role on PostgreSQL, its rights, and the policies on rows."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from linli.ops import securing


class Command(BaseCommand):
    def add_arguments(self, parser: CommandParser) -> None:
        parser.description = _(
            "在 PostgreSQL 上建应用自己的角色和行级策略；每次 linli migrate 以后再运行一遍"
        )
        parser.add_argument("--role", default="linli_app", help=_("角色的名字，默认 linli_app"))
        parser.add_argument(
            "--password-file", type=Path, help=_("口令所在的文件；不写，就新造一个，显示一次")
        )

    def handle(self, *args: Any, **options: Any) -> None:
        given: Path | None = options["password_file"]
        password = given.read_text().strip() if given else ""
        try:
            is_known = securing.has_role(options["role"])
            if not password and not is_known:
                password = secrets.token_urlsafe(24)
            done = securing.secure(role=options["role"], password=password)
        except (securing.Unsuitable, OSError) as error:
            raise CommandError(str(error)) from error
        said = ngettext("%(n)d 张表有行级策略。", "%(n)d 张表有行级策略。", done.guarded) % {
            "n": done.guarded
        }
        self.stdout.write(said)
        if done.is_new and not given:
            self.stdout.write(
                _("新角色 %(role)s 的口令（只显示这一次）：%(password)s")
                % {"role": done.role, "password": password}
            )
        self.stdout.write(
            _("让 linli serve 和 linli worker 用它连接：DATABASE_URL=postgres://%(role)s:口令@主机/库。")
            % {"role": done.role}
        )
