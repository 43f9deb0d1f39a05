"""How a reader says that it did not understand. Pure."""


class Unreadable(ValueError):
    """Input that was not understood. The message is one kind Chinese sentence with an example of good input."""
