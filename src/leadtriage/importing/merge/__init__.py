"""What an import changes, with its history."""
