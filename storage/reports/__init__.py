"""What the monthly summary counts, and totals made anew."""
