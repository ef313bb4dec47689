"""Runs the program as `python -m leadtriage`, for where its command is not on the path."""

from leadtriage.cli.app import run

run()
