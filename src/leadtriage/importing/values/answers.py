"""Answers in a word: yes or no, and who signs off."""

from __future__ import annotations

from leadtriage.importing.values.cells import NotUnderstood, is_missing, plain
from leadtriage.vocabulary import SignsOff

_YES = frozenset(
    ["yes", "y", "true", "t", "1", "1.0", "x", "on", "ja", "j", "wahr", "oui", "o", "vrai", "si", "sí", "s", "sim", "verdadero", "verdadeiro", "vero", "da", "tak", "checked", "enabled", "ok", "✓", "✔", "☑", "✅", "yep", "yeah", "是", "はい", "نعم", "да"]
)
_NO = frozenset(
    ["no", "n", "false", "f", "0", "0.0", "off", "nein", "falsch", "non", "faux", "nao", "não", "falso", "nee", "nej", "nie", "unchecked", "disabled", "nope", "never", "✗", "✘", "☐", "❌", "否", "いいえ", "لا", "нет"]
)  # fmt: skip

_ALONE = frozenset(
    {
        "alone", "yes", "y", "true", "i do", "i decide", "me", "myself", "just me", "only me", "i sign", "i sign off",
        "i do alone", "i decide alone", "sole decision maker", "sole", "decision maker", "decision-maker", "final decision maker",
        "the decision maker", "i am the decision maker", "i'm the decision maker", "i make the decision", "i make the decisions",
        "i make the final decision", "full authority", "ja", "allein", "ich", "ich allein", "ich selbst", "ich entscheide",
        "ich entscheide allein", "entscheider", "alleinentscheider", "oui", "moi", "moi seul", "je décide", "décideur",
        "sí", "si", "yo", "yo decido", "yo solo", "owner", "buyer",
    }
)  # fmt: skip
_SHARED = frozenset(
    {
        "shared", "share", "together", "with others", "with my team", "with the team", "with a team", "with my boss",
        "with my manager", "with my partner", "with partner", "with my colleagues", "jointly", "joint", "joint decision", "we", "we do",
        "we decide", "we decide together", "team", "my team", "team decision", "committee", "a committee", "buying committee", "board",
        "the board", "group", "partly", "partially", "in part", "co-decide", "co-decider", "one of several", "part of the team",
        "part of a team", "part of the decision", "part of a committee", "i am part of the decision", "i'm part of the decision",
        "gemeinsam", "zusammen", "mit anderen", "im team", "teilweise", "wir", "gremium", "mitentscheider", "ensemble",
        "à plusieurs", "avec d'autres", "nous", "juntos", "compartido", "con otros", "nosotros",
    }
)  # fmt: skip
_OTHERS = frozenset(
    {
        "no", "n", "false", "not me", "someone else", "somebody else", "others", "other", "another person", "my boss",
        "my manager", "manager", "the manager", "manager decides", "my manager decides", "boss", "boss decides", "my boss decides",
        "the boss", "superior", "my superior", "management", "head office", "the ceo", "ceo", "the owner", "the cfo", "cfo",
        "i do not decide", "i don't decide", "i recommend", "recommender", "influencer", "i influence", "i advise", "advisor",
        "end user", "user", "evaluator", "researcher", "gatekeeper", "nein", "nicht ich", "mein chef", "chef", "der chef",
        "jemand anderes", "vorgesetzter", "mein vorgesetzter", "geschäftsführung", "non", "pas moi", "mon chef", "mon patron",
        "quelqu'un d'autre", "mi jefe", "otra persona", "otro", "yo no",
    }
)  # fmt: skip


def parse_yes_no(text: str) -> bool | None:
    """Return whether a cell says yes, in any of the common notations and languages; None where it is missing.

    Raises:
        NotUnderstood: it says neither.
    """
    if is_missing(text) and text.strip() not in _NO:
        return None
    given = plain(text).lower().rstrip(".!")
    if given in _YES:
        return True
    if given in _NO:
        return False
    raise NotUnderstood("neither yes nor no")


def parse_signs_off(text: str) -> SignsOff | None:
    """Return whether the person can sign for the purchase: alone, shared with others, or no; None where it is missing.

    A bare "yes" is taken for alone.

    Raises:
        NotUnderstood: it is none of the known answers.
    """
    if is_missing(text):
        return None
    given = plain(text.replace("_", " ")).lower().rstrip(".!")
    for answers, signs_off in ((_ALONE, SignsOff.ALONE), (_SHARED, SignsOff.SHARED), (_OTHERS, SignsOff.NO)):
        if given in answers:
            return signs_off
    raise NotUnderstood("who signs off is not clear from it")
