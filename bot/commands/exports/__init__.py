"""Tables, pictures and pages to take home."""
