"""The errors that a person can cause or meet, each with its exit code. Everything else is a bug."""

from __future__ import annotations

from typing import ClassVar


class LeadtriageError(Exception):
    """Something could not be done.

    Args:
        message: what is wrong, in one sentence without a full stop.
        place: where: a file with its line, an option, a database.
        hint: what to do about it.
        mistakes: all mistakes of a file, one line each, with their places.
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self, message: str, *, place: str | None = None, hint: str | None = None, mistakes: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.hint = hint
        self.mistakes = mistakes

    def __str__(self) -> str:
        text = f"{self.place}: {self.message}" if self.place else self.message
        return "\n".join([f"{text} ({self.hint})" if self.hint else text, *self.mistakes])


class UsageError(LeadtriageError):
    """The command line is invalid."""

    exit_code = 2


class FileError(LeadtriageError):
    """A user's file cannot be read, parsed or written."""


class MistakesInFile(FileError):
    """A file of people's decisions has `mistakes`."""


class DatabaseError(LeadtriageError):
    """The database cannot be opened, read or written, or is not ours."""


class LeadNotFound(LeadtriageError):
    """No lead has the given name."""


class AmbiguousLead(LeadtriageError):
    """Several leads have the given name; the message lists them."""


class NotACandidate(LeadtriageError):
    """The lead of a verdict waits for none; the message tells who decided what, and when."""


class CriteriaError(LeadtriageError):
    """The criteria file has `mistakes`."""
