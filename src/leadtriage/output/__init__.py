"""Tables to terminal, JSON, CSV, Markdown and spreadsheets; nothing of a lead passes unescaped."""
