"""The life of a message: inbox, worker and outbox."""
