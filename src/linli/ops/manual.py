"""What `linli --help` says, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

COMMANDS = {
    "demo": gettext_noop("在这台机器上建一个演示县，并打开网站和后台"),
    "serve": gettext_noop("打开网站"),
    "worker": gettext_noop("后台：送消息、看时限、超期上报"),
    "migrate": gettext_noop("建立或更新数据表"),
    "createsuperuser": gettext_noop("新建系统管理员账号"),
    "import": gettext_noop("从文件导入组织、边界或事项"),
    "stats": gettext_noop("事项数、办结数、按时和超期数"),
    "deadline": gettext_noop("算出什么时候到期，并逐步说明"),
    "doctor": gettext_noop("检查这套系统，不对的地方说明怎么办"),
    "bench": gettext_noop("测量这台机器上有多快"),
}


def language(environment: Mapping[str, str]) -> str:
    """Chinese where the terminal speaks it, else English, which every terminal can show."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environment.get(name):
            return settings.LANGUAGE_CODE if value.startswith("zh") else "en"
    return "en"


def names() -> list[str]:
    return list(COMMANDS)


def page() -> str:
    """The list of commands."""
    width = max(map(len, COMMANDS)) + 2
    lines = [f"  {name:<{width}}{_(text)}" for name, text in COMMANDS.items()]
    return "\n".join(
        [
            _("邻里 Linli：县、乡、村的事，件件有着落。"),
            "",
            _("用法：linli 命令 [选项]"),
            "",
            *lines,
            "",
            _("每个命令的选项：linli 命令 --help"),
            _("Django 自己的命令也可以用，例如 linli shell、linli dbshell、linli showmigrations。"),
            "",
        ]
    )


def unknown(name: str, likely: str) -> str:
    """What to do about a command that does not exist."""
    message = _("没有“%(name)s”这个命令。") % {"name": name}
    if likely:
        message += _("您要的是 linli %(name)s 吗？") % {"name": likely}
    every = _("全部命令：linli --help")
    return f"{message}\n{every}\n"
