"""People's names: a full name to its first and last, and back."""

from __future__ import annotations

from leadtriage.importing.normalize.cells import LONGEST_TYPED_TEXT, NotRecognized, clean_text, words

_TITLES = words("names", "titles")
_DOTTED_TITLES = words("names", "dotted_titles")
_DEGREES = words("names", "degrees")
_PARTICLES = words("names", "particles")


def split_name(full: str) -> tuple[str | None, str | None]:
    """Return the first and the last name of a full one; either is None where the text does not hold it.

    The last name is the last word with its particles ("van der Berg"), or the part before a comma. Titles and degrees
    are left out. A single word is a first name, as people give it in forms; behind a title ("Mr Smith") the last name.
    """
    if len(full) > LONGEST_TYPED_TEXT:
        raise NotRecognized("too long")
    text = clean_text(full)
    if text is None:
        return None, None
    before, comma, after = text.partition(",")
    if comma:
        given, family = _without_titles(after.replace(",", " ").split()), _without_titles(before.split())
        if family and any(not _is_degree(part) for part in given):
            return " ".join(given), " ".join(family)
        text = text.replace(",", " ")
    parts = text.split()
    bare = _without_titles(parts) or parts
    if len(bare) == 1:
        return (None, bare[0]) if _is_title(parts[0]) and len(parts) > 1 else (bare[0], None)
    start = len(bare) - 1
    while start > 1 and bare[start - 1].lower() in _PARTICLES:
        start -= 1
    return " ".join(bare[:start]), " ".join(bare[start:])


def join_name(first: str | None, last: str | None) -> str | None:
    """Return the full name of a first and a last one; None where both are missing."""
    return " ".join(part for part in (first, last) if part) or None


def _without_titles(parts: list[str]) -> list[str]:
    """Return the parts of a name without the titles before and the degrees after it."""
    start, end = 0, len(parts)
    while start < end and _is_title(parts[start]):
        start += 1
    while end > start + 1 and _is_degree(parts[end - 1]):
        end -= 1
    return [part for part in parts[start:end] if any(map(str.isalnum, part))]


def _is_title(part: str) -> bool:
    bare = part.lower().rstrip(".")
    return bare in _TITLES or (part.endswith(".") and bare in _DOTTED_TITLES)


def _is_degree(part: str) -> bool:
    # Case separates the degree "MA" from the name "Ma".
    return part.lower().rstrip(".") in _DEGREES and (part[1:].isupper() or "." in part or part in {"Jr", "Sr", "PhD"})
