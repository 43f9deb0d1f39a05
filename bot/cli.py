"""The command `cunbao`: those that `bot/commands/` lists. A command's module is imported when it is run.

Exit codes: 0 all right; 1 something was found wrong; 2 wrong use; 3 cannot start.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
from typing import Any

import click

from bot.commands import COMMANDS, module_of
from bot.errors import OperatorError

log = logging.getLogger(__name__)


class _Commands(click.Group):
    """Imports a command when it is run, and tells errors that the operator can mend in plain words."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(module_of(cmd_name))
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, one.help) for name, one in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except OperatorError as error:
            click.echo(f"✗ {error}", err=True)
            ctx.exit(error.exit_code)
        except Exception as error:
            from bot.setup.faults import words_of  # not before a command has run

            words = words_of(error)
            if words is None:  # a fault of ours: its trace is needed
                raise
            log.debug("the command failed", exc_info=True)
            click.echo(f"✗ {words}", err=True)
            ctx.exit(OperatorError.exit_code)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """村报：风险上报、问题整改、一口清、到期提醒。

    设置用环境变量 CUNBAO_...，或写在数据目录的 cunbao.toml 里。
    退出码：0 正常；1 发现问题；2 用法不对；3 启动不了。
    """
    from bot.service import logs  # not before a command runs: `--help` waits for none of the libraries

    logs.configure("WARNING", "console")


def main() -> None:
    """The console script."""
    os.umask(0o077)  # whatever is kept is for its owner alone
    for stream in (sys.stdout, sys.stderr):  # Chinese has to come out also where the system's locale is "C"
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    cli(prog_name="cunbao")
