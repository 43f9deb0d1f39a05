"""How a person, a place, a day and a measure are said."""
