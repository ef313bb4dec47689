"""The exports of known systems, one file in `presets/` each: which system wrote a file, and what its headers mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from leadtriage.importing.mapping.header_synonyms import read_yaml, squeeze, squeeze_all


@dataclass(frozen=True, slots=True)
class Preset:
    """How one system names its columns; keys of the mappings are squeezed headers.

    Attributes:
        system: the word before its ids, as in `hubspot:101`.
        source: an ad platform's name, the source of its leads where no column gives one.
        columns: the field of each header, and the header's place in the field's order of preference.
        other: headers that fill no field, although they look like one.
        weights: how strongly a header speaks for this system.
        exact: exact spellings that add 1.
        prefixes: exact beginnings that add 2.
        needs: the sum from which a file is this system's.
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

    def weigh(self, headers: Sequence[str]) -> tuple[int, int]:
        """Return how strongly the headers speak for this system, and how many of them it knows."""
        squeezed = squeeze_all(headers)
        prefixed = sum(header.startswith(self.prefixes) for header in set(headers))
        weight = sum(self.weights.get(key, 0) for key in squeezed) + len(self.exact & set(headers)) + 2 * prefixed
        return weight, sum(key in self.columns or key in self.other for key in squeezed)


@cache
def load_presets() -> tuple[Preset, ...]:
    """Read all files in `presets/`, in the order of their names."""
    resources = (each for each in (files(__package__) / "presets").iterdir() if each.name.endswith(".yaml"))
    return tuple(map(read_preset, sorted(resources, key=lambda each: each.name)))


def read_preset(resource: Traversable) -> Preset:
    """Read one file of `presets/`."""
    document = read_yaml(resource)
    columns: dict[str, tuple[str, int]] = {}
    for field, headers in document["columns"].items():
        for place, header in enumerate(headers):
            columns.setdefault(squeeze(header), (field, place))
    return Preset(
        name=document["name"],
        system=document["system"],
        source=document.get("source"),
        columns=columns,
        other=squeeze_all(document.get("other", ())),
        weights=dict.fromkeys(squeeze_all(document.get("distinctive", ())), 1)
        | dict.fromkeys(squeeze_all(document.get("decisive", ())), 2),
        exact=frozenset(document.get("exact", ())),
        prefixes=tuple(document.get("prefixes", ())),
        needs=int(document.get("needs", 2)),
    )


def choose_preset(headers: Sequence[str]) -> Preset | None:
    """Return the system that wrote the file; None where none or several fit equally."""
    weighed = ((preset.weigh(headers), preset) for preset in load_presets())
    ranked = sorted((pair for pair in weighed if pair[0][0] >= pair[1].needs), key=lambda pair: pair[0], reverse=True)
    if not ranked or (len(ranked) > 1 and ranked[0][0] == ranked[1][0]):
        return None
    return ranked[0][1]
