"""`python -m bot` is `cunbao`."""

from bot.cli import main

main()
