"""The database: its tables, how it is opened, what differs between engines, and its migrations."""
