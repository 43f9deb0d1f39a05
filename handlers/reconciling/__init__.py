"""Two lists held against each other, each difference owned until settled."""

CONVERSATIONS = ("differences", "hand_in", "two_lists")
