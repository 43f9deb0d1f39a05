"""Questions answered from the plan, the procedure and a town's documents."""

CONVERSATIONS = ("ask", "documents")
