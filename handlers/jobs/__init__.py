"""What happens by the clock: reminders, digests and expiry."""
