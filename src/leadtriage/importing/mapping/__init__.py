"""Headers to fields."""
