"""The commands of `cunbao`, one file each with a `command`, in folders by what they are for."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import NamedTuple

import click


class Command(NamedTuple):
    """The folder that a command is in, and the first line of its help."""

    folder: str
    help: str


COMMANDS = {
    "backup": Command("upkeep", "备份数据库、照片和方案，不用停服务。"),
    "chat": Command("service", "在终端里办事；也可从管道一行一句输入，输出对话记录。"),
    "check": Command("upkeep", "检查设置、方案、数据库、审计链、照片和时钟；有问题时退出码为 1。"),
    "dead-letters": Command("upkeep", "没能处理的消息：查看、重试。"),
    "demo": Command("service", "试用：三部手机（农户、村干部、镇里）并排，数据是编的，放在数据目录的 demo 里。"),
    "demo-data": Command("service", "编一个镇的示例数据（约 3400 户），方案日期平移到今天前后。"),
    "export": Command("exports", "导出台账（.xlsx），号码默认遮盖。"),
    "import-problems": Command(
        "imports", "导入问题台账（.xlsx 或 .csv）；每行结果写到旁边的“…-导入结果.xlsx”，有误时退出码为 1。"
    ),
    "import-roster": Command(
        "imports", "导入农户名册（.xlsx 或 .csv，一人一行）；每行结果写到旁边的“…-导入结果.xlsx”，有误时退出码为 1。"
    ),
    "import-screening": Command(
        "imports", "导入部门筛查名单（.xlsx 或 .csv）；每行结果写到旁边的“…-筛查结果.xlsx”，有没导入的行时退出码为 1。"
    ),
    "invite": Command("town", "生成邀请链接和二维码；列出、撤回邀请。"),
    "key": Command("upkeep", "加密用的密钥：查看、更换、停用旧的，不用停服务。"),
    "map": Command("exports", "画挂图（.png）：问题分布、销号进度、排查进度，可打印上墙。"),
    "outbox": Command("upkeep", "列出没发出去、或不知是否到达的消息（不显示内容）。"),
    "plan": Command("town", "工作方案：改期另存、检查、补上新版本要的内容。"),
    "policy": Command("imports", "手册里的政策：加进去、列出来、撤下。"),
    "reconcile": Command(
        "imports",
        "名单（.xlsx 或 .csv）与名册对账；差异记下，由各村、站所发 /differences 核对。每行结果写到“…-对账结果.xlsx”。",
    ),
    "recount": Command("upkeep", "重新清点全镇情况里的各项数字；有出入就改正，并以退出码 1 告知。"),
    "restore": Command("upkeep", "恢复备份，先核对再动数据，恢复后全面检查。请先停下服务。"),
    "run": Command("service", "启动服务（Ctrl-C 或 SIGTERM 停止，手上的消息会办完）。"),
    "sample": Command(
        "exports", "按种子抽样：每村不少于方案规定的比例，谁用同一种子都抽到同样的户（方法见 docs/sampling.md）。"
    ),
    "summary": Command("exports", "按系统里的数字写一页月报（.docx），可在 Word 里改。"),
    "upgrade": Command("upkeep", "装了新版本以后：先备份，再升级数据表，再检查。请先停下服务。"),
    "version": Command("upkeep", "显示版本。"),
}
"""Each command by name: `cunbao --help` is shown without importing any of them."""


def module_of(name: str) -> str:
    """The module of a command."""
    return f"bot.commands.{COMMANDS[name].folder}.{name.replace('-', '_')}"


def tell(words: str) -> None:
    """Say something beside a command's output, such as where the key was put."""
    click.echo(words, err=True)


def command_line(folder: Path, *arguments: str) -> str:
    """A command on that data folder, to be typed as it stands: with the path of the script that runs now."""
    script = sys.argv[0] if Path(sys.argv[0]).name == "cunbao" else f"{sys.executable} -m bot"
    return " ".join([f"CUNBAO_DATA_DIR={shlex.quote(str(folder))}", script, *arguments])
