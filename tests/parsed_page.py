"""Parses an HTML page more strictly than a browser: every element must be closed, in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "rect", "line", "circle", "polyline", "path", "br"}
"""Elements without content; those of SVG end with a slash."""


@dataclass
class Element:
    """An element with its attributes, children and texts."""

    name: str
    attributes: dict[str, str | None]
    children: list[Element] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text inside, with single spaces."""
        return " ".join(" ".join(self.all_texts()).split())

    def all_texts(self) -> list[str]:
        """Return the texts of the element and its children."""
        return [*self.texts, *(text for child in self.children for text in child.all_texts())]

    def find(self, *names: str) -> list[Element]:
        """Return all elements of these names inside, in order."""
        found = [self] if self.name in names else []
        return found + [element for child in self.children for element in child.find(*names)]

    def every(self) -> list[Element]:
        """Return the element and all elements inside."""
        return [self, *(element for child in self.children for element in child.every())]


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute of {tag} is repeated"
        element = Element(tag, dict(attrs))
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID, f"{tag} is not an empty element"
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().name == tag, f"{tag} is closed out of order"

    def handle_data(self, data: str) -> None:
        self.open[-1].texts.append(data)


def parse_page(page: str) -> Element:
    """Parse a page.

    Raises:
        AssertionError: an element is not closed, or out of order.
    """
    parser = _Parser()
    parser.feed(page)
    parser.close()
    assert parser.open == [parser.root]
    return parser.root


def read_tables(page: Element) -> dict[str, list[list[str | None]]]:
    """Return the rows of each table by its caption, without notes and headings: exact numbers, or texts."""
    return {
        table.find("caption")[0].text: [
            [_read_cell(cell) for cell in row.children]
            for row in table.find("tbody")[0].find("tr")
            if "class" not in row.attributes and "colspan" not in row.children[0].attributes
        ]
        for table in page.find("table")
    }


def _read_cell(cell: Element) -> str | None:
    exact = cell.find("data")
    return exact[0].attributes["value"] if exact else cell.text
