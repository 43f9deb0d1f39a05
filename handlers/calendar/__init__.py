"""Working days, deadlines, and the reminders of a deadline."""
