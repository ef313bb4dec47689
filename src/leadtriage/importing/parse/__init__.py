"""Bytes of any shape -> rows of text: encoding, dialect, layout, damage, spreadsheets."""
