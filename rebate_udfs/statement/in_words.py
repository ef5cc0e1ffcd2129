"""A program as a person reads it: what it pays for, its terms sentence by sentence, and a worked example.

The words come from the same typed rows that the engine computes from, and the example is the engine's own arithmetic.
Scope rows on other distributors, regions or segments say nothing here: they are not this reader's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

from ..model import (
    AggregateBy,
    AppliesTo,
    DateBasis,
    Dimension,
    Facts,
    Ladder,
    MeasureOf,
    Method,
    PeriodKind,
    Program,
    RebateType,
    Returns,
    Reward,
    RewardKind,
    RewardOn,
    Scope,
    ScopeRule,
    Settlement,
    SettlementBasis,
    Terms,
    Threshold,
    Tier,
    TiersOn,
)
from ..money import places_of
from ..rewards.text import number_text, percent_text
from .nouns import PeriodStatement, ProgramStatement, TierLine
from .type_words import BY_CLAIM, claim_sentences, pays_by_type

PERIOD_WORDS = {  # how often, one of them, and its end
    PeriodKind.PROGRAM: ("over the whole program", "the program"),
    PeriodKind.MONTH: ("each month", "the month"),
    PeriodKind.QUARTER: ("each quarter", "the quarter"),
    PeriodKind.HALF: ("each half-year", "the half-year"),
    PeriodKind.YEAR: ("each year", "the year"),
}
DATE_WORDS = {DateBasis.INVOICE: "invoice date", DateBasis.ORDER: "order date", DateBasis.SHIP: "ship date", DateBasis.POSTED: "posting date"}
SETTLEMENT_WORDS = {Settlement.CREDIT_NOTE: "by credit note", Settlement.CHECK: "by check", Settlement.DIRECT_DEPOSIT: "by bank transfer"}
RETURN_WORDS = {
    Returns.DEDUCT: "Returns and credit notes are deducted on their own date.",
    Returns.IGNORE: "Returns and credit notes do not lower your purchases.",
    Returns.ORIGINAL_PERIOD: "Returns and credit notes are deducted in the period of the invoice they belong to.",
}
PRODUCT_WORDS = {Dimension.SKU: ("product", "products"), Dimension.CATEGORY: ("category", "categories"), Dimension.BRAND: ("brand", "brands")}
PART_WORDS = {
    RewardOn.INCREMENT: " over the baseline",
    RewardOn.OVER_THRESHOLD: " over the threshold of the tier reached",
    RewardOn.FOCUS: " in the focus range",
}
DATE_TOKENS = (
    ("yyyy", "{0.year:04d}"),
    ("yy", "{1:02d}"),
    ("mmmm", "{2}"),
    ("mmm", "{3}"),
    ("mm", "{0.month:02d}"),
    ("m", "{0.month}"),
    ("dd", "{0.day:02d}"),
    ("d", "{0.day}"),
)
MONTHS = "January February March April May June July August September October November December".split()
ROUNDED = "in all, rounded:"  # begins the line that leads from the sum to the figure
EXAMPLE_PRICE = 10  # a unit, where an example needs money for units


def date_text(day: date, pattern: str) -> str:
    """A date as Settings ask for it.

    >>> date_text(date(2026, 6, 30), "dd.mm.yyyy"), date_text(date(2026, 6, 3), "d mmm yyyy")
    ('30.06.2026', '3 Jun 2026')
    """
    text, rest = "", pattern.lower() or "yyyy-mm-dd"
    while rest:
        token, shown = next(((token, shown) for token, shown in DATE_TOKENS if rest.startswith(token)), (rest[0], rest[0]))
        month = MONTHS[day.month - 1]
        text += shown.format(day, day.year % 100, month, month[:3]) if len(shown) > 1 else shown
        rest = rest[len(token) :]
    return text


def money_text(amount: Decimal | Fraction | int, currency: str) -> str:
    """An amount with its currency, rounded to what the currency has.

    >>> money_text(Decimal("4210"), "USD"), money_text(Fraction(15, 2), "JPY")
    ('USD 4,210.00', 'JPY 8')
    """
    places = places_of(currency)
    exact = Fraction(amount)
    units = (2 * abs(exact.numerator) * 10**places + exact.denominator) // (2 * exact.denominator)
    sign = "-" if exact < 0 and units else ""
    return f"{currency} {sign}{Decimal(units).scaleb(-places):,.{places}f}".strip()


def amount_text(amount: Fraction, unit: str) -> str:
    """Purchases in their own unit: whole amounts of money without decimals.

    >>> amount_text(Fraction(2521), "units"), amount_text(Fraction(50000), "USD"), amount_text(Fraction(1), "units")
    ('2,521 units', 'USD 50,000', '1 unit')
    """
    if unit == "units":
        return f"{number_text(amount)} {'unit' if amount == 1 else 'units'}"
    if unit == "%":
        return percent_text(amount)
    return f"{unit} {number_text(amount)}" if amount.denominator == 1 else money_text(amount, unit)


def reward_words(reward: Fraction, program: Program, currency: str) -> str:
    """A tier's reward: 4 %, USD 1.50 a unit, USD 500."""
    if program.reward is RewardKind.PERCENT:
        return percent_text(reward)
    text = _price(reward, currency)
    return f"{text} a unit" if program.reward is RewardKind.PER_UNIT else text


def _price(amount: Fraction, currency: str) -> str:
    """Money that may be finer than the currency's coin."""
    return money_text(amount, currency) if (amount * 10 ** places_of(currency)).denominator == 1 else f"{currency} {number_text(amount)}"


def reward_rate_text(quantity: Fraction, rate: Fraction, kind: RewardKind, currency: str) -> tuple[str, str]:
    """The two factors of a step as people write them.

    >>> reward_rate_text(Fraction(1250), Fraction(4, 100), RewardKind.PERCENT, "USD")
    ('USD 1,250.00', '4 %')
    """
    if kind is RewardKind.PER_UNIT:
        return amount_text(quantity, "units"), f"{_price(rate, currency)} a unit"
    return money_text(quantity, currency), percent_text(rate)


def threshold_words(at: Fraction, program: Program, unit: str) -> str:
    """When a tier is reached: from 5,000 units, above USD 1,000, from 10 % growth."""
    word = "from" if program.threshold is Threshold.AT_LEAST else "above"
    if program.rebate_type is RebateType.GROWTH:
        return f"{word} {percent_text(at)} growth"
    if program.rebate_type is RebateType.MIX:
        return f"{word} a share of {percent_text(at)}"
    return f"{word} {amount_text(at, unit)}"


def tier_lines(ladder: Ladder, program: Program, unit: str, currency: str) -> tuple[TierLine, ...]:
    """The ladder as a table for people."""
    return tuple(
        TierLine(
            tier.number,
            _first_upper(threshold_words(tier.reached, program, unit)),
            _until(tier, ladder, program, unit),
            reward_words(tier.reward, program, currency),
        )
        for tier in ladder
    )


def _until(tier: Tier, ladder: Ladder, program: Program, unit: str) -> str:
    """Where a tier ends: at its printed To, else below the next From."""
    if tier.ends_at is None:
        return "and more"
    ratio = program.rebate_type in (RebateType.GROWTH, RebateType.MIX)
    shown = percent_text(tier.ends_at) if ratio else amount_text(tier.ends_at, unit)
    open_end = tier.ends_at == ladder[tier.number].reached and program.threshold is Threshold.AT_LEAST
    return f"below {shown}" if open_end else f"to {shown}"


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def pays_for(program: Program, ladder: Ladder, scopes: Sequence[Scope], unit: str, currency: str) -> str:
    """What the program pays for, in one sentence."""
    how_often = PERIOD_WORDS[program.period][0]
    goods = f"your purchases{_scope_words(scopes, AppliesTo.QUALIFY)}"
    if program.rebate_type is RebateType.MDF and len(ladder) == 1 and not ladder[0].reached:
        parts = [reward_words(ladder[0].reward, program, currency)]
    else:
        parts = [f"{reward_words(tier.reward, program, currency)} {threshold_words(tier.reached, program, unit)}" for tier in ladder]
    listed = _listed(parts) if parts else ""
    activities = [row.value for row in scopes if row.dimension is Dimension.ACTIVITY and row.rule is ScopeRule.INCLUDE]
    focus = _scope_words([row for row in scopes if row.applies_to is AppliesTo.FOCUS], AppliesTo.FOCUS)
    if said := pays_by_type(program, how_often, goods, focus, listed, _listed(activities) if activities else ""):
        return said
    if not ladder:
        return f"Pays on {goods}, {how_often}."
    if program.reward is RewardKind.LUMP_SUM:
        more = " (each tier reached adds its sum)" if program.method in (Method.INCREMENTAL, Method.TOTAL) and len(ladder) > 1 else ""
        return f"Pays a sum for {goods}, {how_often}: {listed}{more}."
    return {
        Method.RETROSPECTIVE: f"Pays on all {goods}, {how_often}, at the rate of the tier you reach: {listed}.",
        Method.INCREMENTAL: f"Pays on {goods}, {how_often}, each part at the rate of its own tier: {listed}.",
        Method.ROLLING: f"Pays on {goods}, {how_often}: every tier you reach pays up to its limit, the highest on everything: {listed}.",
        Method.TOTAL: f"Pays on all {goods}, {how_often}, the sum of the rates of all tiers you reach: {listed}.",
        Method.LINEAR: f"Pays on all {goods}, {how_often}, at a rate that rises evenly between the tiers: {listed}.",
    }[program.method]


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _scope_words(scopes: Sequence[Scope], role: AppliesTo) -> str:
    """Which products: ' of category Tools and brand Acme, without product A-1'."""
    rows = [row for row in scopes if row.applies_to in (AppliesTo.ALL, role) and row.dimension in PRODUCT_WORDS]
    words = []
    for rule, start in ((ScopeRule.INCLUDE, " of "), (ScopeRule.EXCLUDE, ", without ")):
        parts = []
        for dimension, (one, many) in PRODUCT_WORDS.items():
            values = [row.value for row in rows if row.rule is rule and row.dimension is dimension]
            if values:
                shown = _listed(values) if len(values) <= 6 else f"{', '.join(values[:5])} and {len(values) - 5} more"
                parts.append(f"{one if len(values) == 1 else many} {shown}")
        if parts:
            words.append(start + " and ".join(parts))
    return "".join(words)


def terms_of_program(program: Program, ladder: Ladder, scopes: Sequence[Scope], unit: str, currency: str, dates: str) -> tuple[str, ...]:
    """The whole program, a sentence at a time."""
    if program.rebate_type in BY_CLAIM:
        aim = (f"Aim: {program.objective.rstrip('.')}.",) if program.objective else ()
        how = claim_sentences(program, f" {SETTLEMENT_WORDS[program.settlement]}")
        return tuple(filter(None, (_dates(program, dates), *aim, *how, *_limits(program, currency), _contract(program))))
    return tuple(
        filter(
            None,
            (
                _dates(program, dates),
                program.objective and f"Aim: {program.objective.rstrip('.')}.",
                _counts(program, scopes, currency),
                _base(program, scopes, currency),
                *_method(program, ladder, unit, currency),
                _threshold(program, ladder, unit),
                RETURN_WORDS[program.returns],
                *_limits(program, currency),
                *_payment(program, currency),
                _contract(program),
            ),
        )
    )


def _dates(program: Program, dates: str) -> str:
    return f"Runs from {date_text(program.starts_on, dates)} to {date_text(program.ends_on, dates)}; measured {PERIOD_WORDS[program.period][0]}."


def _counts(program: Program, scopes: Sequence[Scope], currency: str) -> str:
    what = "the units" if program.measure is MeasureOf.UNITS else f"the net amount in {currency}"
    who = "all your branches together" if program.aggregate_by is AggregateBy.PARENT else "each of your branches by itself"
    on = {
        RebateType.GROWTH: " and compared with the baseline",
        RebateType.MIX: f", and the share of it{_scope_words(scopes, AppliesTo.FOCUS)}",
    }.get(program.rebate_type, "")
    goods = f"your purchases{_scope_words(scopes, AppliesTo.QUALIFY)}"
    return f"Towards the tiers counts {what} of {goods}, by {DATE_WORDS[program.date_basis]}, {who}{on}."


def _base(program: Program, scopes: Sequence[Scope], currency: str) -> str:
    if program.reward is RewardKind.LUMP_SUM:
        return ""
    base = f"the net amount in {currency}" if program.reward is RewardKind.PERCENT else "the units"
    own = any(row.applies_to is AppliesTo.REWARD for row in scopes)
    which = f"your purchases{_scope_words(scopes, AppliesTo.REWARD)}" if own else "the same purchases"
    return f"The rebate is paid on {base} of {which}{_part(program)}."


def _part(program: Program) -> str:
    default = RewardOn.INCREMENT if program.rebate_type is RebateType.GROWTH else RewardOn.ALL
    return PART_WORDS.get(program.reward_on or default, "")


def _method(program: Program, ladder: Ladder, unit: str, currency: str) -> Iterable[str]:
    whole = "all of that part" if _part(program) else "everything, from the first unit"
    if program.reward is RewardKind.LUMP_SUM:
        adds = program.method in (Method.INCREMENTAL, Method.TOTAL)
        yield "Each tier you reach adds its sum." if adds else "You receive the sum of the highest tier you reach."
    else:
        yield {
            Method.RETROSPECTIVE: f"The rate of the highest tier you reach applies to {whole}.",
            Method.INCREMENTAL: "Each rate applies only to the part of your purchases that lies in its tier.",
            Method.ROLLING: "Each tier you reach applies its rate up to its limit; the highest tier you reach applies to everything.",
            Method.TOTAL: "The rates of all tiers you reach are added up and apply to everything.",
            Method.LINEAR: "Between two tiers the rate rises evenly, and it applies to everything; from the last tier on it stays.",
        }[program.method]
    for tier in ladder:
        if tier.pay_from_first:
            limit = f", up to {amount_text(tier.ends_at, unit)}" if tier.ends_at is not None else ""
            yield f"Once tier {tier.number} is reached, its {reward_words(tier.reward, program, currency)} applies from the first unit{limit}."


def _threshold(program: Program, ladder: Ladder, unit: str) -> str:
    if not ladder:
        return ""
    share = " Tiers are set as a part of your target." if program.tiers_on is TiersOn.PERCENT_OF_TARGET else ""
    reached = "exactly its From is enough" if program.threshold is Threshold.AT_LEAST else "it takes more than its From"
    return f"To reach a tier {reached}.{share}"


def _limits(program: Program, currency: str) -> Iterable[str]:
    if program.base_cap is not None:
        unit = "units" if program.reward is RewardKind.PER_UNIT else currency
        yield f"The rebate is paid on no more than {amount_text(Fraction(program.base_cap), unit)} of purchases a period."
    if program.period_cap is not None:
        yield f"It is limited to {money_text(program.period_cap, currency)} a period."
    if program.program_cap is not None:
        yield f"It is limited to {money_text(program.program_cap, currency)} over the whole program."
    if program.minimum_payout is not None:
        yield f"Less than {money_text(program.minimum_payout, currency)} is not paid at once but carried to the next settlement."
    if program.net_of:
        yield "It is worked out after what other programs pay on the same purchases."
    if program.best_of_group:
        yield "Of several programs on the same purchases only the best one for you pays."


def _payment(program: Program, currency: str) -> Iterable[str]:
    settled = program.settlement_period or program.period
    each, end = PERIOD_WORDS[settled]
    when = f"{program.payment_terms_days} days after the end of {end}"
    yield f"Paid {SETTLEMENT_WORDS[program.settlement]} {when}{'' if settled is PeriodKind.PROGRAM else f', {each}'}."
    if settled is not program.period and program.settlement_basis is SettlementBasis.CUMULATIVE:
        yield f"Each payment is what you have earned so far in {PERIOD_WORDS[program.period][1]}, less what fell due before."
    if not program.recover:
        yield "What was settled at the end of a settlement period is yours to keep."
    if program.claim_required:
        yield f"It must be claimed within {program.claim_window_days} days after the end of {PERIOD_WORDS[program.period][1]}, or it lapses."


def _contract(program: Program) -> str:
    parts = [part for part in (program.document, f"clause {program.clause}" if program.clause else "") if part]
    return f"Agreed in {', '.join(parts)}." if parts else ""


def step_texts(period: PeriodStatement, program: ProgramStatement) -> Iterable[str]:
    """The arithmetic of a figure, a sentence a step; the rounding only where it is not plain to see.

    "Tier 2: from 10,001, USD 9,736.08 x 4 % = USD 389.44"
    """
    shown = ""
    for step in period.steps:
        if step.quantity is not None and step.rate is not None and step.amount is not None:
            base, rate = reward_rate_text(step.quantity, step.rate, program.reward, program.currency)
            text = f"{step.label}, {base} x {rate} = {money_text(step.amount, program.currency)}"
        else:
            text = step.label + (f" ({step.detail})" if step.detail else "")
            text += f": {money_text(step.amount, program.currency)}" if step.amount else ""
        if step.label.startswith(ROUNDED) and shown.endswith(step.label.removeprefix(ROUNDED)):
            continue
        shown = text
        yield text


# ---- the worked example


def bands_in_words(program: Program, ladder: Ladder, unit: str, currency: str) -> str:
    """Where each rate of an incremental ladder applies.

    "Units 1-15 at 10 %, from the 16th 20 %."
    """
    parts = []
    for tier in ladder:
        reward = reward_words(tier.reward, program, currency)
        if tier.pay_from_first:
            parts.append(f"once you are {threshold_words(tier.reached, program, unit).replace('from', 'at', 1)} {reward} from the first unit")
        else:
            parts.append(_band(tier, program, unit, reward))
    return _first_upper(", ".join(parts)) + "."


def _band(tier: Tier, program: Program, unit: str, reward: str) -> str:
    start, end = tier.starts_at, tier.ends_at
    whole = unit == "units" and start.denominator == 1 and (end is None or end.denominator == 1)
    if program.rebate_type is RebateType.GROWTH:
        return f"the growth above {percent_text(start)}" + (f" to {percent_text(end)}" if end is not None else "") + f" at {reward}"
    if whole:
        first = int(start) + 1
        return f"from the {first:,}{_ordinal(first)} {reward}" if end is None else f"units {first:,}-{int(end):,} at {reward}"
    if end is None:
        return f"the part above {amount_text(start, unit)} at {reward}"
    if start == 0:
        return f"the first {amount_text(end, unit)} at {reward}"
    return f"the part from {amount_text(start, unit)} to {amount_text(end, unit)} at {reward}"


def _ordinal(number: int) -> str:
    return "th" if 11 <= number % 100 <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def worked_example(
    program: Program,
    ladder: Ladder,
    terms: Terms,
    rule: Callable[[Facts, Ladder, Terms], Reward],
    unit: str,
    currency: str,
    baseline: Fraction | None,
) -> tuple[str, ...]:
    """The ladder in words and one sum worked out by the engine; nothing for types that pay on claims."""
    if not ladder or program.rebate_type not in (RebateType.VOLUME, RebateType.GROWTH):
        return ()
    in_bands = program.method is Method.INCREMENTAL and terms.reward is not RewardKind.LUMP_SUM
    lines = [bands_in_words(program, ladder, unit, currency)] if in_bands else []
    step = ladder[min(1, len(ladder) - 1)]
    if program.rebate_type is RebateType.GROWTH:
        before = baseline if baseline is not None and baseline > 0 else Fraction(1_000_000)
        measure, base_of = _round_number(before * (1 + step.reached) * Fraction(21, 20)), before
    else:
        measure, base_of = _round_number(step.reached * Fraction(6, 5) or Fraction(1000)), None
    same = (unit == "units") == (program.reward is RewardKind.PER_UNIT)
    base = measure if same or program.reward is RewardKind.LUMP_SUM else measure * EXAMPLE_PRICE if unit == "units" else measure / EXAMPLE_PRICE
    earned = rule(Facts(measure=measure, base=base, baseline=base_of, base_is_measure=same or None), ladder, terms)
    other = "" if base == measure else f" ({amount_text(base, currency if unit == 'units' else 'units')})"
    after = f" after {amount_text(base_of, unit)}" if base_of is not None else ""
    lines.append(f"Example: you buy {amount_text(measure, unit)}{other}{after}.")
    for line in earned.steps:
        if line.quantity is not None and line.rate is not None and line.amount is not None:
            quantity = amount_text(line.quantity, "units" if program.reward is RewardKind.PER_UNIT else currency)
            lines.append(f"{line.label}: {quantity} x {reward_words(line.rate, program, currency)} = {money_text(line.amount, currency)}")
        elif line.amount is not None:
            lines.append(f"{line.label}: {money_text(line.amount, currency)}")
    lines.append(f"You earn {money_text(earned.amount, currency)}.")
    return tuple(lines)


def _round_number(number: Fraction) -> Fraction:
    """A number cut to two significant digits, as people choose examples.

    >>> _round_number(Fraction(12001))
    Fraction(12000, 1)
    """
    size = 10 ** max(len(str(int(number))) - 2, 0)
    return Fraction(int(number // size) * size or 1)
