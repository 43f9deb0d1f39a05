"""The soak: a bot that is killed again and again under load and faults, and what must be true afterwards."""
