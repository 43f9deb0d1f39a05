"""`cunbao plan`: campaign plans."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from bot.setup.installation import plan_folder
from storage.plan import Plan, PlanError, lacks, load_plan, write_missing, write_shifted


@click.group("plan")
def command() -> None:
    """工作方案：改期另存、检查、补上新版本要的内容。"""


@command.command("new")
@click.option("--from", "source", required=True, help="照哪个方案：内置方案名（wafang-2022）或目录。")
@click.option("--start", required=True, type=click.DateTime(["%Y-%m-%d"]), help="第一阶段的第一天，如 2026-09-28。")
@click.argument("dest", type=click.Path(path_type=Path))
@click.pass_context
def new(ctx: click.Context, source: str, start: datetime, dest: Path) -> None:
    """照已有方案另存一份，各阶段日期按新的开始日平移。"""
    try:
        plan = write_shifted(plan_folder(source), start.date(), dest)
    except PlanError as error:
        click.echo(f"✗ {error}", err=True)
        ctx.exit(1)
    _describe(plan)
    click.echo(f"已写到 {dest}。启用：CUNBAO_PLAN={dest}")


@command.command("check")
@click.argument("folder")
@click.pass_context
def check(ctx: click.Context, folder: str) -> None:
    """检查一个方案，逐处说明哪个文件哪一行有什么问题。"""
    try:
        plan = load_plan(plan_folder(folder))
    except PlanError as error:
        for problem in error.problems:
            click.echo(f"✗ {problem}")
        ctx.exit(1)
    _describe(plan)
    if lacking := lacks(plan_folder(folder)):
        click.echo(f"· 没有写的，用通常的做法：{'、'.join(lacking)}。要写进方案，运行 cunbao plan upgrade {folder}")
    click.echo("✓ 方案没有问题。")


@command.command("upgrade")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.pass_context
def upgrade(ctx: click.Context, folder: Path) -> None:
    """把旧版本的方案里没有的内容补进去；原来写的、注的都不动。"""
    try:
        added = write_missing(folder)
    except PlanError as error:
        click.echo(f"✗ {error}", err=True)
        ctx.exit(1)
    for name in added:
        click.echo(f"已补上：{name}")
    click.echo("请照本地方案核对补上的内容。" if added else "方案里都有，没有要补的。")


def _describe(plan: Plan) -> None:
    click.echo(f"{plan.title}({len(plan.villages)} 个村，{len(plan.items)} 项任务，{len(plan.questions)} 道题)")
    for phase in plan.phases:
        click.echo(f"  {phase.first:%Y-%m-%d} 至 {phase.last:%Y-%m-%d} {phase.name}")
