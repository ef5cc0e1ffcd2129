"""The transactions of a run, checked column by column: what can be used, what is left out and why, as one frame.

Millions of rows stay in the engine; only totals and the first rows of each kind of problem become values. The rules are
domain.md section 2, "Rows that cannot be used". Amounts and quantities leave here as whole numbers of 10^-places.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from .engines import INT64_LIMIT, Engine, EngineError, quoted
from .model import LINE_COLUMNS, LineProfile, Lines, Problem, Severity, TransactionType, line_profile
from .parse import DATE_REMEDY, NOT_CALCULATED, NUMBER_REMEDY, RECALCULATE, CannotRead, RawTable
from .rows import problem
from .sources import DATES, MOST_PLACES, NUMBERS, TEXTS, Source, clean_sql, from_files, from_sheet, places_sql, short_sql, whole_sql
from .words import choice

LARGEST = "1e19"  # a number of 20 digits is too large, whatever its decimal places
SHOWN = 50  # problems of one code that are listed by row; the rest are counted


@dataclass(frozen=True, slots=True)
class Known:
    """What the rest of the book says about transactions."""

    distributors: Collection[str] = ()
    skus: Collection[str] = ()
    rebate_skus: Collection[str] = ()  # of the setting Rebate SKUs
    references: Collection[str] = ()  # of payments: invoice numbers of credit notes that pay a rebate


@dataclass(frozen=True, slots=True)
class Check:
    """One kind of problem with a row: when (SQL over the view `lines`), and what to say; {column} stands for the row's value."""

    code: str
    when: str
    column: str
    message: str
    remedy: str
    severity: Severity = Severity.ERROR


def _empty(name: str) -> str:
    return f"({name}_raw IS NULL AND {name}_text IS NULL)"


def _formula_check(text: str, header: str) -> Check:
    return Check("CELL_ERROR", f"({text} IS NOT DISTINCT FROM {quoted(NOT_CALCULATED)})", header, f"{header} holds {NOT_CALCULATED}.", RECALCULATE)


def _number_checks(name: str, header: str) -> list[Check]:
    raw = f"{name}_raw"
    large = f"coalesce(abs(TRY_CAST({raw} AS DOUBLE)) >= {LARGEST}, false)"
    return [
        Check("EMPTY_CELL", _empty(name), header, f"{header} is empty.", f"Fill in {header}."),
        _formula_check(f"{name}_text", header),
        Check("NOT_A_NUMBER", f"({raw} IS NULL AND {name}_text IS NOT NULL AND {name}_text <> {quoted(NOT_CALCULATED)})", header,
              f'"{{{name}_text}}" is not a number.', NUMBER_REMEDY),
        Check("TOO_MANY_PLACES", f"({raw} IS NOT NULL AND {name}_places > {MOST_PLACES} AND NOT {large})", header,
              f"{header} {{{raw}}} has more than {MOST_PLACES} decimal places.", f"Round it to {MOST_PLACES} places or fewer."),
        Check("NUMBER_TOO_LARGE", f"({raw} IS NOT NULL AND ({large} OR ({name}_places <= {MOST_PLACES} AND {name} IS NULL)))", header,
              f"{header} {{{raw}}} is too large.", "Check the number: no sum of such amounts would be exact."),
    ]  # fmt: skip


OPPOSITE = "((quantity > 0 AND amount < 0) OR (quantity < 0 AND amount > 0))"
POSITIVE = "(type IN ('Return', 'Credit Note') AND (quantity > 0 OR amount > 0))"

ERRORS: tuple[Check, ...] = (
    Check("BAD_CHOICE", "type IS NULL", "Type", '"{type_text}" is not a choice for Type.', "Choose one of: Invoice, Credit Note, Return."),
    Check("NO_DATE", "(invoice_date IS NULL AND invoice_date_text IS NULL)", "Invoice Date", "Invoice Date is empty.", DATE_REMEDY),
    _formula_check("invoice_date_text", "Invoice Date"),
    Check("NOT_A_DATE", f"(invoice_date IS NULL AND invoice_date_text IS NOT NULL AND invoice_date_text <> {quoted(NOT_CALCULATED)})", "Invoice Date",
          '"{invoice_date_text}" is not a date, or could be two.', DATE_REMEDY),
    Check("UNKNOWN_DISTRIBUTOR", "distributor_unknown", "Distributor ID", 'There is no distributor "{distributor_id}" that can be used.',
          "Add it to Distributors, mend its row there, or correct the id."),
    *_number_checks("quantity", "Quantity"),
    *_number_checks("amount", "Amount"),
    Check("POSITIVE_RETURN", f"({POSITIVE} AND NOT {OPPOSITE})", "Amount", "A {type} takes back, so its quantity and amount are negative.",
          "Put a minus before quantity and amount, or change the Type to Invoice."),
    Check("OPPOSITE_SIGNS", OPPOSITE, "Amount", "Quantity {quantity_raw} and amount {amount_raw} have opposite signs.",
          "Give both the same sign: positive for an invoice, negative for a return."),
    Check("DUPLICATE_TRANSACTION", "repeated = 'DIFFERS'", "Transaction ID",
          'Transaction ID "{transaction_id}" stands on several rows that differ, so none of them counts.',
          "Keep the right row, or give each its own id."),
)  # fmt: skip
REPEATED = Check("DUPLICATE_ROW", "repeated = 'REPEATED'", "Transaction ID",
                 'The same row stands more than once ("{transaction_id}"); it counts once.', "Remove the second row.", Severity.WARNING)  # fmt: skip
WARNINGS: tuple[Check, ...] = (
    Check("NEGATIVE_INVOICE", "negative_invoice", "Type", "An invoice row with negative quantity and amount counts as a return.",
          "Set Type to Return or Credit Note.", Severity.WARNING),
    Check("UNKNOWN_SKU", "sku_unknown", "SKU", 'There is no product "{sku}"; the row counts where no program asks for category or brand.',
          "Add it to Products, or correct the SKU.", Severity.WARNING),
    Check("NO_TRANSACTION_ID", "transaction_id = ''", "Transaction ID", "Transaction ID is empty, so the row cannot be told from a repeated one.",
          "Give every row its own id.", Severity.WARNING),
    *(Check("TEXT_DATE", f"({name} IS NOT NULL AND {name}_text IS NOT NULL AND {name}_warn)", header,
            f'{header} "{{{name}_text}}" is not stored as a date; it is read as {{{name}}}.', "Turn the text into a date.", Severity.WARNING)
      for name, header in zip(DATES, ("Invoice Date", "Order Date", "Ship Date", "Posted On"), strict=True)),
    *(Check("NOT_A_DATE", f"({name} IS NULL AND {name}_text IS NOT NULL)", header,
            f'"{{{name}_text}}" is not a date, or could be two; the cell counts as empty.', DATE_REMEDY, Severity.WARNING)
      for name, header in (("order_date", "Order Date"), ("ship_date", "Ship Date"), ("posted_on", "Posted On"))),
    *(Check("TEXT_NUMBER", f"({name} IS NOT NULL AND {name}_text IS NOT NULL AND {name}_warn)", header,
            f'{header} "{{{name}_text}}" is stored as text; it is read as {{{name}_raw}}.', "Turn the text into a number.", Severity.WARNING)
      for name, header in (("quantity", "Quantity"), ("amount", "Amount"))),
)  # fmt: skip
REBATE_CREDIT = "REBATE_CREDIT"


def read_lines(raws: Sequence[RawTable], paths: Sequence[str | Path], engine: Engine, known: Known, problems: list[Problem]) -> Lines | None:
    """Every usable transaction of the Transactions tables and the files, with a problem for each row that is not.

    None when there is no source at all. Raises CannotRead for a path that cannot be read, and for amounts whose sums might
    exceed 64 bits on an engine other than DuckDB.
    """
    try:
        return _read_lines(raws, paths, engine, known, problems)
    except EngineError as error:
        if not paths:
            raise
        sentence = f"The transactions in {', '.join(Path(path).name for path in paths)} cannot be read: {str(error).splitlines()[0]}"
        raise CannotRead(sentence.rstrip(".") + ".", "Export the file again, or take another copy.") from error


def _read_lines(raws: Sequence[RawTable], paths: Sequence[str | Path], engine: Engine, known: Known, problems: list[Problem]) -> Lines | None:
    sources = [source for raw in raws if (source := from_sheet(raw, engine, problems)) is not None]
    sources += from_files(paths, engine, problems)
    if not sources:
        return None
    places = {name: _places(sources, name, engine) for name in NUMBERS}
    lines = _typed(sources, places, engine)
    in_memory = all(source.is_sheet for source in sources)
    if in_memory:
        lines = engine.register(engine.query(f"SELECT * FROM {lines}"), "lines")
    judged = _judged(lines, engine, known)
    judged = engine.register(engine.query(judged), "judged") if in_memory else engine.create_view(judged, "judged")
    counts = _count(judged, engine)
    for check in (*ERRORS, REPEATED, *WARNINGS):
        if number := counts[f"n_{_index(check)}"]:
            problems.extend(_named(check, judged, number, engine))
    _refuse_wide_sums(counts, places, engine)
    by_reason = f"SELECT reason, count(*) AS rows FROM {judged} WHERE reason IS NOT NULL GROUP BY 1 ORDER BY 1"
    excluded = engine.query(by_reason).to_pylist() if counts["excluded"] else []
    usable = _usable(lines, _kept_out(judged, engine) if excluded else "")
    return Lines(
        frame=engine.frame(engine.query(usable)) if in_memory else engine.from_sql(usable),
        quantity_places=places["quantity"],
        amount_places=places["amount"],
        rows_read=counts["rows_read"],
        rows_excluded={one["reason"]: one["rows"] for one in excluded},
        latest_invoice_date=counts["latest"],
        content_hash=_seal(sources, places, counts),
        engine=engine.name,
        engine_run=engine,
        profiles={name: _profile(name, counts) for name in DATES},
    )


def _seal(sources: Sequence[Source], places: Mapping[str, int], counts: Mapping[str, Any]) -> str:
    """SHA-256 of what was read: Parquet files by their bytes, all other rows by the sum of their digests, so in any order."""
    seal = hashlib.sha256(f"{counts['rows_read']}:{places['quantity']}:{places['amount']}:{counts['low']}:{counts['high']}".encode())
    for digest in sorted(_digest(file) for source in sources for file in source.files):
        seal.update(digest)
    return seal.hexdigest()


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _places(sources: Sequence[Source], name: str, engine: Engine) -> int:
    """The fewest decimal places that hold every number of a column exactly; those that need more than 9 are no part of it."""
    most = 0
    for source in sources:
        needed = f"SELECT {places_sql(name, source.number_kinds[name])} AS places FROM {source.view}"
        found = engine.query(f"SELECT max(places) AS most FROM ({needed}) WHERE places <= {MOST_PLACES}").to_pylist()[0]
        most = max(most, found["most"] or 0)
    return most


def _typed(sources: Sequence[Source], places: Mapping[str, int], engine: Engine) -> str:
    """One view over all sources with whole numbers and the type as we name it."""
    parts = [f"SELECT {', '.join(_whole_columns(source, places, engine))} FROM {source.view}" for source in sources]
    rows = engine.create_view(" UNION ALL ".join(parts), "rows")
    negative = "(typed = 'Invoice' AND quantity < 0 AND amount < 0)"
    sql = f"""
        SELECT * EXCLUDE (typed), {negative} AS negative_invoice, CASE WHEN {negative} THEN 'Return' ELSE typed END AS type
        FROM (SELECT * EXCLUDE (type), type AS type_text, {_type_sql(rows, engine)} AS typed FROM {rows})"""
    return engine.create_view(sql, "lines")


def _judged(lines: str, engine: Engine, known: Known) -> str:
    """The SQL of the lines with everything that the checks ask about, and the reason why a row is left out."""
    distributors, skus = _listed(known.distributors, engine), _listed(known.skus, engine)
    rebates, references = _listed(known.rebate_skus, engine), _listed(known.references, engine)
    repeated = _repeated(lines, engine)
    flagged = f"""
        SELECT lines.*, distributor_id NOT IN (SELECT id FROM {distributors}) AS distributor_unknown,
               sku NOT IN (SELECT id FROM {skus}) AS sku_unknown,
               (type = 'Credit Note' AND (sku IN (SELECT id FROM {rebates})
                OR (invoice_number <> '' AND invoice_number IN (SELECT id FROM {references})))) IS TRUE AS rebate_credit,
               {"repeats.kind" if repeated else "CAST(NULL AS VARCHAR)"} AS repeated
        FROM {lines} AS lines
        {f"LEFT JOIN {repeated} AS repeats USING (place, row)" if repeated else ""}"""
    reason = " ".join(f"WHEN {check.when} THEN {quoted(check.code)}" for check in (*ERRORS, REPEATED))
    return f"SELECT *, CASE WHEN rebate_credit THEN '{REBATE_CREDIT}' {reason} END AS reason FROM ({flagged})"


def _whole_columns(source: Source, places: Mapping[str, int], engine: Engine) -> list[str]:
    columns = ["place", "row", *TEXTS, f"{'true' if source.files else 'false'} AS sealed"]
    for name in DATES:
        columns += [name, f"{name}_text", f"{'true' if source.is_sheet else f'{name}_odd'} AS {name}_warn"]
    for name in NUMBERS:
        kind = source.number_kinds[name]
        tests = f"count_if(({clean_sql(name, kind, places[name])}) IS NOT TRUE) AS rest"
        is_clean = engine.query(f"SELECT {tests} FROM {source.view}").to_pylist()[0]["rest"] == 0
        columns += [
            f"{short_sql(name, kind, places[name]) if is_clean else whole_sql(name, kind, places[name])} AS {name}",
            f"coalesce(CAST({name} AS VARCHAR), CAST({name}_spelled AS VARCHAR)) AS {name}_raw",
            f"{places[name] if is_clean else places_sql(name, kind)} AS {name}_places",
            f"{name}_text",
            f"{'true' if source.is_sheet else f'{name}_odd'} AS {name}_warn",
        ]
    return columns


def _listed(values: Collection[str], engine: Engine) -> str:
    return engine.register(pa.table({"id": pa.array(sorted(set(values)), pa.string())}), "known")


def _type_sql(rows: str, engine: Engine) -> str:
    """SQL from a type as typed to ours; null for what is none."""
    typed = engine.query(f"SELECT DISTINCT type FROM {rows} ORDER BY 1")["type"].to_pylist()
    meanings = {text: choice(TransactionType, text) if text else TransactionType.INVOICE for text in typed}
    steps = " ".join(f"WHEN {quoted(text)} THEN {quoted(kind.value)}" for text, kind in meanings.items() if kind is not None)
    return f"CASE type {steps} END" if steps else "CAST(NULL AS VARCHAR)"


COMPARED = (*TEXTS, *DATES, *NUMBERS)


def _repeated(rows: str, engine: Engine) -> str:
    """The rows (place, row) whose Transaction ID stands elsewhere too.

    DIFFERS for all of differing ones, REPEATED for the second and further of equal ones. '' when every id is unique, which one
    pass over 64-bit hashes finds out (a chance collision only costs the second pass).
    """
    hashes = f"SELECT count(*) AS ids, count(DISTINCT hash(transaction_id)) AS kinds FROM {rows} WHERE transaction_id <> ''"
    counted = engine.query(hashes).to_pylist()[0]
    if counted["ids"] == counted["kinds"]:
        return ""
    shared = engine.create_table(f"SELECT transaction_id FROM {rows} WHERE transaction_id <> '' GROUP BY 1 HAVING count(*) > 1", "shared")
    alike = f"md5(concat_ws(chr(31), {', '.join(_canonical(name) for name in COMPARED)}))"
    found = engine.query(f"""
        SELECT place, row, CASE WHEN kinds > 1 THEN 'DIFFERS' ELSE 'REPEATED' END AS kind
        FROM (SELECT place, row, count(DISTINCT mark) OVER (PARTITION BY transaction_id) AS kinds,
                     row_number() OVER (PARTITION BY transaction_id ORDER BY place, row) AS nth
              FROM (SELECT place, row, transaction_id, {alike} AS mark FROM {rows} WHERE transaction_id IN (SELECT transaction_id FROM {shared})))
        WHERE kinds > 1 OR nth > 1""")
    return engine.register(found, "repeats")


def _canonical(name: str) -> str:
    """SQL: a value as text, the same whatever it was typed as."""
    if name in NUMBERS:
        return f"coalesce(CAST({name} AS VARCHAR), {name}_raw, {name}_text, '')"
    return f"coalesce(CAST({name} AS VARCHAR), {name}_text, '')" if name in DATES else f"coalesce({name}, '')"


def _index(check: Check) -> int:
    return (*ERRORS, REPEATED, *WARNINGS).index(check)


def _count(judged: str, engine: Engine) -> dict[str, Any]:
    """Everything that one pass over the rows can tell: rows of each problem, the largest figures, the latest date, the hash."""
    content = f"CASE WHEN NOT sealed THEN md5_number(concat_ws(chr(31), {', '.join(_canonical(name) for name in COMPARED)})) END"
    numbers = [f"count_if(NOT rebate_credit AND {check.when}) AS n_{_index(check)}" for check in (*ERRORS, REPEATED)]
    numbers += [f"count_if(reason IS NULL AND {check.when}) AS n_{_index(check)}" for check in WARNINGS]
    held = {"returns": "type <> 'Invoice'", "originals": "original_transaction_id <> ''", "currency": "currency <> ''"}
    usable = [f"count_if(reason IS NULL AND {test}) AS {name}" for name, test in held.items()]
    for name in DATES:
        dated = f"(coalesce({name}, invoice_date)) FILTER (reason IS NULL)"
        usable += [f"min{dated} AS first_{name}", f"max{dated} AS last_{name}", f"count_if(reason IS NULL AND {name} IS NULL) AS undated_{name}"]
    return engine.query(f"""
        SELECT count(*) AS rows_read, count(reason) AS excluded, max(invoice_date) FILTER (reason IS NULL) AS latest,
               max(abs(amount)) FILTER (reason IS NULL) AS amount, max(abs(quantity)) FILTER (reason IS NULL) AS quantity,
               CAST(sum(CAST(mark & 18446744073709551615 AS HUGEINT)) AS VARCHAR) AS low, CAST(sum(CAST(mark >> 64 AS HUGEINT)) AS VARCHAR) AS high,
               {", ".join(numbers + usable)}
        FROM (SELECT *, {content} AS mark FROM {judged})""").to_pylist()[0]


def _profile(name: str, counts: Mapping[str, Any]) -> LineProfile | None:
    held = counts["returns"], counts["originals"], counts["currency"]
    return line_profile(counts[f"first_{name}"], counts[f"last_{name}"], *held, counts[f"undated_{name}"])


def _named(check: Check, judged: str, number: int, engine: Engine) -> list[Problem]:
    """The first rows of one kind of problem, and one more problem that counts the others."""
    usable = "reason IS NULL" if check in WARNINGS else "NOT rebate_credit"
    found = engine.query(f"SELECT * FROM {judged} WHERE {usable} AND {check.when} ORDER BY place, row LIMIT {SHOWN}").to_pylist()
    named = [
        problem(check.code, one["place"], one["row"], check.column, check.message.format_map({name: _shown(value) for name, value in one.items()}),
                check.remedy, severity=check.severity)
        for one in found
    ]  # fmt: skip
    if number > len(found):
        message = f"{number - len(found):,} more rows have the same problem with {check.column} ({number:,} in all)."
        named.append(problem(check.code, found[0]["place"], None, check.column, message, check.remedy, severity=check.severity))
    return named


def _shown(value: object) -> str:
    text = "" if value is None else str(value)
    if "." in text and text.replace(".", "").lstrip("-").isdigit():
        text = text.rstrip("0").rstrip(".")
    return text if len(text) <= 60 else text[:57] + "..."


def _refuse_wide_sums(counts: Mapping[str, Any], places: Mapping[str, int], engine: Engine) -> None:
    if engine.wide_sums:
        return
    for name in NUMBERS:
        if (counts[name] or 0) * counts["rows_read"] > INT64_LIMIT:
            size = f"so large (with {places[name]} decimal places)"
            sentence = f"The {name} column holds numbers {size} that engine {engine.name} could not add them up exactly."
            raise CannotRead(sentence, "Run it with --engine duckdb.")


def _kept_out(judged: str, engine: Engine) -> str:
    """The places of the rows that are left out, found once, so that no later query has to judge again."""
    return engine.register(engine.query(f"SELECT place, row FROM {judged} WHERE reason IS NOT NULL"), "left_out")


def _usable(lines: str, left_out: str) -> str:
    """The SQL of the frame: the usable rows with the columns of LINE_COLUMNS, from the lines before they were judged."""
    kinds = {"int": "BIGINT", "date": "DATE", "text": "VARCHAR"}
    columns = ", ".join(f"CAST({name} AS {kinds[kind]}) AS {name}" for name, kind in LINE_COLUMNS)
    return f"SELECT {columns} FROM {lines}{f' ANTI JOIN {left_out} USING (place, row)' if left_out else ''}"
