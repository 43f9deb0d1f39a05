"""Figures that must not fall below last year's."""

CONVERSATIONS = ("enter", "importing", "view")
