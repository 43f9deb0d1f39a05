"""不是他: whoever was told that somebody came in can stop them with one tap; the office gives all back, or ends it."""

from __future__ import annotations

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.menu import menu_buttons
from handlers.engine.notify import tell_chat
from handlers.engine.questions import Choice
from handlers.engine.words import STOPPED
from handlers.joining.closed import end_waiting
from handlers.rights.sight import may_deny, may_invite
from handlers.wording.people import post_in_words
from storage.database.base import to_base36
from storage.joining.arrivals import Arrival
from storage.mail import outbox
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Button
from storage.people.persons import Person, Role

_BACK, _END = "back", "end"


@conversation("deny", "不是本人")
async def deny(chat: Chat) -> None:
    """Args: the arrival's id. It acts at once: the office can undo it, a stranger's look into the village nobody can."""
    arrival = await chat.store.arrivals.get(chat.row_id(chat.args))
    person = await chat.store.people.get(arrival.person_id) if arrival else None
    if arrival is None or person is None or not may_deny(chat.person, arrival) or chat.address == arrival.address:
        chat.refuse()
    if arrival.settled_by is not None:
        await chat.say(f"镇里看过了：{'是本人，已恢复' if arrival.restored else '不是本人，已结束'}。有疑问请找镇里。")
    elif arrival.stopped_at is not None:
        await chat.say("已经停用了，等镇里核实。")
    else:
        await _stop(chat, arrival, person)


async def _stop(chat: Chat, arrival: Arrival, person: Person) -> None:
    """Of a newcomer everything is stopped, of somebody known before the post and the phone of this arrival alone."""
    store = chat.store
    held = [post.id for post in person.posts if post.role is not Role.HOUSEHOLD]
    given = held if arrival.newcomer else [one for one in held if one == arrival.post_id]
    phones = [phone.address for phone in await store.chats.phones(person.id)]
    if not arrival.newcomer:
        phones = [arrival.address] if arrival.bound and arrival.address in phones else []
    await store.arrivals.stop(arrival, chat.person.id)
    await store.people.suspend(given, chat.person.id)
    for address in phones:
        await store.chats.stop(address, person.id)
        await outbox.withdraw(store.session, address)
        tell_chat(store, address, STOPPED)
    if given:
        await store.invites.revoke_of(person.id, chat.person.id)
        await end_waiting(store, await store.admissions.by_invites(made_by=person.id), by=chat.person.id)
    what = _stopped_in_words(chat, arrival, person)
    text = f"{chat.person.name}说不是本人，已先停用：{what}。\n核实以后点一个："
    key = to_base36(arrival.id)
    buttons = [[Button(label="恢复", says=f"/settle {key} back"), Button(label="结束", says=f"/settle {key} end")]]
    await chat.push(_deciders(chat, arrival), text, Intent(Cause.STOPPED, f"{arrival.id}"), buttons=buttons, personal=True)
    if _may_settle(chat.person, arrival):
        await chat.say(f"已先停用：{what}。\n核实以后点一个：", buttons)
    else:
        await chat.say(f"已先停用：{what}。\n镇里会核实，结果告诉您。")


def _deciders(chat: Chat, arrival: Arrival) -> list[int]:
    able = [one.person for one in chat.world.directory.officials if _may_settle(one.person, arrival)]
    return [one.id for one in able if one.has(Role.TOWN)] or [one.id for one in able]


def _may_settle(person: Person, arrival: Arrival) -> bool:
    return person.id != arrival.person_id and may_invite(person, arrival.region)


def _stopped_in_words(chat: Chat, arrival: Arrival, person: Person) -> str:
    """ "何苗，白塔村 村干部"; where the post was held before, the phone alone."""
    return f"{person.name}，{_post(chat, arrival)}" if arrival.post_id else f"{person.name}新加的手机"


def _post(chat: Chat, arrival: Arrival) -> str:
    return post_in_words(chat.world.plan, arrival)


@conversation("settle", "核实停用的人", for_roles={Role.TOWN, Role.COUNTY})
async def settle(chat: Chat) -> None:
    """Args: the arrival's id, and "back" or "end" where the button says it."""
    said, _, verdict = chat.args.partition(" ")
    arrival = await chat.store.arrivals.get(chat.row_id(said))
    person = await chat.store.people.get(arrival.person_id) if arrival else None
    if arrival is None or person is None or arrival.stopped_at is None or not _may_settle(chat.person, arrival):
        chat.refuse()
    what = _stopped_in_words(chat, arrival, person)
    if arrival.settled_by is not None:
        by = await chat.name_of(arrival.settled_by)
        await chat.say(f"{by}已经{'恢复' if arrival.restored else '结束'}了：{what}。")
        return
    if verdict not in (_BACK, _END):
        options = [(_BACK, "是本人，恢复"), (_END, "不是本人，结束")]
        verdict = await chat.ask("verdict", Choice(f"已先停用：{what}。核实了吗？", options))
    await chat.store.arrivals.settle(arrival, chat.person.id, restored=verdict == _BACK)
    if verdict == _BACK:
        whole = await _restore(chat, arrival, person)
        await _tell_denier(chat, arrival, f"镇里核实过，是本人，已恢复：{what}。谢谢您留意。")
        await chat.say(f"好了，已恢复：{what}。" if whole else f"记下了：{what}，是本人。他还有别的没核实完，核实完一起恢复。")
    else:
        await _end(chat, arrival, person)
        await _tell_denier(chat, arrival, f"镇里核实过，不是本人，已结束：{what}。谢谢您留意。")
        await chat.say(f"好了，已结束：{what}。要再请人，发「邀请」。")


async def _restore(chat: Chat, arrival: Arrival, person: Person) -> bool:
    """Give back what came by this arrival, and nothing that came by another that waits; returns whether that was all of it."""
    store = chat.store
    others = [one for one in await store.arrivals.denied_of(person.id) if one.id != arrival.id]
    stopped = [post.id for post in await store.people.suspended_of(person.id) if arrival.brought_post(post.id)]
    given = [post_id for post_id in stopped if not any(one.brought_post(post_id) for one in others)]
    await store.people.reinstate(given)
    again = await store.people.get(person.id)
    silent = [address for address in await store.chats.stopped_of(person.id) if arrival.brought_phone(address)]
    bound = [address for address in silent if not any(one.brought_phone(address) for one in others)]
    for address in bound:
        await store.chats.bind(address, person.id)
        tell_chat(store, address, "镇里核实好了，您接着用就行。", menu_buttons(again) if again else ())
    return (given, bound) == (stopped, silent)


async def _end(chat: Chat, arrival: Arrival, person: Person) -> None:
    """End for good what came by this arrival, and nothing else."""
    store = chat.store
    for address in await store.chats.stopped_of(person.id):
        if arrival.brought_phone(address):
            await store.chats.sign_out(address)
            tell_chat(store, address, "镇里核实过，这部手机不能再用了。有疑问请找镇里。")
    ended = [post for post in await store.people.suspended_of(person.id) if arrival.brought_post(post.id)]
    await store.people.end_suspended([post.id for post in ended])
    for post in ended:
        if post.role is Role.VILLAGE:
            await store.assignments.move(person.id, post.region, to=None, by=chat.person.id)


async def _tell_denier(chat: Chat, arrival: Arrival, text: str) -> None:
    by = [arrival.stopped_by] if arrival.stopped_by else []
    await chat.push(by, text, Intent(Cause.SETTLED, f"{arrival.id}"), personal=True)
