"""The criteria made ready to be compiled for one database and day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from math import ceil

from sqlalchemy import Connection

from leadtriage.criteria import Criteria
from leadtriage.scoring.compile.inputs import Scales, read_extra_columns


@dataclass(frozen=True, slots=True)
class Rules:
    """The criteria made ready for one database and day: equal ones are compiled to equal statements.

    Attributes:
        extra_columns: the numbers of the extra columns, by their header in comparable form.
        shared_texts: the inputs that `scoring.shared_texts` looks up once for each text.
    """

    criteria: Criteria
    scales: Scales
    extra_columns: Mapping[str, tuple[int, ...]]
    shared_texts: frozenset[str] = frozenset()

    def __hash__(self) -> int:
        return hash((self.criteria.digest, self.scales.as_of, self.shared_texts))

    @property
    def most_known(self) -> int:
        """The best points of all criteria together: what `known` is a share of."""
        return sum(criterion.best for criterion in self.criteria.criteria)

    @property
    def known_enough(self) -> int:
        """From so many known points on a low score counts."""
        return ceil(self.criteria.junk.known * self.most_known)


def prepare_rules(connection: Connection, criteria: Criteria, as_of: date) -> Rules:
    """Look up what compiling the criteria takes: the extra columns of the database."""
    return Rules(criteria, Scales.of(criteria, as_of), read_extra_columns(connection))
