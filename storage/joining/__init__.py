"""Invitations, admissions, arrivals, newcomers of households, and consents."""

TABLES = ("admissions", "arrivals", "consents", "door_codes", "invites")
