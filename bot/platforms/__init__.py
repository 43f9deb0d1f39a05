"""The ways in and out, one file each: Telegram, the web page and the terminal."""
