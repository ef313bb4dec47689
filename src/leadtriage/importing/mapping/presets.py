"""The exports of known systems: which one wrote a file, and what its headers mean. One data file per system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from leadtriage.importing.mapping.header_synonyms import read_words, squeeze


@dataclass(frozen=True, slots=True)
class Preset:
    """How one system names its columns; keys of the mappings are squeezed headers.

    Attributes:
        system: the word in front of its ids, as in `hubspot:101`.
        source: where its leads come from if no column says so: an ad platform's name.
        columns: squeezed header -> field and its place in the order of preference.
        other: headers that are no lead field, whatever they look like.
        weights: how much a header speaks for this system.
        exact: spellings, to the letter, that speak for it by 1.
        prefixes: beginnings, to the letter, that speak for it by 2.
        needs: the weight from which a file is this system's.
    """

    name: str
    system: str
    source: str | None
    columns: Mapping[str, tuple[str, int]]
    other: frozenset[str]
    weights: Mapping[str, int]
    exact: frozenset[str]
    prefixes: tuple[str, ...]
    needs: int

    def weigh(self, headers: Sequence[str]) -> int:
        """Return how much the headers speak for this system."""
        squeezed = {squeeze(header) for header in headers}
        begun = sum(bool(self.prefixes) and header.startswith(self.prefixes) for header in set(headers))
        return sum(self.weights.get(key, 0) for key in squeezed) + len(self.exact & set(headers)) + 2 * begun

    def knows(self, headers: Sequence[str]) -> int:
        """Return how many of the headers this system has."""
        return sum(key in self.columns or key in self.other for key in {squeeze(h) for h in headers})


@cache
def load_presets() -> tuple[Preset, ...]:
    """Read all files of the folder `presets`, in the order of their names."""
    folder = files("leadtriage.importing.mapping") / "presets"
    presets = []
    for resource in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if not resource.name.endswith(".yaml"):
            continue
        document = read_words(resource)
        columns: dict[str, tuple[str, int]] = {}
        for field, headers in document["columns"].items():
            for place, header in enumerate(headers):
                columns.setdefault(squeeze(header), (field, place))
        weights = {squeeze(header): 1 for header in document.get("distinctive", ())}
        weights |= {squeeze(header): 2 for header in document.get("decisive", ())}
        presets.append(
            Preset(
                name=document["name"],
                system=document["system"],
                source=document.get("source"),
                columns=columns,
                other=frozenset(squeeze(header) for header in document.get("other", ())),
                weights=weights,
                exact=frozenset(document.get("exact", ())),
                prefixes=tuple(document.get("prefixes", ())),
                needs=int(document.get("needs", 2)),
            )
        )
    return tuple(presets)


def choose_preset(headers: Sequence[str]) -> Preset | None:
    """Return the system that wrote the file, or None where none or several are equally likely."""
    ranked = sorted(
        (
            (preset.weigh(headers), preset.knows(headers), preset)
            for preset in load_presets()
            if preset.weigh(headers) >= preset.needs
        ),
        key=lambda entry: entry[:2],
        reverse=True,
    )
    if not ranked or (len(ranked) > 1 and ranked[0][:2] == ranked[1][:2]):
        return None
    return ranked[0][2]
