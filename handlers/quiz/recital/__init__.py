"""Finds the key points said in a recital, whatever the words, their order and the spelling of figures."""

from handlers.quiz.recital.points import missed, says

__all__ = ["missed", "says"]
