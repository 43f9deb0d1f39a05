"""What is erased when somebody is forgotten, what is kept, why and until when: the decisions in words. Pure."""

from __future__ import annotations

from storage.privacy.decisions import ERASED_WORDS, Basis

_FIRST, *_REST = (f"{one.words}（{one.law}，{one.until}）" for one in Basis)

GOES = f"会删：{ERASED_WORDS}；所有手机都退出。"
STAYS = f"会留：{_FIRST}；{_REST[0]}；\n{'；'.join(_REST[1:])}。"
EXPLAINED = f"您申请，镇里看过就删。\n{GOES}\n{STAYS}"
DONE = f"您的信息已按申请删除，这个聊天不再属于任何人。\n{STAYS}\n以后要用，请重新扫码。"
