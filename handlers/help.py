"""What can be done here, for the role that asks."""

from __future__ import annotations

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation, further_for
from handlers.naming import menu_buttons, to_start
from storage.messages import Button
from storage.people import Role

_MORE = "more"
_EXAMPLES = {
    Role.HOUSEHOLD: "有困难点「我要申报」，或发：申报",
    Role.VILLAGE: "发现困难户点「上报风险」，没做完也能接着做。",
    Role.UNIT: "点「报整改进展」更新整改，点「上报风险」报困难户。",
    Role.TOWN: "全镇的事都在下面。",
    Role.COUNTY: "全市的事都在下面。",
}


@conversation("help", "帮助", words=("菜单", "怎么用", "?"), menu=9)
async def show_help(chat: Chat) -> None:
    """Args: "more" for what the menu has no room for."""
    further = further_for(chat.person)
    if chat.args == _MORE and further:
        await chat.say("还能办这些，点一个就行，也可以直接发上面的字：", to_start(further))
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
