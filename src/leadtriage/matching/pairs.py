"""The likely duplicates: pairs of leads that no exact key joined and that are probably one, which a person decides."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from leadtriage.db.schema import LikelyDuplicate, table
from leadtriage.matching.apart import read_kept_apart
from leadtriage.matching.blocking import find_candidates
from leadtriage.matching.profiles import read_profiles
from leadtriage.matching.weighing import Scales

LIKELY = 0.8
"""The confidence from which on a pair is worth a person's time."""


@dataclass(frozen=True, slots=True)
class LikelyPair:
    """Two leads that may be one.

    Attributes:
        lead_id, other_lead_id: the smaller id first.
        evidence: what agrees, in words.
        confidence: the probability that they are one, from 0 to 1.
    """

    lead_id: int
    other_lead_id: int
    evidence: tuple[str, ...]
    confidence: float


def find_pairs(connection: Connection, least: float = LIKELY) -> list[LikelyPair]:
    """Return the pairs that are at least so likely, the likeliest first, without those that are kept apart.

    Among them are the pairs that an import noted, since they share what identifies leads; these are never less
    likely than `LIKELY`.

    Args:
        least: the confidence from which on pairs are returned.
    """
    profiles = read_profiles(connection)
    scales = Scales(profiles)
    apart = read_kept_apart(connection)
    noted = _read_noted(connection)
    found: list[LikelyPair] = []
    places = {profile.lead_id: place for place, profile in enumerate(profiles)}
    for one, other in find_candidates(profiles):
        ids = (profiles[one].lead_id, profiles[other].lead_id)
        if ids in noted or ids in apart:
            continue
        weighed = scales.weigh(profiles[one], profiles[other])
        if weighed.confidence >= least:
            found.append(LikelyPair(*ids, weighed.evidence, round(weighed.confidence, 3)))
    for ids, said in noted.items():
        if ids in apart or not all(lead_id in places for lead_id in ids):
            continue
        weighed = scales.weigh(*(profiles[places[lead_id]] for lead_id in ids))
        confidence = max(LIKELY, weighed.confidence)
        if confidence >= least:
            evidence = tuple(dict.fromkeys((*said.split("; "), *weighed.evidence)))
            found.append(LikelyPair(*ids, evidence, round(confidence, 3)))
    return sorted(found, key=lambda pair: (-pair.confidence, pair.lead_id, pair.other_lead_id))


def _read_noted(connection: Connection) -> dict[tuple[int, int], str]:
    pair = table(LikelyDuplicate)
    return {(row.lead_id, row.other_lead_id): row.evidence for row in connection.execute(select(pair))}
