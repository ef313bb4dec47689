"""The errors a person can cause or meet; each kind owns its exit code. Everything else is a bug."""

from __future__ import annotations

from typing import ClassVar


class LeadtriageError(Exception):
    """Something could not be done.

    Args:
        message: what is wrong, in one sentence without a full stop.
        place: where: a file with its line, a command's option, a database.
        hint: what the person can do about it.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, place: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.place}: {self.message}" if self.place else self.message
        return f"{text} ({self.hint})" if self.hint else text


class UsageError(LeadtriageError):
    """The command was called in a way that cannot mean anything."""

    exit_code = 2


class FileError(LeadtriageError):
    """A file of the user's cannot be read, understood or written."""


class MistakesInFile(FileError):
    """A file of what people decided has mistakes; `mistakes` holds all of them, one line each, with their lines."""

    def __init__(
        self, message: str, *, mistakes: tuple[str, ...], place: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, place=place, hint=hint)
        self.mistakes = mistakes

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *self.mistakes])


class DatabaseError(LeadtriageError):
    """The database cannot be opened, read or written, or is not ours."""


class LeadNotFound(LeadtriageError):
    """No lead answers to the name that was given."""


class AmbiguousLead(LeadtriageError):
    """Several leads answer to the name that was given; the message lists them."""


class NotACandidate(LeadtriageError):
    """A verdict on a lead that waits for none any more; the message says who decided what, and when."""


class CriteriaError(LeadtriageError):
    """The criteria file has mistakes; `mistakes` holds all of them, one line each, with their places."""

    def __init__(
        self, message: str, *, mistakes: tuple[str, ...], place: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, place=place, hint=hint)
        self.mistakes = mistakes

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *self.mistakes])
