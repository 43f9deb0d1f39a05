"""What Telegram answers to a send, cut to what we use: that it was done."""

from __future__ import annotations

from typing import Any

from bot.platforms.telegram.request import read_answer


class ShortAnswers:
    """Mixed into an `AiohttpRequest`, makes calls that send a message return True.

    The server answers with the whole message, and python-telegram-bot builds an object of a hundred attributes from it:
    most of the time that a send takes, for something nobody looks at. `parse_json_payload` is where a request may read
    answers in its own way.
    """

    @staticmethod
    def parse_json_payload(payload: bytes) -> Any:
        """The answer as JSON. Raises TelegramError for anything else."""
        answer = read_answer(payload)
        result = answer.get("result")
        if isinstance(result, dict) and "message_id" in result:
            answer["result"] = True
        return answer
