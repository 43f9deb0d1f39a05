"""背一条: one recital, the one just missed or any of the plan's. Only the first try of a day counts."""

from __future__ import annotations

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.quiz.grading import grade
from handlers.quiz.questions import as_question, comment, given_answer, retry_button
from handlers.quiz.repetition import area_of
from handlers.quiz.sitting import keep_answer, own_items
from handlers.rights.sight import IN_OFFICE
from handlers.wording.paging import is_page, page_named, page_of
from storage.mail.messages import Button
from storage.plan import RecitalQuestion


@conversation("recite", "背一条", for_roles=IN_OFFICE, words=("背一背", "背条款"), personal=True)
async def recite(chat: Chat) -> None:
    """Args: the id of a recital; none, or a page, for choosing one."""
    if is_page(chat.args):
        await _choose(chat)
        return
    question = next((one for one in _recitals(chat) if one.id == chat.args), None)
    if question is None:
        chat.refuse()
    answer = await chat.ask_optional("said", as_question(question, "", chat.person.name))
    verdict = grade(question, given_answer(question, answer))
    card = await chat.store.quiz.card(chat.person.id, question.id)
    if card is None or card.memory.reviewed_at.date() < chat.now.date():
        # whoever says it again on the same day only reads it off the answer just shown
        await keep_answer(chat, question, verdict)
    another = Button(label="背别的", says="/recite")
    said = comment(chat.world.plan, question, verdict, skipped=answer is None)
    await chat.say(said, [*retry_button(question, verdict), [another]])


async def _choose(chat: Chat) -> None:
    listed, turn = page_of(_recitals(chat), page_named(chat.args), command="/recite")
    buttons = [[Button(label=question.text, says=f"/recite {question.id}")] for question in listed]
    await chat.say("背哪一条？点一个，一口气说出来。", [*buttons, *turn])


def _recitals(chat: Chat) -> list[RecitalQuestion]:
    """Those of the areas in which the person answers for something come first."""
    plan = chat.world.plan
    own = {plan.area(item).code for item in own_items(plan, chat.person)}
    recitals = [question for question in plan.questions if isinstance(question, RecitalQuestion)]
    return sorted(recitals, key=lambda question: area_of(plan, question) not in own)
