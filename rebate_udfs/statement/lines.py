"""A transaction as its distributor is told it: with invoice and line number, and with the reason where it does not count."""

from __future__ import annotations

from ..model import Dimension, Product, Verdict
from .nouns import CountedLine, ExcludedLine


def whole_number(text: str) -> int:
    """A line number as a number, so that 10 comes after 9; -1 for what is none.

    >>> whole_number("10"), whole_number("a")
    (10, -1)
    """
    return int(text) if text.isascii() and text.isdigit() else -1


def counted_line(line: Verdict, product: Product | None) -> CountedLine:
    """A line that counts, and for what."""
    counts_for = "tier and rebate" if line.in_measure and line.in_base else "tier only" if line.in_measure else "rebate only"
    return CountedLine(
        program_id=line.program_id,
        period_id=line.period,
        distributor_id=line.distributor_id,
        invoice_number=line.invoice_number,
        line=line.line,
        invoice_date=line.invoice_date,
        sku=line.sku,
        product_name=product.product_name if product else "",
        kind=line.type,
        quantity=line.quantity,
        amount=line.amount,
        currency=line.currency,
        counts_for=counts_for,
        transaction_id=line.transaction_id,
    )


def excluded_line(line: Verdict, product: Product | None) -> ExcludedLine:
    """A line that does not count, with the reason as a sentence."""
    return ExcludedLine(
        program_id=line.program_id,
        distributor_id=line.distributor_id,
        invoice_number=line.invoice_number,
        line=line.line,
        invoice_date=line.invoice_date,
        sku=line.sku,
        product_name=product.product_name if product else "",
        kind=line.type,
        quantity=line.quantity,
        amount=line.amount,
        currency=line.currency,
        reason=reason_sentence(line.reason_text, line.sku, product),
        transaction_id=line.transaction_id,
    )


def reason_sentence(reason: str, sku: str, product: Product | None) -> str:
    """Why a line does not count, in the words and the spelling that the distributor knows.

    How we sort our customers (segments, regions) is our own business and stays out.

    >>> reason_sentence("not in the program's scope: Brand harrow", "A-1", Product(sku="A-1", brand="Harrow"))
    'Brand Harrow is not part of this program.'
    >>> reason_sentence("not in the program's scope: Segment tail", "A-1", None)
    "Not in the program's scope."
    """
    words, _, what = reason.strip().rstrip(".").partition(": ")
    own = {Dimension.SKU: sku, Dimension.CATEGORY: product.category if product else "", Dimension.BRAND: product.brand if product else ""}
    for dimension, value in own.items():
        if value and what.casefold() == f"{dimension.value} {value}".casefold():
            return f"{'Product' if dimension is Dimension.SKU else dimension.value} {value} is not part of this program."
    hidden = (Dimension.SEGMENT, Dimension.REGION, Dimension.DISTRIBUTOR)
    kept = words if not what or what.startswith(tuple(dimension.value for dimension in hidden)) else f"{words}: {what}"
    kept = kept or "it does not count in this program"
    return f"{kept[:1].upper()}{kept[1:]}."
