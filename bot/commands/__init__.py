"""The commands of `cunbao`, one file each with a `command`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click

COMMANDS = {
    "backup": "备份数据库、照片和方案，不用停服务。",
    "chat": "在终端里办事；也可从管道一行一句输入，输出对话记录。",
    "check": "检查设置、方案、数据库、审计链、照片和时钟；有问题时退出码为 1。",
    "dead-letters": "没能处理的消息：查看、重试。",
    "demo": "试用：三部手机（农户、村干部、镇里）并排，数据是编的，放在数据目录的 demo 里。",
    "demo-data": "编一个镇的示例数据（约 3400 户），方案日期平移到今天前后。",
    "export": "导出台账（.xlsx），号码默认遮盖。",
    "import-problems": "导入问题台账（.xlsx 或 .csv）；每行结果写到旁边的“…-导入结果.xlsx”，有误时退出码为 1。",
    "import-roster": "导入农户名册（.xlsx 或 .csv，一人一行）；每行结果写到旁边的“…-导入结果.xlsx”，有误时退出码为 1。",
    "import-screening": "导入部门筛查名单（.xlsx 或 .csv）；每行结果写到旁边的“…-筛查结果.xlsx”，有没导入的行时退出码为 1。",
    "invite": "生成邀请链接和二维码；列出、撤回邀请。",
    "key": "加密用的密钥：查看、更换、停用旧的，不用停服务。",
    "map": "画挂图（.png）：问题分布、销号进度、排查进度，可打印上墙。",
    "outbox": "列出没发出去、或不知是否到达的消息（不显示内容）。",
    "plan": "工作方案：改期另存、检查、补上新版本要的内容。",
    "policy": "手册里的政策：加进去、列出来、撤下。",
    "reconcile": "名单（.xlsx 或 .csv）与名册对账；差异记下，由各村、站所发 /differences 核对。每行结果写到“…-对账结果.xlsx”。",
    "recount": "重新清点全镇情况里的各项数字；有出入就改正，并以退出码 1 告知。",
    "restore": "恢复备份，先核对再动数据，恢复后全面检查。请先停下服务。",
    "run": "启动服务（Ctrl-C 或 SIGTERM 停止，手上的消息会办完）。",
    "sample": "按种子抽样：每村不少于方案规定的比例，谁用同一种子都抽到同样的户（方法见 docs/sampling.md）。",
    "summary": "按系统里的数字写一页月报（.docx），可在 Word 里改。",
    "upgrade": "装了新版本以后：先备份，再升级数据表，再检查。请先停下服务。",
    "version": "显示版本。",
}
"""Each command by name, with the first line of its help: `cunbao --help` is shown without importing any of them."""


def tell(words: str) -> None:
    """Say something beside a command's output, such as where the key was put."""
    click.echo(words, err=True)


def command_line(folder: Path, *arguments: str) -> str:
    """A command on that data folder, to be typed as it stands: with the path of the script that runs now."""
    script = sys.argv[0] if Path(sys.argv[0]).name == "cunbao" else f"{sys.executable} -m bot"
    return " ".join([f"CUNBAO_DATA_DIR={shlex.quote(str(folder))}", script, *arguments])
