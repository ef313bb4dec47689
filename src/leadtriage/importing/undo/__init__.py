"""An import taken back."""
