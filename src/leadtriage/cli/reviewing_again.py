"""Goes through a sample of confirmed junk one by one, blind: nothing that was said before is shown.

What is said is stored and changes no lead. The sample is `triage.auditing`'s to draw.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Engine

from leadtriage.act import Act
from leadtriage.cli.dialogue import require_terminal
from leadtriage.cli.invocation import Invocation
from leadtriage.cli.review_keys import AUDIT_HELP, AUDIT_QUESTION, VERDICT_KEYS, ask_reasoned
from leadtriage.cli.review_session import Session, TerminalSession
from leadtriage.cli.review_steps import Step, Walk, end_review, hold, read_reasons
from leadtriage.criteria.model import Criteria
from leadtriage.db.engine import reading
from leadtriage.errors import LeadtriageError, NotACandidate
from leadtriage.reports.review import ReviewedLead, read_audited
from leadtriage.triage.auditing import audit

BY_FILE = "fill in a list: leadtriage junk --audit N --format csv, then leadtriage junk --audit N --verdicts FILE"


class SecondLook(Walk[Step]):
    """One person's way through a sample."""

    def __init__(
        self,
        session: Session,
        engine: Engine,
        criteria: Criteria,
        make_act: Callable[[], Act],
        lead_ids: Sequence[int],
    ) -> None:
        super().__init__(session, engine, criteria, make_act)
        self._lead_ids = tuple(lead_ids)
        self._reasons = read_reasons(engine, criteria)

    @property
    def left(self) -> int:
        """How many leads nobody came to."""
        return len(self._lead_ids) - self._place

    def run(self) -> None:
        """Go on until the last lead is done or the person quits.

        Raises:
            EndOfInput, KeyboardInterrupt: the person left; what was stored stays so.
        """
        while self._place < len(self._lead_ids):
            with reading(self._engine) as connection:
                lead = read_audited(connection, self._criteria, self._lead_ids[self._place], self._make_act().as_of)
            if lead is None:
                self._session.tell(f"lead {self._lead_ids[self._place]} is no junk any more")
                self._place += 1
            elif not self._look_at(lead):
                return

    def _look_at(self, lead: ReviewedLead) -> bool:
        """Show a lead and store what is said; whether to go on."""
        self._session.show(lead.card, f"{self._place + 1} of {len(self._lead_ids)}, a second look")
        keys = (*VERDICT_KEYS, "s", "q", "?")
        key = self._session.ask_key(AUDIT_QUESTION, keys)
        while key == "?":
            key = self._session.ask_key(AUDIT_QUESTION, keys, AUDIT_HELP)
        if key == "s":
            self.steps.append(Step(self._place))
            self._place += 1
        elif key != "q":
            self._judge(lead, key)
        return key != "q"

    def _judge(self, lead: ReviewedLead, key: str) -> None:
        judgement = ask_reasoned(self._session, self._reasons, VERDICT_KEYS[key])
        if judgement is None:
            return
        try:
            audit(self._engine, self._criteria, self._make_act(), lead.lead_id, judgement)
        except NotACandidate as error:
            self._session.tell(f"lead {lead.lead_id}: {error.message}; nothing was stored")
        except LeadtriageError as error:
            self._session.tell(f"not stored: {error}")
            return
        else:
            self.steps.append(Step(self._place, judgement, decided=(lead.lead_id,)))
        self._place += 1


def review_again(invocation: Invocation, lead_ids: Sequence[int]) -> None:
    """Go through a sample at the terminal and show what it came to.

    Raises:
        UsageError: there is no terminal.
    """
    require_terminal(BY_FILE)
    criteria = invocation.criteria()
    with invocation.database() as engine:
        with TerminalSession() as session:
            held = SecondLook(session, engine, criteria, lambda: invocation.act(criteria.timezone), lead_ids)
            code = hold(held.run)
        end_review(invocation, engine, criteria, held, code)
