"""What everything stands on: errors, words, days, money and the shape of tables."""
