"""How cunbao reaches people: platforms, delivery, clock, office pages, command line and settings."""
