"""Understands sentences said outside any talk, and begins the talk they mean."""

CONVERSATIONS = ("help", "tell")
