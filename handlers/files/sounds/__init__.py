"""Sound files, by format: what is no sound is taken out of them before they are kept."""
