"""Transfers a post: ends it, begins it for the successor, and moves its open work, in one transaction."""

from __future__ import annotations

from collections import defaultdict

from handlers.engine.chat import Chat
from handlers.engine.conversation import EVERYBODY, conversation_named
from handlers.engine.menu import menu_buttons
from handlers.reminders.finders import FINDERS
from handlers.wording.people import post_in_words
from storage.joining.invites import Invite
from storage.mail.intents import Cause, Intent
from storage.people.persons import Person, Post, Role
from storage.posts import Handover


async def hand_over(chat: Chat, handover: Handover, leaver: Person, post: Post, successor: Person, address: str) -> str:
    """Transfer the post in the transaction of this step. Returns what was moved, in words. `address`: the successor's chat.

    Raises Conflict when the post or the handover was changed meanwhile.
    """
    store = chat.store
    await store.handovers.finish(handover, successor.id)
    await store.handovers.withdraw_others(handover)
    await store.people.end_post(post.id)
    if not successor.holds(post.role, post.region, post.unit):
        store.people.appoint(successor.id, post.role, region=post.region, unit=post.unit)
    left = [one for one in leaver.posts if one.id != post.id and one.role is not Role.HOUSEHOLD]
    begun = [key for key, name in await store.handovers.open_talks(leaver.id) if _belongs_to_post(name, post, leaver)]
    await store.handovers.move_talks(begun, successor.id, address=address, whose=leaver.name)
    kept = any(one.covers(post.region) and one.role is post.role for one in left)
    by = handover.decided_by or handover.asked_by
    assigned = cared_for = 0
    if post.role is Role.VILLAGE and not kept:
        assigned = await store.assignments.move(leaver.id, post.region, to=successor.id, by=by)
        cared_for = await store.handovers.move_households(leaver.id, post.region, to=successor.id)
    await store.handovers.move_snoozed(await _snoozed(chat, leaver, post, left), successor.id)
    title = post_in_words(chat.world.plan, post)
    along = _moved_in_words(assigned, cared_for, len(begun))
    await chat.push(
        [leaver.id],
        f"【交接】「{title}」已交给{successor.name}，您不再办这个岗位的事。\n{along}辛苦了。",
        intent=Intent(Cause.HANDED_OVER, f"{handover.id}"),
        personal=True,
    )
    return along


async def expect_successor(chat: Chat, invite: Invite, *, person_id: int) -> None:
    """Note who opened an invitation that a handover waits for."""
    waiting = await chat.store.handovers.by_invite(invite.id)
    if waiting is not None:
        await chat.store.handovers.expect(waiting, person_id)


async def take_over(chat: Chat, person_id: int, *, address: str) -> None:
    """Finish the handovers that waited for this person to join; called in the step that admits them."""
    store = chat.store
    for waiting in await store.handovers.expected(person_id):
        leaver, successor = await store.people.get(waiting.leaver_id), await store.people.get(person_id)
        post, held = await store.handovers.post(waiting.post_id)
        if leaver is None or successor is None or not held:
            await store.handovers.finish(waiting, person_id)
            continue
        along = await hand_over(chat, waiting, leaver, post, successor, address)
        await tell_successor(chat, waiting, leaver, post, successor, along, address)
        title = post_in_words(chat.world.plan, post)
        news = f"【交接】{successor.name}已加入，「{title}」已由{leaver.name}交接完。{along}"
        if not chat.stranger and chat.person.id == waiting.asked_by:
            await chat.say(news)
        else:
            await chat.push([waiting.asked_by], news, Intent(Cause.HANDOVER_DONE, f"{waiting.id}"), personal=True)


async def tell_successor(
    chat: Chat, handover: Handover, leaver: Person, post: Post, successor: Person, along: str, address: str
) -> None:
    title = post_in_words(chat.world.plan, post)
    text = f"【交接】{leaver.name}的「{title}」交给您了。\n{along}没办完的发 /resume 接着办，要办的看 /todo"
    if address == chat.address:
        await chat.say(text)
        return
    person = await chat.store.people.get(successor.id)
    buttons = menu_buttons(person) if person else ()
    intent = Intent(Cause.TAKEN_OVER, f"{handover.id}")
    await chat.push([successor.id], text, intent, buttons=buttons, personal=True)


def _moved_in_words(assigned: int, cared_for: int, begun: int) -> str:
    parts = [f"指派的 {assigned} 件事"] if assigned else []
    parts += [f"联系的 {cared_for} 户"] if cared_for else []
    parts += [f"没填完的 {begun} 份"] if begun else []
    return f"{'、'.join(parts)}一起交接。" if parts else ""


def _belongs_to_post(name: str, post: Post, leaver: Person) -> bool:
    """Whether a talk belongs to the post: the post gives access to it, and no post that the leaver keeps does."""
    talk = conversation_named(name)
    if talk is None or talk.personal or talk.roles >= EVERYBODY or post.role not in talk.roles:
        return False
    return not any(one.role in talk.roles for one in leaver.posts if one.id != post.id)


async def _snoozed(chat: Chat, leaver: Person, post: Post, left: list[Post]) -> list[int]:
    """The reminders about this post's things that the leaver snoozed."""
    rows: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for row, subject, subject_id in await chat.store.handovers.snoozed(leaver.id):
        rows[subject][subject_id].append(row)
    moved = []
    for subject, ids in rows.items():
        for subject_id, item in (await FINDERS[subject](chat.store, chat.world, list(ids))).items():
            kept = any(one.covers(item.region) for one in left)
            if (post.covers(item.region) or item.region.startswith(post.region)) and not kept:
                moved += ids[subject_id]
    return moved
