"""The one place where the clock is read."""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo

from leadtriage.act import Act


def make_act(by: str, as_of: date | None, timezone: str | None) -> Act:
    """Say who acts and when.

    Args:
        as_of: the day that counts as today, or None for the real one.
        timezone: an IANA name, or None for the machine's own.
    """
    now = datetime.now(UTC)
    local = now.astimezone(_zone(timezone))
    day = as_of or local.date()
    at = datetime.combine(day, local.time().replace(microsecond=0))
    return Act(by=by, as_of=day, at=at, recorded_at=now.replace(tzinfo=None))


def _zone(name: str | None) -> tzinfo | None:
    if name is None:
        return None
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        # The criteria were checked where they were scored; here a machine without that zone still gets its lists.
        return None
