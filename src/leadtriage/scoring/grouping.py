"""Long sums and lists of alternatives as balanced trees: SQLite limits how deep an expression is to 1,000."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

_MOST_BESIDE = 50


class _Parenthesised(FunctionElement[Any]):
    """An expression in parentheses that SQLAlchemy does not merge with those around it, as it does with its own."""

    inherit_cache = True
    name = "parenthesised"

    def __init__(self, expression: ColumnElement[Any]) -> None:
        super().__init__(expression)
        self.type = expression.type


@compiles(_Parenthesised)
def _write_parenthesised(element: _Parenthesised, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(element.clauses, **options)})"


def join_balanced(
    join: Callable[[Sequence[ColumnElement[Any]]], ColumnElement[Any]], parts: Sequence[ColumnElement[Any]]
) -> ColumnElement[Any]:
    """Join any number of parts, at most fifty beside one another and groups of them in parentheses."""
    while len(parts) > _MOST_BESIDE:
        groups = [parts[start : start + _MOST_BESIDE] for start in range(0, len(parts), _MOST_BESIDE)]
        parts = [_Parenthesised(join(group)) for group in groups]
    return join(parts)
