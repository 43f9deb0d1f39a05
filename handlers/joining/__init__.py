"""Joining: binding a phone to a person."""

CONVERSATIONS = ("decide", "deny", "door", "invitations", "invite", "join", "knocks", "phones")
JOBS = ("expiry_job", "silence_job")
