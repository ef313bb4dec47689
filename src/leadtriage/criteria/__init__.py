"""The written definition of a good lead: read, checked, described. Knows no SQL and no database."""
