"""What happens: the conversation engine, the conversations, the rules and the timed jobs."""
