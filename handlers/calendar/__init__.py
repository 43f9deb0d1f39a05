"""Working days, deadlines, and the reminders a deadline makes."""
