"""The phone page's HTTP side."""
