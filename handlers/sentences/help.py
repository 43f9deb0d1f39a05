"""The menu with examples, for the role that asks."""

from __future__ import annotations

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation, further_for
from handlers.engine.menu import buttons_to_start, menu_buttons
from storage.mail.messages import Button
from storage.people.persons import Role

_MORE = "more"
_EXAMPLES = {
    Role.HOUSEHOLD: "有难处直接说一句就行，像：房子漏雨了。发语音也行。",
    Role.VILLAGE: "直接说一句就行，像：张三家房子漏雨。没说全的会再问您。",
    Role.UNIT: "直接说一句就行，像：17号整改到八成了。想查政策就直接问。",
    Role.TOWN: "想查政策就直接问，像：小额信贷最多贷多少。",
    Role.COUNTY: "想查政策就直接问，像：小额信贷最多贷多少。",
}


@conversation("help", "帮助", words=("菜单", "怎么用", "?"), menu=9)
async def show_help(chat: Chat) -> None:
    """Args: "more" for what the menu has no room for."""
    further = further_for(chat.person)
    if chat.args == _MORE and further:
        await chat.say("还能办这些，点一个就行，也可以直接发上面的字：", buttons_to_start(further))
        return
    role = chat.person.posts[0].role
    buttons = [list(row) for row in menu_buttons(chat.person)]
    if further:
        buttons.append([Button(label="更多", says=f"/help {_MORE}")])
    lines = [f"{chat.person.name}，能办的事在下面，点一个就行。", _EXAMPLES[role]]
    lines.append("随时可回复：上一步、跳过、稍后、取消。")
    waiting = await chat.store.drafts.count(chat.address)
    if waiting:
        lines.append(f"有 {waiting} 件放着的事。")
        buttons.insert(0, [Button(label="接着做放着的事", says="/resume")])
    await chat.say("\n".join(lines), buttons)
