"""The command `cunbao` as its operator meets it."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import click
import pytest

from bot.cli import cli
from bot.commands import COMMANDS
from bot.platforms.terminal import render
from bot.service.clock import system_clock
from bot.setup.installation import Installation
from bot.setup.settings import load_settings
from handlers.problems.importing import template
from storage.database.reading import Damage
from storage.database.transaction import transaction
from storage.joining.invites import Invites
from storage.mail import inbox, outbox
from storage.mail.messages import Button, Incoming, Outgoing
from storage.people.persons import Role
from storage.plan import builtin_plans, load_plan
from storage.store import Store
from tests.support.commands import cunbao, free_port, inside, run, started
from tests.support.plan import BAITA
from tests.support.town import START


def answers(output: str) -> list[str]:
    """A transcript without what the person said."""
    return [line for line in output.splitlines() if not line.startswith("> ")]


def test_every_command_explains_itself() -> None:
    listed = run("--help").output
    names = re.findall(r"^  ([a-z-]+)  ", listed, re.MULTILINE)
    assert {"run", "demo", "chat", "invite", "backup", "restore", "check"} <= set(names)
    for name in names:
        shown = run(name, "--help")
        assert shown.exit_code == 0
        assert re.search(r"[\u4e00-\u9fff]", shown.output)
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        assert (command.help or "").partition("\n")[0] == COMMANDS[name].help, "the list says what the command says of itself"


def test_help_imports_no_library_but_click() -> None:
    """`cunbao --help` is shown at once; what takes long to import is imported when a command runs."""
    slow = "{'pydantic', 'sqlalchemy', 'aiohttp', 'telegram', 'matplotlib', 'handlers', 'storage'}"
    script = f"import bot.cli, sys; bot.cli.cli(['--help'], standalone_mode=False); sys.exit(bool({slow} & sys.modules.keys()))"
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert shown.returncode == 0


def test_version() -> None:
    assert run("version").output.startswith("cunbao ")


def test_wrong_use_and_wrong_settings_have_their_exit_codes(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("fly").exit_code == 2
    assert run("invite").exit_code == 2
    monkeypatch.setenv("CUNBAO_WEB_PORT", "many")
    refused = run("check")
    assert refused.exit_code == 3
    assert "CUNBAO_WEB_PORT" in refused.stderr


def test_the_first_run_makes_the_key_and_says_where(data_folder: Path) -> None:
    first = run("policy", "list")
    key = data_folder / "keys" / "cunbao.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert str(key) in first.output
    assert "另存一份" in first.output
    assert not any(word in first.output for word in re.findall("[0-9a-f]{64}", key.read_text()))
    assert "密钥" not in run("policy", "list").output


@pytest.mark.parametrize("command", [("outbox",), ("policy", "list")])
def test_a_lost_key_is_not_replaced(data_folder: Path, command: tuple[str, ...]) -> None:
    run("policy", "list")
    (data_folder / "keys" / "cunbao.key").unlink()
    refused = run(*command)
    assert refused.exit_code == 3
    assert "从备份放回密钥文件" in refused.stderr
    assert not (data_folder / "keys" / "cunbao.key").exists()


def test_secrets_are_never_printed(data_folder: Path) -> None:
    run("policy", "list")
    keys = re.findall("[0-9a-f]{64}", (data_folder / "keys" / "cunbao.key").read_text())
    secrets = {"telegram_token": "1:HIDDEN", "telegram_webhook_secret": "HIDDEN"}
    for arguments in (("check",), ("outbox",), ("backup",), ("restore", "/dev/null"), ("key", "list"), ("key", "rotate")):
        done = cunbao(data_folder, *arguments, log_level="DEBUG", **secrets)
        assert "HIDDEN" not in done.stdout + done.stderr
        assert not any(key in done.stdout + done.stderr for key in keys)
    url = "postgresql://cunbao:HIDDEN@127.0.0.1:1/none"
    refused = cunbao(data_folder, "outbox", database_url=url)
    assert refused.returncode == 3
    assert "HIDDEN" not in refused.stdout + refused.stderr


def test_an_invitation_is_a_link_and_a_picture(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUNBAO_WEB_BASE_URL", "https://cunbao.example")
    png = data_folder.parent / "qr.png"
    made = run("invite", "--role", "village", "--region", "白塔村", "--name", "李村", "--png", str(png))
    assert made.exit_code == 0
    assert "白塔村 村干部 李村" in made.output
    assert "请只发给本人" in made.output
    public = run("invite", "--role", "household", "--region", "白塔村").output
    assert "可以张贴" in public
    assert "只发给本人" not in public
    assert png.read_bytes().startswith(b"\x89PNG")
    token = re.search(r"https://cunbao\.example/join/(\S+)", made.output)
    assert token

    async def look(installation: Installation) -> None:
        async with transaction(installation.database, system_clock()) as tx, tx.session() as session:
            invite = await Invites(session).find(token[1])
            assert invite is not None
            assert (invite.role, invite.region, invite.uses_left) == (Role.VILLAGE, BAITA, 1)
            assert invite.open_at(system_clock())

    inside(data_folder, look)


def test_the_operator_sees_what_is_open_and_ends_it(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUNBAO_WEB_BASE_URL", "https://cunbao.example")
    made = run("invite", "--role", "village", "--region", "白塔村", "--uses", "3")
    assert "镇里点一下" in made.output
    assert "180" not in made.output
    listed = run("invite", "--list").output
    assert "白塔村 村干部，还能用 3 次" in listed
    key = listed.split()[0]
    assert "撤回了" in run("invite", "--revoke", key).output
    for gone in (key, "zz", "~"):
        refused = run("invite", "--revoke", gone)
        assert refused.exit_code == 1
        assert "已经不能用了" in refused.output
    assert "0 个" in run("invite", "--list").output
    assert "--role" in run("invite").output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--role", "village"], "--region"),
        (["--role", "village", "--region", "不存在村"], "白塔村"),
        (["--role", "unit"], "哪个站所"),
        (["--role", "unit", "--unit", "气象站"], "卫生院"),
        (["--role", "household", "--region", "瓦房镇"], "哪个村"),
    ],
)
def test_an_impossible_invitation_says_what_is_possible(data_folder: Path, arguments: list[str], told: str) -> None:
    refused = run("invite", *arguments)
    assert refused.exit_code == 2
    assert told in refused.output


REPORT = "上报风险\n张三\n住房安全\n房子漏雨\n跳过\n1\n"


def test_a_piped_chat_is_a_plain_transcript(staffed: Path) -> None:
    done = cunbao(staffed, "chat", "--as", "李村", says=REPORT)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith("> ")] == [f"> {line}" for line in REPORT.splitlines()]
    assert "[2] 住房安全" in lines
    assert lines.index("> 张三") < lines.index("[2] 住房安全") < lines.index("> 住房安全")
    assert any(line.startswith("已上报，编号 1。") for line in lines[lines.index("> 1") :])
    assert done.stderr == ""


def test_what_others_cause_waits_for_who_comes_next(staffed: Path) -> None:
    cunbao(staffed, "chat", "--as", "赵村", says="/help\n")
    cunbao(staffed, "chat", "--as", "李村", says=REPORT)
    done = cunbao(staffed, "chat", "--as", "赵村")
    assert "新线索 1号" in done.stdout
    assert "房子漏雨" in done.stdout


def test_an_unfinished_talk_goes_on_in_the_next_terminal(staffed: Path) -> None:
    first, second = REPORT[: REPORT.index("房子")], REPORT[REPORT.index("房子") :]
    cunbao(staffed, "chat", "--as", "李村", says=first)
    assert "已上报，编号 1" in cunbao(staffed, "chat", "--as", "李村", says=second).stdout


def test_a_chat_works_beside_the_service(staffed: Path) -> None:
    service = started(staffed, web_port=str(free_port()))
    done = cunbao(staffed, "chat", "--as", "李村", says=REPORT)
    service.terminate()
    service.communicate(timeout=30)
    assert "已上报，编号 1" in done.stdout
    assert service.returncode == 0


def test_files_are_sent_by_their_path(staffed: Path) -> None:
    (staffed / "note.bin").write_bytes(b"\0no photo")
    says = REPORT.replace("跳过", f"@{staffed}/missing.jpg\n@{staffed}/note.bin\n@45.6,122.8\n完成")
    done = cunbao(staffed, "chat", "--as", "李村", says=says)
    assert "missing.jpg 读不了" in done.stdout
    assert "note.bin 不是照片" in done.stdout
    assert "已上报，编号 1" in done.stdout


def test_who_is_meant_has_to_be_clear(staffed: Path) -> None:
    several = cunbao(staffed, "chat", "--as", "刘伟")
    assert several.returncode == 2
    assert "白塔村 村干部" in several.stderr
    assert "瓦房村 村干部" in several.stderr
    number = re.findall(r"--as (\w+)", several.stderr)[0]
    assert cunbao(staffed, "chat", "--as", number, says="/help\n").returncode == 0
    nobody = cunbao(staffed, "chat", "--as", "王五")
    assert nobody.returncode == 2
    assert "没有叫“王五”的人" in nobody.stderr
    assert "李村" in nobody.stderr


def test_a_message_in_the_terminal_can_be_answered_by_typing() -> None:
    def button(label: str, says: str) -> Button:
        return Button(label=label, says=says)

    shown = render(
        Outgoing(
            text="有什么困难？",
            buttons=(
                (button("1 住房", "8z:1a:housing"), button("☑ 2 饮水", "8z:1a:water")),
                (button("选好了（1项）", "8z:1a:~done"), button("取消", "8z:1a:~cancel")),
                (button("查看", "/clue 8z"),),
            ),
        )
    )
    assert shown.splitlines() == ["有什么困难？", "[1] 住房", "[2] ☑ 饮水", "[/clue 8z] 查看", "[选好了] [取消]"]
    assert render(Outgoing(edits="7")) == ""


def test_dead_letters_are_listed_and_tried_again(staffed: Path) -> None:
    async def bury(installation: Installation) -> None:
        vault = installation.database.vault
        async with installation.database.write() as conn:
            message = Incoming(address="web:1", key="k", at=START, text="秘密")
            await inbox.put(conn, inbox.rows_of(vault, [message], START), START)
            mail = (await inbox.claim(conn, vault, ["web"], START, 1, Damage()))[0]["web:1"][0]
            await inbox.mark_failed(conn, mail, "ValueError: broken", dead=True, now=START)

    inside(staffed, bury)
    listed = run("dead-letters", "list").output
    assert "web:1  ValueError: broken" in listed
    assert "秘密" not in listed
    assert run("check").exit_code == 1
    assert run("dead-letters", "retry").exit_code == 2
    assert "1 条已放回" in run("dead-letters", "retry", listed.split()[0]).output
    assert "没有搁置的消息" in run("dead-letters", "list").output
    assert "还没有处理" in run("check").output, "nobody works on it until the service runs"


def test_doubtful_sends_are_listed(staffed: Path) -> None:
    async def lose(installation: Installation) -> None:
        vault = installation.database.vault
        async with transaction(installation.database, START) as tx:
            await inbox.put(
                tx.conn, inbox.rows_of(vault, [Incoming(address="web:1", key="k", at=START, text="好")], START), START
            )
            async with tx.session() as session:
                outbox.post(session, "web:1", Outgoing(text="秘密"), must_arrive=False)
        async with installation.database.write() as conn:
            await outbox.claim(conn, "main", ["web"], START, 10)
            await outbox.adopt(conn, "main", START)

    inside(staffed, lose)
    listed = run("outbox").output
    assert "web:1  不知是否到达" in listed
    assert "有疑问 1 条" in listed
    assert "秘密" not in listed


def test_a_plan_is_moved_to_another_year(data_folder: Path) -> None:
    new = data_folder.parent / "wafang-2026"
    made = run("plan", "new", "--from", "wafang-2022", "--start", "2026-09-28", str(new))
    assert made.exit_code == 0
    assert load_plan(new).phases[0].first == date(2026, 9, 28)
    assert run("plan", "check", str(new)).exit_code == 0
    assert run("plan", "new", "--from", "wafang-2022", "--start", "2026-09-28", str(new)).exit_code == 1
    (new / "plan.toml").write_text((new / "plan.toml").read_text("utf-8").replace("sampling_ratio", "ratio"), "utf-8")
    wrong = run("plan", "check", str(new))
    assert wrong.exit_code == 1
    assert re.search(r"plan\.toml 第 \d+ 行", wrong.output)


def test_a_ledger_is_imported_from_a_file(data_folder: Path) -> None:
    file = data_folder.parent / "台账.xlsx"
    file.write_bytes(template(load_plan(builtin_plans()["wafang-2022"])))
    assert "表头下面没有内容" in run("import-problems", str(file)).output
    ledger = data_folder.parent / "台账.csv"
    ledger.write_text("问题来源,村,问题描述,整改时限\n十项重点任务排查,白塔村,房屋漏雨,2022年10月25日", "gb18030")
    done = run("import-problems", str(ledger))
    assert done.exit_code == 0, done.output
    assert "已导入 1 条" in done.output
    assert (data_folder.parent / "台账-导入结果.xlsx").read_bytes().startswith(b"PK")
    file.write_bytes(b"no spreadsheet")
    assert run("import-problems", str(file)).exit_code == 1


def test_backup_and_restore_by_command(staffed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    to = staffed.parent / "all.tar"
    assert "密钥不在备份里" in run("backup", "--to", str(to)).output
    assert run("backup", "--to", str(to), "--with-key").exit_code == 0
    assert "--force" in run("restore", str(to)).stderr
    monkeypatch.setenv("CUNBAO_DATA_DIR", str(staffed.parent / "other"))
    restored = run("restore", str(to))
    assert restored.exit_code == 0, restored.output
    assert "✓ 审计链完整" in restored.output

    async def look(installation: Installation) -> None:
        async with transaction(installation.database, START) as tx, tx.session() as session:
            assert len(await Store(session).people.named("李村")) == 1

    inside(staffed.parent / "other", look)


def test_an_invented_town_to_try_things_in(data_folder: Path) -> None:
    made = run("demo-data", "--seed", "7")
    assert made.exit_code == 0, made.output
    assert "17 个村" in made.output
    home = data_folder / "demo"
    plan = load_plan(home / "plan")
    assert plan.phase("rectify") in plan.phases_on(system_clock().date())
    assert run("demo-data").exit_code == 3
    assert load_settings(data_dir=home).plan == str(home / "plan"), "other commands in this folder use the moved plan"
    assert cunbao(home, "check").returncode == 0
    assert "件要办" in cunbao(home, "chat", "--as", "李文海", says="/todo\n").stdout
