"""Invitations, admissions and consents."""

TABLES = ("admissions", "consents", "invites")
