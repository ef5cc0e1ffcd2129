"""A year of Microsoft's Northwind as a rebate book: eight programs, against SQL that was written without the product.

The customers of four countries are branches of a common parent; prices are put back on the cent grid. The SQL of each program
stands here: it reads the same CSV files and shares no code with what it checks.
"""

from __future__ import annotations

import csv
import time
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import SHARED, absent
from smallbooks import computed, earned, measured, raw_book

from rebate_udfs.hosts.reading import read_book
from rebate_udfs.hosts.statements import make_statements
from rebate_udfs.hosts.template import write_template
from rebate_udfs.model import Run
from rebate_udfs.pipeline import run, verdicts
from rebate_udfs.tables import read

DATA = SHARED / "data" / "northwind"
GROUPED = ("Germany", "France", "USA", "Brazil")
CENT = Decimal("0.01")
YEAR = {"Starts On": date(1997, 1, 1), "Ends On": date(1997, 12, 31)}
PROGRAMS = [
    {**YEAR, "Program ID": "RETRO", "Period": "Year", "Tiers": [["5,000", "2 %"], ["10,000", "4 %"], ["25,000", "6 %"]]},
    {**YEAR, "Program ID": "BANDS", "Period": "Quarter", "Method": "Incremental", "Aggregate By": "Branch",
     "Tiers": [[0, "1 %"], ["1,000", "2 %"], ["5,000", "3.5 %"]]},
    {**YEAR, "Program ID": "ROLL", "Period": "Half", "Method": "Rolling",
     "Tiers": [[0, "2,000", "1 %"], ["2,000", "6,000", "2 %"], ["6,000", "1 %"]]},
    {**YEAR, "Program ID": "TOTAL", "Period": "Year", "Method": "Total", "Tiers": [["500", "1 %"], ["2,500", "1.5 %"]]},
    {**YEAR, "Program ID": "LINE", "Period": "Year", "Method": "Linear", "Tiers": [[0, "0 %"], ["10,000", "5 %"], ["20,000", "8 %"]]},
    {**YEAR, "Program ID": "UNITS", "Period": "Month", "Method": "Incremental", "Measure": "Units", "Reward": "Per Unit", "Aggregate By": "Branch",
     "Tiers": [[0, "49", "0.30"], ["50", "149", "0.45"], ["150", "0.70"]]},
    {**YEAR, "Program ID": "GROW", "Rebate Type": "Growth", "Period": "Half", "Starts On": date(1997, 7, 1), "Reward On": "All",
     "Tiers": [["10 %", "1 %"], ["50 %", "3 %"]]},
    {**YEAR, "Program ID": "MIX", "Rebate Type": "Mix", "Period": "Year", "Tiers": [["10 %", "1 %"], ["20 %", "2 %"]]},
    {**YEAR, "Program ID": "FUND", "Rebate Type": "MDF", "Period": "Half", "Tiers": [[0, "2 %"]]},
]  # fmt: skip
SCOPES = [
    {"Program ID": "TOTAL", "Rule": "Include", "Dimension": "Category", "Value": "Beverages"},
    {"Program ID": "TOTAL", "Rule": "Include", "Dimension": "Category", "Value": "Dairy Products"},
    {"Program ID": "TOTAL", "Rule": "Exclude", "Dimension": "Region", "Value": "UK"},
    {"Program ID": "MIX", "Applies To": "Focus", "Rule": "Include", "Dimension": "Category", "Value": "Seafood"},
]

LINES = """
CREATE TABLE lines AS
SELECT c.customer_id AS branch,
       CASE WHEN c.country IN ('Germany', 'France', 'USA', 'Brazil') THEN 'GROUP ' || c.country ELSE c.customer_id END AS parent,
       c.country, o.order_date AS day, k.category_name AS category, CAST(d.quantity AS INTEGER) AS units,
       CAST(CAST(round(d.unit_price, 2) AS DECIMAL(8, 2)) * d.quantity
            * (1 - CAST(round(d.discount, 2) AS DECIMAL(3, 2))) AS DECIMAL(12, 4)) AS amount
FROM read_csv('{folder}/order_details.csv') d
JOIN read_csv('{folder}/orders.csv') o USING (order_id)
JOIN read_csv('{folder}/customers.csv') c USING (customer_id)
JOIN read_csv('{folder}/products.csv') p USING (product_id)
JOIN read_csv('{folder}/categories.csv') k USING (category_id)
"""
YEARLY = "SELECT {who} AS who, '1997' AS period, sum(amount)::DECIMAL(12, 4) AS m FROM lines WHERE year(day) = 1997 {also} GROUP BY ALL"
SQL = {  # who, period, measure, earned
    "RETRO": f"""SELECT who, period, m, round(m * CASE WHEN m >= 25000 THEN 0.06 WHEN m >= 10000 THEN 0.04 WHEN m >= 5000 THEN 0.02 ELSE 0 END, 2)
                 FROM ({YEARLY.format(who="parent", also="")})""",
    "BANDS": """SELECT who, period, m, round(least(m, 1000) * 0.01 + greatest(least(m, 5000) - 1000, 0) * 0.02 + greatest(m - 5000, 0) * 0.035, 2)
                FROM (SELECT branch AS who, '1997-Q' || quarter(day) AS period, sum(amount)::DECIMAL(12, 4) AS m
                      FROM lines WHERE year(day) = 1997 GROUP BY ALL)""",
    "ROLL": """SELECT who, period, m, round(CASE WHEN m >= 6000 THEN 2000 * 0.01 + 6000 * 0.02 + m * 0.01
                                            WHEN m >= 2000 THEN 2000 * 0.01 + m * 0.02 ELSE m * 0.01 END, 2)
               FROM (SELECT parent AS who, '1997-H' || CASE WHEN month(day) <= 6 THEN 1 ELSE 2 END AS period, sum(amount)::DECIMAL(12, 4) AS m
                     FROM lines WHERE year(day) = 1997 GROUP BY ALL)""",
    "TOTAL": f"""SELECT who, period, m, round(CASE WHEN m >= 500 THEN m * 0.01 ELSE 0 END + CASE WHEN m >= 2500 THEN m * 0.015 ELSE 0 END, 2)
                 FROM ({YEARLY.format(who="parent", also="AND category IN ('Beverages', 'Dairy Products') AND country <> 'UK'")})""",
    "LINE": f"""SELECT who, period, m, round(CASE WHEN m >= 20000 THEN m * 0.08 WHEN m >= 10000 THEN m * (0.05 + (m - 10000) * 0.000003)
                                                  ELSE m * m * 0.000005 END, 2)
                FROM ({YEARLY.format(who="parent", also="")})""",
    "UNITS": """SELECT who, period, m, round(least(m, 49) * 0.30 + greatest(least(m, 149) - 49, 0) * 0.45 + greatest(m - 149, 0) * 0.70, 2)
                FROM (SELECT branch AS who, strftime(day, '%Y-%m') AS period, sum(units) AS m FROM lines WHERE year(day) = 1997 GROUP BY ALL)""",
    "GROW": """SELECT who, '1997-H2', m, round(m * CASE WHEN b > 0 AND m >= 1.5 * b THEN 0.03 WHEN b > 0 AND m >= 1.1 * b THEN 0.01 ELSE 0 END, 2)
               FROM (SELECT parent AS who, sum(amount) FILTER (year(day) = 1997)::DECIMAL(12, 4) AS m,
                            coalesce(sum(amount) FILTER (year(day) = 1996), 0)::DECIMAL(12, 4) AS b
                     FROM lines WHERE month(day) > 6 AND year(day) IN (1996, 1997) GROUP BY ALL) WHERE m IS NOT NULL""",
    "MIX": """SELECT who, '1997', m, round(m * CASE WHEN f >= m * 0.2 THEN 0.02 WHEN f >= m * 0.1 THEN 0.01 ELSE 0 END, 2)
              FROM (SELECT parent AS who, sum(amount)::DECIMAL(12, 4) AS m,
                           coalesce(sum(amount) FILTER (category = 'Seafood'), 0)::DECIMAL(12, 4) AS f
                    FROM lines WHERE year(day) = 1997 GROUP BY ALL)""",
    "FUND": """SELECT who, period, m, round(m * 0.02, 2)
               FROM (SELECT parent AS who, '1997-H' || CASE WHEN month(day) > 6 THEN 2 ELSE 1 END AS period, sum(amount)::DECIMAL(12, 4) AS m
                     FROM lines WHERE year(day) = 1997 GROUP BY ALL)""",
}


def rows_of(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


@pytest.fixture(scope="module")
def facts() -> dict[str, Any]:
    return northwind_facts()


def northwind_facts() -> dict[str, Any]:
    """The arguments of smallbooks.book: every order line is a transaction. Skips the test where the data are not here."""
    if not DATA.is_dir():
        absent("the folder ../shared/data/northwind is not here")
    customers = [
        {"Distributor ID": row["customer_id"], "Distributor Name": row["company_name"], "Region": row["country"],
         "Parent ID": f"GROUP {row['country']}" if row["country"] in GROUPED else None}
        for row in rows_of("customers")
    ]  # fmt: skip
    categories = {row["category_id"]: row["category_name"] for row in rows_of("categories")}
    orders = {row["order_id"]: row for row in rows_of("orders")}
    purchases: list[list[Any]] = []
    for row in rows_of("order_details"):
        order = orders[row["order_id"]]
        price, discount = Decimal(row["unit_price"]).quantize(CENT), Decimal(row["discount"]).quantize(CENT)
        more = {"Transaction ID": f"{row['order_id']}-{row['product_id']}", "Invoice Number": row["order_id"]}
        amount = price * int(row["quantity"]) * (1 - discount)
        purchases.append([date.fromisoformat(order["order_date"]), order["customer_id"], f"N{row['product_id']}", int(row["quantity"]), amount, more])
    return {
        "programs": PROGRAMS,
        "purchases": purchases,
        "distributors": [{"Distributor ID": f"GROUP {country}", "Region": country} for country in GROUPED] + customers,
        "products": [{"SKU": f"N{row['product_id']}", "Product Name": row["product_name"], "Category": categories[row["category_id"]]}
                     for row in rows_of("products")],
        "settings": {"As Of": date(1997, 12, 31), "Company": "Northwind"},
        "Scopes": SCOPES,
    }  # fmt: skip


@pytest.fixture(scope="module")
def northwind(facts: dict[str, Any]) -> Run:
    return computed(**facts)


@pytest.fixture(scope="module")
def sql() -> duckdb.DuckDBPyConnection:
    if not DATA.is_dir():
        absent("the folder ../shared/data/northwind is not here")
    connection = duckdb.connect()
    connection.execute(LINES.format(folder=DATA))
    return connection


@pytest.mark.parametrize("program", SQL)
def test_a_program_agrees_with_sql(program: str, northwind: Run, sql: duckdb.DuckDBPyConnection) -> None:
    rows = sql.execute(SQL[program]).fetchall()
    wanted = {f"{program}/{who}/{period}": (Decimal(m), Decimal(amount).quantize(CENT)) for who, period, m, amount in rows}
    measures = {figure: measure for figure, measure in measured(northwind).items() if figure.split("/")[0] == program}
    figures = earned(northwind)
    assert len(wanted) > 30
    assert sum(amount for _, amount in wanted.values()) > 0
    assert {figure: (Decimal(measure.numerator) / Decimal(measure.denominator), figures[figure]) for figure, measure in measures.items()} == wanted


def test_nothing_of_northwind_is_dropped(northwind: Run) -> None:
    assert northwind.problems == ()
    assert all(count.read == 2155 == count.used + sum(count.excluded.values()) for count in northwind.counts)


def standard_book(facts: dict[str, Any], path: Path) -> Path:
    """Northwind in the standard workbook."""
    sheets = {}
    for table in raw_book(**facts):
        sheets[table.name] = [dict(zip(table.headers, cells, strict=True)) for _, cells in table.rows]
    write_template(path, sample=sheets)
    return path


def told(facts: dict[str, Any], folder: Path, *, branches: bool = False) -> set[str]:
    """Who gets a statement, from the workbook on disk to the files in the folder; prints how long it took."""
    raw, problems = read_book(standard_book(facts, folder / "northwind.xlsx"))
    found = run(read(raw, problems=problems))
    started = time.perf_counter()
    made = make_statements(found, folder / "out", jobs=2, verdicts=lambda ids: verdicts(found, ids), branches=branches)
    print(f"{len(made)} statements in {time.perf_counter() - started:.1f} s with two jobs")
    assert len(list((folder / "out").glob("*.xlsx"))) == len(made)
    return {each.participant_id for each in made}


def test_the_standard_workbook_gives_the_same_figures(facts: dict[str, Any], northwind: Run, tmp_path: Path) -> None:
    raw, problems = read_book(standard_book(facts, tmp_path / "northwind.xlsx"))
    assert earned(run(read(raw, problems=problems))) == earned(northwind)


@pytest.mark.slow
def test_every_one_of_91_customers_gets_a_statement(facts: dict[str, Any], tmp_path: Path) -> None:
    customers = [{**row, "Parent ID": None} for row in facts["distributors"] if not row["Distributor ID"].startswith("GROUP")]
    enrolled = [{"Program ID": "RETRO", "Distributor ID": row["Distributor ID"]} for row in customers]
    everybody = told({**facts, "distributors": customers, "Enrollments": enrolled}, tmp_path)
    assert len(everybody) == 91
    assert everybody == {row["customer_id"] for row in rows_of("customers")}


@pytest.mark.slow
def test_groups_and_their_branches_get_statements(facts: dict[str, Any], tmp_path: Path) -> None:
    everybody = told(facts, tmp_path, branches=True)
    assert {f"GROUP {country}" for country in GROUPED} <= everybody
    assert {"ALFKI", "BLONP", "SAVEA", "QUICK"} <= everybody
