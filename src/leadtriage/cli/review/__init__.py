"""Review sessions at the keyboard."""
