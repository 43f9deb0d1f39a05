"""Joining: binding a phone to a person."""

CONVERSATIONS = ("decide", "join")
