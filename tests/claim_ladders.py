"""Claims as people send them, refused and mended step by step: read from the cases, run, and told in docs/claim-reasons.md.

Run as a program it writes the catalogue of reasons anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from smallbooks import book, case_files, read_case

from rebate_udfs.claim_reasons import REASONS
from rebate_udfs.model import ClaimResult
from rebate_udfs.pipeline import run

CATALOGUE = Path(__file__).parents[1] / "docs" / "claim-reasons.md"
LADDERS = [name for name in case_files("claims") if name.startswith("ladder")]


@dataclass(frozen=True, slots=True)
class Rung:
    """One try of a claim: what it said, what it got, and what was mended after it."""

    ladder: str
    claim: Mapping[str, Any]
    codes: tuple[str, ...]  # all reasons that are expected, in order; none on the last rung
    status: str
    repair: Mapping[str, Any]
    result: ClaimResult

    @property
    def code(self) -> str:
        """The reason for which it is refused and which its repair mends."""
        return self.codes[0] if self.codes else ""


def rungs(name: str) -> Iterator[Rung]:
    """The tries of one ladder, each computed with what stood before it."""
    case = read_case("claims", name)
    claim, as_of = dict(case["claim"]), case["as of"]
    for codes, status, repair in [*case["steps"], [[], "Approved", {}]]:
        yield Rung(case["ladder"], dict(claim), tuple(codes), status, repair, _result(case, claim, as_of))
        as_of = repair.get("as of", as_of)
        claim |= {column: value for column, value in repair.items() if column != "as of"}


def _result(case: Mapping[str, Any], claim: Mapping[str, Any], as_of: date) -> ClaimResult:
    tables = book(
        case["programs"], case["purchases"], distributors=case.get("distributors", ()), products=case.get("products", ()),
        settings={"As Of": as_of}, Claims=[*case["before"], claim],
        **{name.replace(" ", "_"): rows for name, rows in case["tables"].items()},
    )  # fmt: skip
    found = [each for each in run(tables).claims if each.row == len(case["before"]) + 2]
    assert len(found) == 1, "the claim itself is answered"
    return found[0]


def catalogue() -> str:
    """docs/claim-reasons.md: every reason in order of precedence, with a claim that provokes it and what mended it."""
    examples: dict[str, Rung] = {}
    for name in LADDERS:
        for rung in rungs(name):
            for code in rung.result.reasons:
                best = examples.get(code)
                if best is None or (best.code != code and rung.code == code):
                    examples[code] = rung
    parts = [HEAD]
    for at, reason in enumerate(REASONS, 1):
        rung = examples[reason.code]
        cells = "; ".join(f"{column} {value}" for column, value in rung.claim.items() if value is not None)
        mended = "; ".join(f"{column} {'empty' if value is None else value}" for column, value in rung.repair.items() if column != "as of")
        detail = rung.result.details[rung.result.reasons.index(reason.code)]
        parts.append(
            f"## {at}. `{reason.code}`\n\n{reason.effect.value}: {reason.when}. To do: {reason.remedy}\n\n"
            f"- Example: {cells}\n- Answer: {rung.result.status}, {', '.join(f'`{code}`' for code in rung.result.reasons)}"
            + (f" ({detail})" if detail else "")
            + (f"\n- Mended with: {mended}\n" if rung.code == reason.code else "\n")
        )
    return "\n".join(parts)


HEAD = """# Why a claim is not simply approved

Every reason in order of precedence, made from the code and checked by the tests. Up to `COST_UNKNOWN` every reason that
applies is given; from `QUANTITY_EXCEEDS_INVOICE` on none follows one that rejects or holds. Rejected outranks Held, Held
outranks Adjusted. Each example was sent in a small book and got the answer shown.

A line that a close has posted, or that a person has decided, is final: what stands is not computed anew. Where the terms
would give more or less today, Claim Check, `rebates claims` and the statement say so beside a posted line, and what more
there is can be claimed on a new line while claims are taken.
"""

if __name__ == "__main__":
    CATALOGUE.write_text(catalogue(), encoding="utf-8")
