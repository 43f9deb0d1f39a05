"""Tables that offices take home."""

CONVERSATIONS = ("export",)
