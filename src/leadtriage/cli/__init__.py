"""The command line: parse, open, call one core function, render."""
