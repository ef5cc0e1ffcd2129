"""What counts: include and exclude rows on products and distributors, in the roles Qualify, Reward and Focus.

A line matches a list when it matches one Include row of every dimension that has some, and no Exclude row.
Source: design step "Qualify"; `All` rows stand in one list with each role's own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from .model import AppliesTo, Dimension, Product, Program, Scope, ScopeRule
from .participants import Hierarchy

PRODUCT_DIMENSIONS = (Dimension.SKU, Dimension.CATEGORY, Dimension.BRAND)
PARTY_DIMENSIONS = (Dimension.DISTRIBUTOR, Dimension.REGION, Dimension.SEGMENT)
ROLES = (AppliesTo.QUALIFY, AppliesTo.REWARD, AppliesTo.FOCUS)

Flags = tuple[bool, bool, bool]  # qualifies, is in the reward base, is in the mix focus


def key(dimension: Dimension, value: str) -> str:
    """How a value is compared: ids as they stand, words without case."""
    return value if dimension in (Dimension.SKU, Dimension.DISTRIBUTOR) else value.casefold()


@dataclass(frozen=True, slots=True)
class ScopeList:
    """One list of include and exclude rows, by dimension."""

    include: dict[Dimension, frozenset[str]] = field(default_factory=dict)
    exclude: dict[Dimension, frozenset[str]] = field(default_factory=dict)

    def failing(self, dimensions: Sequence[Dimension], values: dict[Dimension, frozenset[str]]) -> Dimension | None:
        """The first dimension on which a line fails the list, or None when it matches."""
        for dimension in dimensions:
            own = values.get(dimension, frozenset())
            if (dimension in self.include and not own & self.include[dimension]) or own & self.exclude.get(dimension, frozenset()):
                return dimension
        return None

    def uses(self, dimensions: Iterable[Dimension]) -> bool:
        return any(dimension in self.include or dimension in self.exclude for dimension in dimensions)


def scope_list(rows: Iterable[Scope]) -> ScopeList:
    """Rows as one list."""
    found: dict[ScopeRule, dict[Dimension, set[str]]] = {rule: defaultdict(set) for rule in ScopeRule}
    for row in rows:
        if row.dimension is not Dimension.ACTIVITY:  # concerns claims, never transactions
            found[row.rule][row.dimension].add(key(row.dimension, row.value))
    frozen = {rule: {dimension: frozenset(values) for dimension, values in lists.items()} for rule, lists in found.items()}
    return ScopeList(frozen[ScopeRule.INCLUDE], frozen[ScopeRule.EXCLUDE])


@dataclass(frozen=True, slots=True)
class ProgramScope:
    """The three lists of one program. Without Reward rows the base is what qualifies; focus is a part of what qualifies."""

    qualify: ScopeList
    reward: ScopeList
    focus: ScopeList

    @property
    def lists(self) -> tuple[ScopeList, ScopeList, ScopeList]:
        return (self.qualify, self.reward, self.focus)

    @property
    def same_base(self) -> bool:
        """Whether the reward base is exactly what qualifies."""
        return self.qualify == self.reward

    @property
    def needs_products(self) -> bool:
        return any(each.uses((Dimension.CATEGORY, Dimension.BRAND)) for each in self.lists)

    @property
    def uses_parties(self) -> bool:
        return any(each.uses(PARTY_DIMENSIONS) for each in self.lists)

    def flags(self, dimensions: Sequence[Dimension], values: dict[Dimension, frozenset[str]]) -> Flags:
        """Which of the three lists a line matches, as far as these dimensions decide."""
        found = [each.failing(dimensions, values) is None for each in self.lists]
        return (found[0], found[1], found[0] and found[2])


@dataclass(frozen=True, slots=True)
class CommonScope:
    """The lines that are in the reward base of two programs (Net Of): all three roles say the same."""

    first: ProgramScope
    second: ProgramScope

    @property
    def lists(self) -> tuple[ScopeList, ScopeList]:
        return (self.first.reward, self.second.reward)

    @property
    def qualify(self) -> ScopeList:
        return self.first.reward

    @property
    def needs_products(self) -> bool:
        return self.first.needs_products or self.second.needs_products

    @property
    def uses_parties(self) -> bool:
        return any(each.uses(PARTY_DIMENSIONS) for each in self.lists)

    def flags(self, dimensions: Sequence[Dimension], values: dict[Dimension, frozenset[str]]) -> Flags:
        """Whether both lists match, as far as these dimensions decide."""
        both = all(each.failing(dimensions, values) is None for each in self.lists)
        return (both, both, both)


def program_scope(program: Program, scopes: Iterable[Scope]) -> ProgramScope:
    """The three lists of a program from the rows of the Scopes table."""
    own = [row for row in scopes if row.program_id == program.program_id]
    lists = {role: scope_list(row for row in own if row.applies_to in (AppliesTo.ALL, role)) for role in ROLES}
    has_reward = any(row.applies_to is AppliesTo.REWARD for row in own)
    return ProgramScope(lists[AppliesTo.QUALIFY], lists[AppliesTo.REWARD if has_reward else AppliesTo.QUALIFY], lists[AppliesTo.FOCUS])


def product_values(sku: str, product: Product | None) -> dict[Dimension, frozenset[str]]:
    """A product's values in the product dimensions; empty cells match nothing."""
    values = {Dimension.SKU: sku, Dimension.CATEGORY: product.category if product else "", Dimension.BRAND: product.brand if product else ""}
    return {dimension: frozenset([key(dimension, value)]) if value else frozenset() for dimension, value in values.items()}


def party_values(distributor_id: str, day: date, hierarchy: Hierarchy) -> dict[Dimension, frozenset[str]]:
    """A distributor's values on a day; a Distributor value covers its branches, so all its ancestors count."""
    row = hierarchy.attributes_on(distributor_id, day)
    return {
        Dimension.DISTRIBUTOR: frozenset(hierarchy.ancestors_on(distributor_id, day)),
        Dimension.REGION: frozenset([row.region.casefold()]) if row and row.region else frozenset(),
        Dimension.SEGMENT: frozenset([row.segment.casefold()]) if row and row.segment else frozenset(),
    }


def product_classes(
    skus: Iterable[str], products: dict[str, Product], scopes: Sequence[ProgramScope | CommonScope]
) -> tuple[dict[str, int], list[list[Flags]]]:
    """Group products that no scope tells apart.

    Returns the class of each SKU and, for each class, its flags in every scope. SKUs that stand in no scope row
    are decided by category and brand alone, so 5,000 SKUs cost as much as their few categories. An SKU that is
    missing from Products is out of every scope on Category or Brand.
    """
    named = frozenset(
        value for scope in scopes for each in scope.lists for lists in (each.include, each.exclude) for value in lists.get(Dimension.SKU, ())
    )
    decided: dict[tuple[str, str, str, bool], int] = {}
    numbers: dict[tuple[bool, tuple[Flags, ...]], int] = {}  # unknown SKUs stay apart: they are reported
    classes: dict[str, int] = {}
    for sku in skus:
        product = products.get(sku)
        deciding = (sku if sku in named else "", product.category if product else "", product.brand if product else "", product is None)
        if deciding not in decided:
            values = product_values(sku, product)
            nothing: Flags = (False, False, False)
            signature = tuple(nothing if product is None and scope.needs_products else scope.flags(PRODUCT_DIMENSIONS, values) for scope in scopes)
            decided[deciding] = numbers.setdefault((product is None, signature), len(numbers))
        classes[sku] = decided[deciding]
    return classes, [list(signature) for _, signature in numbers]
