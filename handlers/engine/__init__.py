"""The conversation engine: coroutines replayed from a journal of answers."""
