"""Work lists."""
