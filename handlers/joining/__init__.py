"""How a phone comes to belong to a person."""

CONVERSATIONS = (
    "decide",
    "join",
)
