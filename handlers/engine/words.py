"""Sentences of the engine that conversations say too."""

from __future__ import annotations

GROUP = "我只在一对一的聊天里办事，以免泄露农户信息。请点我的头像私聊。"


JOIN = "还不认识您。\n村干部、站所：请打开镇里发的邀请链接。\n农户：请扫村里张贴的二维码。"


STOPPED = "这部手机先停用了，等镇里核实。着急请直接找镇里。"


NOT_YOURS = "没有这一项，或者不由您办理。发「菜单」看能办什么。"


ANSWERED = "这个按钮对应的问题已经答过了。"


GONE = "这个按钮已经失效。发「菜单」看能办什么。"
