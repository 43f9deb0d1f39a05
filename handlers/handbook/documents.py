"""The town or county adds documents to the handbook, lists them, and removes them."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

from handlers.engine.chat import Chat
from handlers.engine.conversation import Takes, conversation
from handlers.engine.questions import Choice, Document, Text
from handlers.files.ask import ask_for_file, read_sent
from handlers.handbook.document_files import ENDINGS, read_policy
from handlers.handbook.document_heads import LONGEST_TITLE, Head, body, has_id_number, read_head
from handlers.handbook.passages import Section, TextLine, cut
from handlers.reading import Unreadable, shortened, tidy
from handlers.wording.days import day_in_words, full_day_in_words
from handlers.wording.paging import is_page, page_named, page_of
from storage.database.base import to_base36
from storage.handbook.policies import NewPolicy, Policy
from storage.mail.messages import Button, SentFile
from storage.mail.talks import Guess
from storage.people.persons import Person, Role
from storage.store import Store

_OFFICES = (Role.TOWN, Role.COUNTY)
_ALL, _CADRES = "all", "cadres"
_FOR_WHOM = ((_ALL, "农户也能查"), (_CADRES, "只给干部"))
_KEEP, _REMOVE = "keep", "remove"
_MOST_PARTS = 3_000


@conversation(
    "addpolicy", "加政策", for_roles=set(_OFFICES), words=("添加政策", "上传政策"), first_question="file1", takes=Takes()
)
async def add_policy(chat: Chat) -> None:
    prompt = "请发政策文件，Word(.docx)、PDF、.md、.txt 都行。"
    sent, seen = await ask_for_file(chat, Document(prompt, ENDINGS), preview=partial(_preview, chat))
    if not chat.guessed("title"):  # the file says it, so it can be looked over instead of typed
        chat.become("addpolicy", guesses={"file1": Guess(sent.model_dump()), "title": Guess(seen["title"])})
    title = tidy(await chat.ask("title", Text("这份政策叫什么？", LONGEST_TITLE, example="城乡居民医保报销办法"))).replace(
        "\n", " "
    )
    whom = await chat.ask("whom", Choice("谁可以查到它？", _FOR_WHOM))
    region = chat.person.posts_as(*_OFFICES)[0].region
    old = await chat.recall("old", partial(_known, chat, title, region))
    about = " ".join(filter(None, (seen["number"], seen["dated"])))
    lines = [f"《{title}》", about, f"分成 {seen['parts']} 段，{dict(_FOR_WHOM)[whom]}。", old]
    if not await chat.confirm("\n".join(filter(None, lines))):
        await chat.say("没有加进手册。")
        return
    document = await read_sent(chat, sent, read=read_document)
    policy = await add_document(
        chat.store, document, sent=sent, region=region, for_all=whom == _ALL, title=title, by=chat.person.id
    )
    buttons = [[Button(label="查政策", says="/policy"), Button(label="政策目录", says="/policies")]]
    await chat.say(f"《{policy.title}》加进手册了，现在就能查。", buttons)


async def add_document(
    store: Store, document: tuple[Head, list[Section]], *, sent: SentFile, region: str, for_all: bool, title: str = "",
    by: int | None = None,
) -> Policy:  # fmt: skip
    """Put a kept document, as `read_document` has read it, into the handbook."""
    head, parts = document
    new = NewPolicy(
        title=title or head.title, number=head.number, dated=head.dated, for_all=for_all, region=region,
        sha256=sent.sha256, file_name=sent.name[-200:], added_by=by,
    )  # fmt: skip
    return await store.policies.add(new, [(part.clause, part.heading, part.text) for part in parts])


@conversation("policies", "政策目录", for_roles=set(_OFFICES), words=("政策清单",))
async def list_policies(chat: Chat) -> None:
    if not is_page(chat.args):
        await _show_policy(chat)
        return
    listed = await chat.store.policies.in_force(regions_of(chat))
    add = Button(label="加政策", says="/addpolicy")
    if not listed:
        await chat.say("手册里还没有加过政策。点「加政策」，发文件就行。", [[add]])
        return
    shown, turn = page_of(listed, page_named(chat.args), command="/policies")
    names = [[_policy_button(chat.person, policy)] for policy in shown]
    await chat.say(f"手册里有 {len(listed)} 份政策，点一份看看，自己加的还能撤下：", [*names, *turn, [add]])


def _policy_button(person: Person, policy: Policy) -> Button:
    """The button of a policy: for those in charge it opens the removal, for others it sends the file."""
    key = to_base36(policy.id)
    says = f"/policies {key}" if _answers_for(person, policy) else f"/policy !{key}"
    return Button(label=shortened(policy.title, 24), says=says)


async def _show_policy(chat: Chat) -> None:
    policy = await _named(chat)
    if policy is None:
        chat.refuse()
    count = await chat.recall("count", partial(chat.store.policies.count_passages, policy))
    about = " ".join(filter(None, (policy.number, _day(policy.dated))))
    whom = dict(_FOR_WHOM)[_ALL if policy.for_all else _CADRES]
    lines = [f"《{policy.title}》", about, f"{count} 段，{whom}，{day_in_words(policy.added_at)}加的。"]
    options = [(_KEEP, "留着"), (_REMOVE, "撤下")]
    if await chat.ask("what", Choice("\n".join(filter(None, lines)), options)) == _REMOVE:
        await chat.store.policies.end(policy)
        await chat.say(f"《{policy.title}》已从手册撤下，原文件还存着。")
    else:
        await chat.say("好，留着。", [[Button(label="看文件", says=f"/policy !{to_base36(policy.id)}")]])


def regions_of(chat: Chat) -> list[str]:
    """The towns and counties whose policies somebody may see: one's own, those above, and those below."""
    own = {post.region[:length] for post in chat.person.posts for length in (6, 9)}
    below = (region.code for region in (chat.world.plan.county, chat.world.plan.town))
    return sorted(own | {code for code in below if chat.person.covers(code)})


async def _named(chat: Chat) -> Policy | None:
    """The policy behind the command, if the person may take it out."""
    policy = await chat.store.policies.get(chat.row_id(chat.args))
    return policy if policy and _answers_for(chat.person, policy) else None


def _answers_for(person: Person, policy: Policy) -> bool:
    return person.covers(policy.region, *_OFFICES)


async def _preview(chat: Chat, sent: SentFile) -> dict[str, Any]:
    """What is in the file, as JSON."""
    head, parts = await read_sent(chat, sent, read=read_document)
    return {"title": head.title, "number": head.number, "dated": _day(head.dated), "parts": len(parts)}


def read_document(content: bytes, file_name: str) -> tuple[Head, list[Section]]:
    """The head and the passages of a document. Blocking, for the process of `handlers.files.outside`. Raises Unreadable."""
    lines: list[TextLine] = read_policy(content)
    if has_id_number(lines):
        raise Unreadable("文件里有身份证号，不能放进手册。请删去个人信息再发。")
    head = read_head(lines, file_name)
    parts = cut(body(lines, head)) or cut(lines)
    if len(parts) > _MOST_PARTS:
        raise Unreadable(f"文件分出来超过 {_MOST_PARTS} 段，请分成几个文件发。")
    return head, parts


async def _known(chat: Chat, title: str, region: str) -> str:
    old = await chat.store.policies.titled(title, region)
    return f"会换掉 {day_in_words(old.added_at)}加的同名政策。" if old else ""


def _day(day: date | None) -> str:
    return full_day_in_words(day) if day else ""
