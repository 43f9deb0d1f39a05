"""Listening to a recital: which of its key points were said, whatever the words, their order and the figures' spelling."""

from handlers.quiz.recital.points import missed, says

__all__ = ["missed", "says"]
