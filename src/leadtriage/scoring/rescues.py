"""What reviewers said of leads that they did not call junk: such a lead is no candidate again by the same evidence.

What the evidence of a line is, is `scoring.evidence`'s; which lines there are, `scoring.nominating`'s.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, select

from leadtriage.db.dialect import batches
from leadtriage.db.schema import Lead, Verdict, VerdictLine, table
from leadtriage.scoring.evidence import saw_the_same
from leadtriage.vocabulary import ScoreCause, VerdictKind, VerdictWord
from leadtriage.words import say_day

_verdict, _line = table(Verdict), table(VerdictLine)

_SAID: Mapping[str, str] = {
    VerdictWord.RESCUE: "rescued",
    VerdictWord.NURTURE: "parked",
    VerdictWord.ASK: "sent back with a question",
}
_BECAUSE: Mapping[ScoreCause, str] = {
    ScoreCause.DATA: "by new data",
    ScoreCause.CRITERIA: "by changed criteria",
    ScoreCause.TIME: "as time passed",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """What reviewers said of a lead since it was last called junk, if ever: that it is none.

    Attributes:
        verdict, by, at, recorded_at, criteria_digest: of the last of these verdicts.
        judged: the evidence that was before them, with its rule.
        lead_changed_at: when a value of the lead last changed, in UTC.
    """

    verdict: str
    by: str
    at: datetime
    recorded_at: datetime
    criteria_digest: str
    judged: frozenset[tuple[str | None, str]]
    lead_changed_at: datetime

    def covers(self, evidence: Collection[str | None]) -> bool:
        """Whether all of it was judged."""
        return {*evidence} <= {known for _, known in self.judged}

    def say_again(self, lines: Sequence[tuple[str | None, str]], criteria_digest: str, as_of: date) -> str:
        """Return "rescued by Maria on 3 Nov; nominated again by new data".

        Args:
            lines: the rules and evidence of the criteria's lines; with none, it was nominated by somebody.
            criteria_digest: of the criteria that nominate it now.
        """
        day = say_day(self.at.date(), as_of)
        said = f"{_SAID.get(self.verdict, self.verdict)} by {self.by} on {day}; nominated again"
        causes = {
            self._find_cause(rule, evidence, criteria_digest)
            for rule, evidence in lines
            if (rule, evidence) not in self.judged
        }
        first = next((cause for cause in ScoreCause if cause in causes), None)
        return f"{said} {_BECAUSE[first]}" if first else said

    def _find_cause(self, rule: str | None, evidence: str, criteria_digest: str) -> ScoreCause:
        other_criteria = criteria_digest != self.criteria_digest
        if other_criteria and any(name == rule and saw_the_same(known, evidence) for name, known in self.judged):
            return ScoreCause.CRITERIA
        if self.lead_changed_at > self.recorded_at:
            return ScoreCause.DATA
        return ScoreCause.CRITERIA if other_criteria else ScoreCause.TIME


def is_standing_review() -> ColumnElement[bool]:
    """Which verdicts count: a reviewer's of a candidate, not taken back."""
    return (_verdict.c.kind == VerdictKind.REVIEW) & _verdict.c.withdrawn_at.is_(None)


def read_standing(connection: Connection, lead_ids: Collection[int]) -> dict[int, Standing]:
    """Read what stands of these leads; those without any verdict or last called junk are left out."""
    lead = table(Lead)
    found: dict[int, Standing] = {}
    for chosen in batches(sorted(lead_ids)):
        rows = connection.execute(
            select(
                *(_verdict.c[name] for name in ("lead_id", "verdict", "by", "at", "recorded_at", "criteria_digest")),
                _line.c.rule,
                _line.c.evidence,
                lead.c.changed_at,
            )
            .join_from(_verdict, lead, lead.c.id == _verdict.c.lead_id)
            .outerjoin(
                _line,
                (_line.c.lead_id == _verdict.c.lead_id)
                & (_line.c.verdict_id == _verdict.c.id)
                & _line.c.evidence.is_not(None),
            )
            .where(_verdict.c.lead_id.in_(chosen), is_standing_review())
            .order_by(_verdict.c.lead_id, _verdict.c.id)
        )
        for row in rows:
            if row.verdict == VerdictWord.JUNK:
                found.pop(row.lead_id, None)
                continue
            before = found[row.lead_id].judged if row.lead_id in found else frozenset[tuple[str | None, str]]()
            found[row.lead_id] = Standing(
                verdict=row.verdict,
                by=row.by,
                at=row.at,
                recorded_at=row.recorded_at,
                criteria_digest=row.criteria_digest,
                judged=before if row.evidence is None else before | {(row.rule, row.evidence)},
                lead_changed_at=row.changed_at,
            )
    return found


def find_spared(connection: Connection, where: ColumnElement[bool]) -> list[int]:
    """Return the leads that reviewers last said to be no junk.

    Args:
        where: which leads, as a condition on `lead`.
    """
    lead, later = table(Lead), _verdict.alias("later")
    overruled = (
        select(later.c.id)
        .where(
            later.c.lead_id == _verdict.c.lead_id,
            later.c.id > _verdict.c.id,
            later.c.kind == VerdictKind.REVIEW,
            later.c.withdrawn_at.is_(None),
        )
        .exists()
    )
    spared = (
        select(_verdict.c.lead_id)
        .join_from(_verdict, lead, lead.c.id == _verdict.c.lead_id)
        .where(is_standing_review(), _verdict.c.verdict != VerdictWord.JUNK, ~overruled, where)
        .order_by(_verdict.c.lead_id)
    )
    return list(connection.execute(spared).scalars())
