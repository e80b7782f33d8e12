"""`linli`: the command line. Every command is a Django management command, of this package or of Django."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from importlib import metadata

from django.utils.translation import gettext as _

WRONG, INTERRUPTED = 2, 130


def main(arguments: Sequence[str] | None = None) -> None:
    given = list(sys.argv[1:] if arguments is None else arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "linli.config.settings")
    try:
        sys.exit(_run(given))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # whoever read along has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _run(given: list[str]) -> int:
    if given in (["--version"], ["version"]):
        sys.stdout.write(f"linli {metadata.version('linli')}\n")
        return 0
    import django
    from django.core.management import execute_from_command_line, get_commands
    from django.utils import translation

    django.setup()
    translation.activate(language(os.environ))
    from linli.people import scope

    scope.widen()
    name = given[0] if given else ""
    if name in ("", "-h", "--help") or given == ["help"]:
        (sys.stdout if name else sys.stderr).write(page())
        return 0 if name else WRONG
    if name.replace("-", "_") in get_commands():
        name = name.replace("-", "_")  # a module's name has no hyphen
    if name not in get_commands() and name != "help":
        sys.stderr.write(unknown(name))
        return WRONG
    execute_from_command_line(["linli", name, *given[1:]])
    return 0


def language(environment: Mapping[str, str]) -> str:
    """Chinese where the terminal speaks it, else English, which every terminal can show."""
    names = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    spoken = next((environment[name] for name in names if environment.get(name)), "")
    return "zh-hans" if spoken.startswith("zh") else "en"


def commands() -> dict[str, str]:
    """Our commands, and what each is for."""
    return {
        "demo": _("在这台机器上建一个演示县，并打开网站和后台"),
        "serve": _("打开网站"),
        "worker": _("后台：送消息、看时限、超期上报"),
        "migrate": _("建立或更新数据表"),
        "createsuperuser": _("新建系统管理员账号"),
        "secure": _("PostgreSQL 上给应用建自己的角色和行级策略"),
        "import": _("从文件导入组织、边界或事项"),
        "dossier": _("一件调解的整卷文书（PDF 或 DOCX）"),
        "stats": _("事项数、办结数、按时和超期数"),
        "measures": _("汇总数字：核对、重算、列表"),
        "publish": _("公布一个月的数字和开放数据"),
        "deadline": _("算出什么时候到期，并逐步说明"),
        "backup": _("把数据库和照片备份成一个文件"),
        "restore": _("用备份换下现有数据，先核对再换"),
        "verify": _("逐条核对每件事的记录有没有被改动"),
        "verify-receipt": _("核对一份回执"),
        "witness": _("见证：在另一处核对并会签日志"),
        "checkpoint": _("给不联网的见证写文件，或收下它会签的"),
        "retention": _("删除保存期限已到的内容，留下痕迹"),
        "breach": _("密钥、账号或会话落到别人手里：用它看过什么"),
        "register": _("按登记表写出个人信息处理活动记录，或检查它是否最新"),
        "webhooks": _("事件通知：送得怎样，再送一遍"),
        "doctor": _("检查这套系统，不对的地方说明怎么办"),
        "keys": _("加密存放的内容所用的密钥：查看、换新、停用"),
        "procedures": _("按程序文件写出程序说明页，或检查它是否最新"),
        "bench": _("测量这台机器上有多快"),
    }


def page() -> str:
    """What `linli --help` says: our commands first."""
    ours = commands()
    width = max(map(len, ours)) + 2
    lines = [
        _("邻里 Linli：县、乡、村的事，件件有着落。"),
        "",
        _("用法：linli 命令 [选项]"),
        "",
        *(f"  {name:<{width}}{text}" for name, text in ours.items()),
        "",
        _("每个命令的选项：linli 命令 --help"),
        _("Django 自己的命令也可以用，例如 linli shell、linli dbshell、linli showmigrations。"),
    ]
    return "\n".join(lines) + "\n"


def unknown(name: str) -> str:
    """What to do about a command that does not exist."""
    message = _("没有“%(name)s”这个命令。") % {"name": name}
    if likely := get_close_matches(name, commands(), n=1):
        message += _("您要的是 linli %(name)s 吗？") % {"name": likely[0]}
    every = _("全部命令：linli --help")
    return f"{message}\n{every}\n"


if __name__ == "__main__":
    main()
