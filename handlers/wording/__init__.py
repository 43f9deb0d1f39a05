"""Puts people, households, kinds of risk, days, delays and measures in words, and pages long lists.

It knows the plan and what is kept, and no talk, so that the engine's own questions say things the same way.
"""
