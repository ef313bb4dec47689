"""Writes a digest as the body of a mail: Markdown, or HTML that loads nothing. Nothing of a lead is taken as markup."""

from __future__ import annotations

from collections.abc import Sequence

from leadtriage.output.cells import write_shown
from leadtriage.output.documents import escape_markdown, write_markdown
from leadtriage.tabular import Table

_TEMPLATE = "digest.html.j2"


def write_digest_markdown(title: str, remarks: Sequence[str], tables: Sequence[Table]) -> str:
    """A heading, the remarks, and each table with its notes beneath."""
    parts = [f"# {escape_markdown(title)}\n", *(f"{escape_markdown(remark)}\n" for remark in remarks)]
    for table in tables:
        parts.append(write_markdown(table))
        parts += [f"{escape_markdown(note)}\n" for note in table.notes]
    return "\n".join(parts)


def write_digest_html(title: str, remarks: Sequence[str], tables: Sequence[Table]) -> str:
    """The same as one HTML document, every style on its element, as mail programs want it."""
    from leadtriage.output.templating import make_environment

    environment = make_environment("leadtriage.output")
    environment.globals["write_shown"] = write_shown
    return environment.get_template(_TEMPLATE).render(title=title, remarks=remarks, tables=tables)
