// The four views of the task pane, from plain values to elements. Every text goes in as text: nothing from a workbook is markup.
"use strict";
(() => {
  const locale = () => globalThis.Office?.context?.contentLanguage || navigator.language;
  const number = (value, most = 2) => new Intl.NumberFormat(locale(), { maximumFractionDigits: most }).format(value);
  const percent = (value) => new Intl.NumberFormat(locale(), { style: "percent", maximumFractionDigits: 1 }).format(value);
  const places = (currency) => {
    try { return new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits; } catch (e) { return 2; }
  };
  const money = (value, currency) => `${currency} ${new Intl.NumberFormat(locale(), { minimumFractionDigits: places(currency), maximumFractionDigits: places(currency) }).format(value)}`;
  const measured = (value, unit) => unit === "units" ? `${number(value)} ${value === 1 ? "unit" : "units"}` : money(value, unit);

  function element(name, options = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(options)) {
      if (value === undefined || value === null) continue;
      if (key === "text") made.textContent = value;
      else if (key === "on") made.addEventListener("click", value);
      else if (key === "onchange") made.addEventListener("change", value);
      else made.setAttribute(key, value);
    }
    made.append(...children.filter(Boolean));
    return made;
  }

  function bar(way, label) {
    const share = Math.max(0, Math.min(1, way)), fill = element("span");
    fill.style.width = `${share * 100}%`;
    return element("div", { class: share >= 1 ? "bar full" : "bar", role: "img", "aria-label": label }, fill);
  }

  // ---- health: problems by severity, each with its cell and what to do
  function problem(one, goTo) {
    const kind = one.severity === "Error" ? "error" : "warning";
    const where = [one.sheet || one.table, one.cell && one.cell !== "A1" ? one.cell : ""].filter(Boolean).join(" ");
    return element("li", { class: `card ${kind}` },
      element("div", { class: "row" }, element("span", { class: `tag ${kind}`, text: one.severity }),
        where && goTo && one.sheet ? element("button", { type: "button", class: "link", text: where, "aria-label": `Go to ${where}`, on: () => goTo(one.sheet, one.cell) })
          : element("span", { class: "muted", text: where + (where && one.row && !one.cell ? ` row ${one.row}` : "") })),
      element("p", { text: one.message }),
      element("p", { class: "muted", text: one.remedy }));
  }

  function health(data, goTo) {
    const { errors, warnings, rows_read: rows, problems, title } = data.health;
    const count = (kind, value, label) => element("div", { class: `count ${value ? kind : ""}` }, element("dt", { text: label }), element("dd", { text: number(value) }));
    return [
      element("h2", { class: "finding", text: title }),
      element("dl", { class: "counts" }, count("error", errors, errors === 1 ? "error" : "errors"), count("warning", warnings, warnings === 1 ? "warning" : "warnings"), count("", rows, "rows read")),
      problems.length ? element("ul", { class: "cards", "aria-label": "Problems, errors first" }, ...problems.map((one) => problem(one, goTo)))
        : element("p", { class: "muted", text: "Every row that was read is in the figures." }),
      errors + warnings > problems.length && element("p", { class: "muted", text: `The first ${number(problems.length)} of ${number(errors + warnings)}; the sheet Check lists all.` }),
    ];
  }

  // ---- attainment by program and distributor
  function attained(row, onExplain) {
    const reward = row.tier ? `Tier ${row.tier} reached (${row.reward})` : row.status;
    const way = row.way === null ? null : row.way >= 1 ? "Top tier reached" : `${percent(row.way)} of the way to the next tier`;
    return element("li", { class: "card" },
      element("div", { class: "row" }, element("button", { type: "button", class: "link", text: row.name, "aria-label": `Explain ${row.name}, ${row.period}`, on: () => onExplain(row.figure_id) }),
        element("strong", { text: money(row.earned, row.currency) })),
      row.way !== null && bar(row.way, way),
      element("div", { class: "row muted" }, element("span", { text: reward }), element("span", { text: row.period })),
      row.way !== null && row.way < 1 && element("p", { class: "muted", text: `${measured(row.measure, row.unit)} so far, ${measured(row.to_next, row.unit)} to go` }));
  }

  function attainment(data, chosen, onChoose, onExplain) {
    if (!data.attainment.length) return [element("h2", { class: "finding", text: "No period of a program has begun yet" })];
    const program = data.programs.some((one) => one.id === chosen) ? chosen : data.programs[0].id;
    const rows = data.attainment.filter((row) => row.program === program);
    const select = element("select", { id: "program" }, ...data.programs.map((one) => element("option", { value: one.id, text: `${one.id} · ${one.name}` })));
    select.value = program;
    select.addEventListener("change", () => onChoose(select.value));
    const sums = new Map();
    rows.forEach((row) => sums.set(row.currency, (sums.get(row.currency) || 0) + row.earned));
    const who = new Set(rows.map((row) => row.participant)).size;
    return [
      element("div", {}, element("label", { for: "program", text: "Program" }), select),
      element("h2", { class: "finding", text: `${who === 1 ? "1 distributor" : `${number(who)} distributors`} earned ${[...sums].map(([currency, sum]) => money(sum, currency)).join(" and ")}` }),
      element("ul", { class: "cards", "aria-label": "Attainment by distributor" }, ...rows.map((row) => attained(row, onExplain))),
    ];
  }

  // ---- coach: who is near, what to buy, what it is worth
  function coach(data, onExplain) {
    const near = data.coach;
    if (!near.length) return [element("h2", { class: "finding", text: "Nobody is within 5 % of the next tier" }), element("p", { class: "muted", text: "Look again when more purchases have come in." })];
    const who = new Set(near.map((row) => row.participant)).size;
    return [
      element("h2", { class: "finding", text: `${who === 1 ? "1 distributor is" : `${number(who)} distributors are`} within 5 % of the next tier` }),
      element("ul", { class: "cards", "aria-label": "Nearest first" }, ...near.map((row) => element("li", { class: "card" },
        element("div", { class: "row" }, element("button", { type: "button", class: "link", text: row.name, "aria-label": `Explain ${row.name}, ${row.program}, ${row.period}`, on: () => onExplain(row.figure_id) }), element("span", { class: "muted", text: row.program })),
        bar(row.way, `${percent(row.way)} of the way to the next tier`),
        element("p", { text: `Buy ${measured(row.to_next, row.unit)} more by ${row.ends_on} to earn ${money(row.next_value, row.currency)} more` })))),
    ];
  }

  // ---- the selected cell
  const exact = (value) => new Intl.NumberFormat(locale(), { minimumFractionDigits: Number.isInteger(value) ? 0 : 2, maximumFractionDigits: 4 }).format(value);
  const aside = ({ detail, quantity, rate, percents }) => {
    const said = detail || "", counted = typeof quantity === "number" ? exact(quantity) : "";
    const at = typeof rate === "number" ? `at ${percents ? percent(rate) : number(rate, 6)}` : "";
    return [said, said.includes(counted) ? "" : counted, percents && said.includes("%") ? "" : at].filter(Boolean).join(" · ");
  };
  function steps(rows) {
    return element("ol", { class: "steps" }, ...rows.map((row) => element("li", {},
      element("span", { text: row.step }), element("span", { class: "amount", text: typeof row.amount === "number" ? exact(row.amount) : row.amount ?? "" }),
      aside(row) && element("span", { class: "muted", text: aside(row) }))));
  }

  function cell(found, explained) {
    if (!found) return [element("h2", { class: "finding", text: "Select a cell with a figure" }), element("p", { class: "muted", text: "A cell with a REBATE formula, or a row of a result sheet: how it came about is shown here, step by step." })];
    return [
      element("div", { class: "row" }, element("h2", { class: "finding", text: found.address.split("!").pop() }), element("strong", { text: found.text ?? "" })),
      found.formula?.startsWith("=") && element("code", { text: found.formula }),
      ...explained.flatMap((part) => [
        part.error ? element("div", { class: "card error" }, element("span", {}, element("span", { class: "tag error", text: part.error.code })), element("p", { text: part.error.message })) : null,
        part.title && element("h3", { text: part.title }),
        part.text && element("p", { class: "muted", text: part.text }),
        part.steps?.length && steps(part.steps),
      ]),
    ];
  }

  // ---- a result table, as far as a pane shows one
  const day = (serial) => new Date(Date.UTC(1899, 11, 30 + serial)).toISOString().slice(0, 10);
  function shown(value, column) {
    if (value === null || value === "") return "";
    if (typeof value === "object") return value.text;
    if (typeof value !== "number") return value;
    if (column.kind === "date") return day(value);
    if (column.kind === "percent") return percent(value);
    if (column.kind === "money") return value === 0 ? "-" : new Intl.NumberFormat(locale(), { minimumFractionDigits: 2, maximumFractionDigits: 4, currencySign: "accounting", style: "currency", currency: "USD", currencyDisplay: "code" }).formatToParts(value).filter((part) => !["currency"].includes(part.type)).map((part) => part.value).join("").trim().replace(/\(\s+/, "(");
    return number(value, 4);
  }

  function table(data, most = 8, all = data.rows.length) {
    const kept = data.columns.map((column, index) => ({ column, index })).filter(({ index }) => data.rows.some((row) => row[index] !== null && row[index] !== ""));
    const side = (column) => (column.right ? "right" : column.wrap ? "wrap" : null);
    const head = element("tr", {}, ...kept.map(({ column }) => element("th", { scope: "col", class: side(column), text: column.header })));
    const rows = data.rows.slice(0, most).map((row) => element("tr", {}, ...kept.map(({ column, index }) => element("td", { class: side(column), text: shown(row[index], column) }))));
    const more = all > rows.length && element("p", { class: "muted", text: `The first ${number(rows.length)} of ${number(all)} rows.` });
    return [element("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": data.title }, element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows))), more];
  }

  const problems = (found, goTo, most = 20) => found.length ? [element("ul", { class: "cards", "aria-label": "Problems" }, ...found.slice(0, most).map((one) => problem(one, goTo))),
    found.length > most && element("p", { class: "muted", text: `The first ${number(most)} of ${number(found.length)}.` })] : [];

  Rebates.views = { health, attainment, coach, cell, table, shown, problems, element, number };
})();
