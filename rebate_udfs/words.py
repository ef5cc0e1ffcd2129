"""What a person may type for an enumerated value: its own words, and the names that other systems use.

Case, spaces, hyphens and underscores never matter: `TOP_TIER`, `top tier` and `Top-Tier` are one word.
Used by the reader of workbooks and by the cell functions, so that both take the same words.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from .model import Method

Kind = TypeVar("Kind", bound=StrEnum)


def key(text: str) -> str:
    """A text as it is compared: lower case, without spaces, hyphens and underscores.

    >>> key(" Non-Retrospective "), key("ALL_TIERS")
    ('nonretrospective', 'alltiers')
    """
    return "".join(text.split()).translate(_IGNORED).casefold()


_IGNORED = dict.fromkeys(map(ord, "-_\u00a0\u2010\u2011\u2012\u2013"))

# domain.md section 1: the names of D365, Lago, Kill Bill, OCA and Stripe for our methods; with or without the system's name
ALIASES: Mapping[type[StrEnum], Mapping[str, StrEnum]] = {
    Method: {
        **dict.fromkeys(("cumulative", "volume", "toptier", "sectiontotal", "backtofirstdollar"), Method.RETROSPECTIVE),
        **dict.fromkeys(("d365cumulative", "lagovolume", "killbilltoptier", "ocasectiontotal"), Method.RETROSPECTIVE),
        **dict.fromkeys(("stepped", "sectionprorated", "graduated", "marginal", "alltiers", "nonretrospective"), Method.INCREMENTAL),
        **dict.fromkeys(("d365stepped", "ocasectionprorated", "killbillalltiers"), Method.INCREMENTAL),
        "d365rolling": Method.ROLLING,
        "d365total": Method.TOTAL,
    }
}


def choice(kind: type[Kind], text: str) -> Kind | None:
    """The value of `kind` that a text spells, by its own words or an alias; None when it spells none.

    >>> choice(Method, "back to first dollar"), choice(Method, "section-prorated"), choice(Method, "sliding")
    (<Method.RETROSPECTIVE: 'Retrospective'>, <Method.INCREMENTAL: 'Incremental'>, None)
    """
    wanted = key(text)
    for value in kind:
        if key(value.value) == wanted:
            return value
    found = ALIASES.get(kind, {}).get(wanted)
    return found if isinstance(found, kind) else None
