"""An invented town for trying the bot out: names, families, stories, and six weeks of work."""
