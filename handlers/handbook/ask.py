"""The handbook 手册: a question in plain words, and the clause that answers it."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Text
from handlers.handbook.built_in import Passage, passages_at, passages_of
from handlers.handbook.documents import regions_of
from handlers.handbook.passages import sentences
from handlers.handbook.search import LONGEST, NEARLY, SearchHit, best_hits, nearest, parse_question, shorten
from handlers.reading import shortened
from handlers.wording.paging import page_named, page_of
from storage.database.base import from_base36, to_base36
from storage.handbook.policies import PolicyPassage
from storage.mail.messages import Button
from storage.people.persons import Role

_OPEN, _FILE = "#", "!"
"""In front of what is behind the command: a place in the handbook to open, a policy whose file is wanted."""
_OF_A_POLICY = "p:"

_CANDIDATES = 300
"""Passages taken from the index; ranking them all takes some milliseconds."""
_MORE = 3
_LINE, _LABEL, _SOURCE = 90, 24, 40
_TO_TRY = ("公示几天", "房子漏雨怎么办", "入户核查几天内办完", "怎么申报", "整户没有劳动能力怎么办")


@conversation("policy", "查政策", words=("政策", "手册", "查手册"), menu=7, intent="policy")
async def policy(chat: Chat) -> None:
    if chat.args.startswith(_OPEN):
        await _open(chat, *chat.args.removeprefix(_OPEN).rpartition(" ")[::2])
    elif chat.args.startswith(_FILE):
        await _send_file(chat, chat.args.removeprefix(_FILE))
    else:
        question = chat.args or await chat.ask("question", Text("想查什么？", LONGEST, example="公示要几天"))
        await _answer(chat, question)


async def _answer(chat: Chat, question: str) -> None:
    plan, asked, for_all = chat.world.plan, parse_question(question), _is_household(chat)
    known = [passage for passage in passages_of(plan) if passage.for_all or not for_all]
    found = await chat.store.policies.find(asked.phrases, regions_of(chat), for_all=for_all, most=_CANDIDATES)
    hits = best_hits(asked, [*known, *map(_passage, found)], 1 + _MORE)
    if not hits:
        titles = [*_TO_TRY, *(passage.text.split("\n")[0] for passage in known if passage.short)]
        short = [title for title in titles if len(title) <= 15]
        buttons = [[Button(label=title, says=f"/policy {title}")] for title in nearest(question, short, 2)]
        await chat.say("手册里没有找到。换个说法再问，或者试试这样问：", buttons)
        return
    first, *more = hits
    lead = [] if first.covered >= NEARLY else ["没有正好说这件事的，最接近的是："]
    line = shorten(first.line, asked, _LINE)
    said = [] if first.passage.label.endswith(line.rstrip("。")) else [line]
    lines = [*lead, first.passage.label, *said, f"出处：{shortened(first.passage.source, _SOURCE)}"]
    await chat.say("\n".join(lines), _buttons(first, more))


def _buttons(first: SearchHit, more: Sequence[SearchHit]) -> list[list[Button]]:
    rows = [[Button(label="看原文", says=_to_open(first.passage.key))]]
    return rows + [[Button(label=shortened(_name(hit), _LABEL), says=_to_open(hit.passage.key))] for hit in more]


def _name(hit: SearchHit) -> str:
    """The label of a passage's button: its clause, and for a policy its title."""
    passage = hit.passage
    named = passage.key.startswith(_OF_A_POLICY) and not passage.label.startswith("《")
    return f"{passage.label} {passage.source}" if named else passage.label


async def _open(chat: Chat, key: str, page: str) -> None:
    """The words themselves; `key` is empty where no page is named."""
    key, page = (key, page) if key else (page, "")
    shown = await _at(chat, key)
    if not shown:
        chat.refuse()
    text = [line for passage in shown for line in _lines(passage)]
    lines, turn = page_of(list(dict.fromkeys(text)), page_named(page), command=_to_open(key))
    head = f"{shown[0].label}\n出处：{shortened(shown[0].source, _SOURCE)}"
    await chat.say("\n".join([head, *lines]), [*turn, *await _whole(chat, key)])


def _lines(passage: Passage) -> list[str]:
    if passage.short:
        return [passage.text.replace("？\n", "？")]
    return [sentence for line in passage.text.split("\n") for sentence in sentences(line)]


async def _at(chat: Chat, key: str) -> list[Passage]:
    """The passages at a place of the handbook that this person may read."""
    for_all = _is_household(chat)
    found = await _policy_passage(chat, key)
    shown = [_passage(found)] if found else passages_at(chat.world.plan, key)
    return [passage for passage in shown if passage.for_all or not for_all]


async def _policy_passage(chat: Chat, key: str) -> PolicyPassage | None:
    if not key.startswith(_OF_A_POLICY):
        return None
    try:
        found = await chat.store.policies.passage(from_base36(key.removeprefix(_OF_A_POLICY)))
    except ValueError:
        return None
    return found if found and found.region in regions_of(chat) else None


async def _whole(chat: Chat, key: str) -> list[list[Button]]:
    found = await _policy_passage(chat, key)
    return [[Button(label="整份文件", says=f"/policy {_FILE}{to_base36(found.policy_id)}")]] if found else []


async def _send_file(chat: Chat, named: str) -> None:
    policy = await chat.store.policies.get(chat.row_id(named))
    if policy is None or policy.region not in regions_of(chat) or (_is_household(chat) and not policy.for_all):
        chat.refuse()
    await chat.say(f"《{policy.title}》", file=policy.sha256, file_name=policy.file_name or f"{policy.title}.txt")


def _passage(found: PolicyPassage) -> Passage:
    label = found.clause or found.heading.rpartition(" › ")[2] or f"《{shortened(found.title, _LABEL)}》"
    name = found.heading.rpartition(" › ")[2]
    return Passage(
        key=f"{_OF_A_POLICY}{to_base36(found.id)}",
        label=f"{label} {name}" if found.clause and name else label,
        title=f"{found.clause} {name}",
        source=f"《{found.title}》{found.number}",
        text=found.text,
        under=f"{found.title} {found.heading.removesuffix(name)}",
        for_all=found.for_all,
    )


def _is_household(chat: Chat) -> bool:
    return not chat.person.has(*set(Role) - {Role.HOUSEHOLD})


def _to_open(key: str) -> str:
    return f"/policy {_OPEN}{key}"
