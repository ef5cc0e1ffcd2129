// Stands in for office.js in tests: the parts of the Office runtime that the add-in uses, on a workbook in memory.
// As strict as Excel where it matters: a property is readable only after load and sync, a text that looks like a formula,
// a number or a date becomes one unless it is marked as text, a block larger than Excel's answers is refused.
(() => {
  "use strict";
  const MOST_CELLS = 20000;
  const book = globalThis.__book = { sheets: [], active: null, settings: new Map(), saved: 0, made: [], date1904: false, syncs: 0, startup: null, selected: [], reads: 0 };
  const letters = (n) => { let s = ""; for (n++; n > 0; n = Math.floor((n - 1) / 26)) s = String.fromCharCode(65 + (n - 1) % 26) + s; return s; };
  const columnOf = (s) => [...s].reduce((n, sign) => n * 26 + sign.charCodeAt(0) - 64, 0) - 1;

  // ---- what may be read when
  function guarded(context, props, methods) {
    const loaded = new Set();
    if (props.items) { const make = props.items; let made = null; props = { ...props, items: () => (made ??= make()) }; } // the same objects each time
    const mark = (path) => {
      const [first, ...rest] = path.split("/");
      loaded.add(first);
      if (first === "items") props.items().forEach((item) => rest.length && item.__mark(rest.join("/")));
      else if (rest.length) methods[first].__mark(rest.join("/"));
    };
    return new Proxy({}, {
      get(_, name) {
        if (name === "load") return (names) => { context.pending.push(() => names.split(",").forEach((one) => mark(one.trim()))); };
        if (name === "__mark") return mark;
        if (name === "then") return undefined;
        if (name in props) {
          if (!loaded.has(name)) throw new Error(`The property '${name}' is not available. Before reading it, call load on its object and context.sync().`);
          return props[name]();
        }
        if (name in methods) return methods[name];
        throw new Error(`The stub of Office.js has no ${String(name)}.`);
      },
      set(_, name, value) {
        const setter = methods["set_" + name];
        if (!setter) throw new Error(`The stub of Office.js cannot set ${String(name)}.`);
        setter(value);
        return true;
      },
    });
  }
  const note = (target) => new Proxy(target, { get: (t, k) => (k in t ? t[k] : undefined), set: (t, k, v) => { t[k] = v; return true; } });

  // ---- cells
  const cellAt = (sheet, r, c) => { const key = `${r},${c}`; if (!sheet.cells.has(key)) sheet.cells.set(key, { v: "", f: "", format: "General", style: {} }); return sheet.cells.get(key); };
  const valueAt = (sheet, r, c) => sheet.cells.get(`${r},${c}`)?.v ?? "";
  const ERRORS = /^#(VALUE!|N\/A|NUM!|DIV\/0!|REF!|NAME\?|NULL!)$/;
  function enter(cell, value) {
    if (value === null) return; // Excel leaves such a cell as it is
    cell.f = "";
    if (typeof value !== "string") { cell.v = value; return; }
    if (value.startsWith("'")) { cell.v = value.slice(1); cell.asText = true; return; }
    if (cell.format === "@") { cell.v = value; return; }
    if (/^[=+@-]/.test(value) && value.length > 1) { cell.f = value; cell.v = 0; return; }
    if (/^\d{4}-\d{1,2}(-\d{1,2})?$/.test(value)) { cell.v = 46000; return; } // Excel makes a date of it
    cell.v = value !== "" && !isNaN(Number(value)) ? Number(value) : value;
  }
  function bounds(sheet) {
    let bottom = -1, right = -1, top = Infinity, left = Infinity;
    for (const [key, cell] of sheet.cells) if (cell.v !== "" || cell.f) { const [r, c] = key.split(",").map(Number); bottom = Math.max(bottom, r); right = Math.max(right, c); top = Math.min(top, r); left = Math.min(left, c); }
    return bottom < 0 ? null : [top, left, bottom - top + 1, right - left + 1];
  }
  const nothing = (context) => guarded(context, { isNullObject: () => true }, {});

  function range(context, sheet, r, c, h, w, home) {
    const each = (what) => Array.from({ length: h }, (_, y) => Array.from({ length: w }, (_, x) => what(r + y, c + x)));
    const few = (what) => () => { if (h * w > MOST_CELLS) throw new Error("The response payload size has exceeded the limit."); book.reads++; return each(what); };
    const put = (rows, how) => { if (rows.length !== h || rows.some((row) => row.length !== w)) throw new Error("The number of rows or columns in the input array doesn't match the size of the range."); rows.forEach((row, y) => row.forEach((value, x) => how(cellAt(sheet, r + y, c + x), value))); };
    const style = (name) => (value) => each((y, x) => { cellAt(sheet, y, x).style[name] = value; });
    const format = new Proxy({ font: new Proxy({}, { set: (_, k, v) => { style("font." + k)(v); return true; } }), fill: new Proxy({}, { set: (_, k, v) => { style("fill")(v); return true; } }), borders: { getItem: (edge) => new Proxy({}, { set: (_, k, v) => { style("border." + edge)(v); return true; } }) } },
      { set: (_, k, v) => { if (k === "columnWidth") sheet.widths[c] = v; else style(k)(v); return true; } });
    const self = guarded(context, {
      isNullObject: () => false, rowIndex: () => r, columnIndex: () => c, rowCount: () => h, columnCount: () => w,
      address: () => `${/^\w+$/.test(sheet.name) ? sheet.name : `'${sheet.name}'`}!${letters(c)}${r + 1}${h * w > 1 ? `:${letters(c + w - 1)}${r + h}` : ""}`,
      values: few((y, x) => valueAt(sheet, y, x)), text: few((y, x) => String(valueAt(sheet, y, x))),
      formulas: few((y, x) => sheet.cells.get(`${y},${x}`)?.f || valueAt(sheet, y, x)), numberFormat: few((y, x) => sheet.cells.get(`${y},${x}`)?.format ?? "General"),
      valueTypes: few((y, x) => { const cell = sheet.cells.get(`${y},${x}`), v = cell?.v ?? ""; return v === "" ? "Empty" : typeof v === "boolean" ? "Boolean" : typeof v === "number" ? "Double" : ERRORS.test(v) && !cell.asText ? "Error" : "String"; }),
    }, {
      format, conditionalFormats: { add: (kind) => { const made = note({ kind, dataBar: note({ positiveFormat: note({}) }) }); sheet.bars.push([r, c, h, made]); return made; } },
      worksheet: home || worksheet(context, sheet),
      set_values: (rows) => put(rows, enter), set_numberFormat: (rows) => put(rows, (cell, value) => { cell.format = value; }),
      set_formulas: (rows) => put(rows, (cell, value) => { if (String(value).startsWith("=")) { cell.f = value; cell.v = 0; book.entered = (book.entered || 0) + 1; } else enter(cell, value); }),
      set_hyperlink: (link) => { cellAt(sheet, r, c).link = link; enter(cellAt(sheet, r, c), "'" + link.textToDisplay); },
      clear: () => { sheet.cells.clear(); sheet.bars = []; }, select: () => { book.active = [sheet, r, c]; book.selected.push(`${sheet.name}!${letters(c)}${r + 1}`); globalThis.__selectionChanged(); },
    });
    return self;
  }
  function parse(sheet, address) {
    const whole = /^(\d+):(\d+)$/.exec(address);
    if (whole) return [Number(whole[1]) - 1, 0, Number(whole[2]) - Number(whole[1]) + 1, 50];
    const m = /^\$?([A-Z]+)\$?(\d+)(?::\$?([A-Z]+)\$?(\d+))?$/.exec(address);
    if (!m) throw new Error(`The argument is invalid: ${address}`);
    const r = Number(m[2]) - 1, c = columnOf(m[1]);
    return [r, c, m[4] ? Number(m[4]) - r : 1, m[3] ? columnOf(m[3]) - c + 1 : 1];
  }

  // ---- sheets and tables
  function table(context, sheet, one) {
    const props = { name: () => one.name, showTotals: () => Boolean(one.totals) }, part = (top, height) => { const [r, c, , w] = one.place; return range(context, sheet, r + top, c, height, w); };
    return guarded(context, props, { worksheet: worksheet(context, sheet), getRange: () => range(context, sheet, ...one.place), set_name: (name) => { one.name = name; }, set_style: (style) => { one.style = style; },
      getHeaderRowRange: () => part(0, 1), getDataBodyRange: () => part(1, one.place[2] - 1 - (one.totals ? 1 : 0)),
      resize: (area) => { // Excel grows it over whatever stands there; a formula that a column has from top to bottom goes on
        ["rowIndex", "columnIndex", "rowCount", "columnCount"].forEach((name) => area.__mark(name));
        if (area.rowIndex !== one.place[0] || area.columnIndex !== one.place[1]) throw new Error("The table's header must stay where it is.");
        const [r, c, before, w] = one.place, above = r + before - 1;
        for (let row = r + before; row < r + area.rowCount; row++) for (let x = c; x < c + w; x++) { const model = sheet.cells.get(`${above},${x}`); if (model?.f) Object.assign(cellAt(sheet, row, x), { f: model.f, v: 0, format: model.format }); }
        one.place = [r, c, area.rowCount, area.columnCount];
      },
      delete: () => { sheet.tables.splice(sheet.tables.indexOf(one), 1); } });
  }
  function worksheet(context, sheet) {
    const at = (place) => range(context, sheet, ...place, self);
    let tables = null;
    const self = guarded(context, { isNullObject: () => false, name: () => sheet.name }, {
      getRange: (address) => at(address ? parse(sheet, address) : [0, 0, 1, 1]), getRangeByIndexes: (...place) => at(place),
      getUsedRangeOrNullObject: () => { const place = bounds(sheet); return place ? at(place) : nothing(context); },
      activate: () => { book.active = [sheet, 0, 0]; }, set_tabColor: (color) => { sheet.tab = color; }, set_showGridlines: (shown) => { sheet.gridlines = shown; },
      freezePanes: { freezeAt: (frozen) => { frozen.__mark("rowCount"); frozen.__mark("columnCount"); sheet.freeze = [frozen.rowCount, frozen.columnCount]; }, unfreeze: () => { sheet.freeze = null; } },
      names: { add: (name, value) => { sheet.names.set(name, { value }); return note(sheet.names.get(name)); }, getItemOrNullObject: (name) => sheet.names.has(name) ? guarded(context, { isNullObject: () => false }, {}) : nothing(context) },
      charts: guarded(context, { items: () => sheet.charts.map((one) => guarded(context, { name: () => one.name }, { delete: () => { sheet.charts.splice(sheet.charts.indexOf(one), 1); } })) }, { add: (kind, source, by) => chart(sheet, kind, source, by) }),
      get tables() { return tables ??= guarded(context, { items: () => sheet.tables.map((one) => table(context, sheet, one)) }, {
        add: (area, headers) => { ["rowIndex", "columnIndex", "rowCount", "columnCount"].forEach((name) => area.__mark(name)); const one = { name: "Table", headers, place: [area.rowIndex, area.columnIndex, area.rowCount, area.columnCount] }; sheet.tables.push(one); return table(context, sheet, one); } }); },
    });
    return self;
  }
  // ---- charts: what may be set, and from which cells; a range is noted by its place
  const setters = (target, names, nested = {}) => new Proxy(target, {
    get: (t, k) => { if (k in nested) return nested[k]; throw new Error(`The stub of Office.js has no ${String(k)} of a chart to read.`); },
    set: (t, k, v) => { if (!names.includes(k)) throw new Error(`The stub of Office.js cannot set ${String(k)} of a chart.`); t[k] = v; return true; } });
  const placeOf = (area) => { ["rowIndex", "columnIndex", "rowCount", "columnCount"].forEach((name) => area.__mark(name)); return [area.rowIndex, area.columnIndex, area.rowCount, area.columnCount]; };
  function chart(sheet, kind, source, by) {
    if (!["BarClustered", "ColumnClustered"].includes(kind) || by !== "Columns") throw new Error(`The stub of Office.js draws no ${kind} by ${by}.`);
    const one = { kind, name: "Chart", title: {}, legend: {}, valueAxis: {}, categoryAxis: {}, series: [] };
    sheet.charts.push(one);
    const series = (values) => {
      const made = { values, labels: {} };
      one.series.push(made);
      return setters(made, ["name", "gapWidth", "hasDataLabels"], { setValues: (area) => { made.values = placeOf(area); }, setXAxisValues: (area) => { made.categories = placeOf(area); }, format: { fill: { setSolidColor: (color) => { made.color = color; } } }, dataLabels: setters(made.labels, ["numberFormat"]) });
    };
    const [r, c, h, w] = placeOf(source), first = Array.from({ length: w }, (_, x) => series([r, c + x, h, 1]));
    const axis = (target) => setters(target, ["minimum", "maximum", "visible", "reversePlotOrder"], { majorGridlines: setters(target.lines = {}, ["visible"]) });
    return setters(one, ["name"], { title: setters(one.title, ["text"], { format: { font: setters(one.title.font = {}, ["size", "bold", "color"]) } }), legend: setters(one.legend, ["visible", "position"]),
      series: { add: (name) => { const made = series(null); made.name = name; return made; }, getItemAt: (index) => first[index] }, axes: { valueAxis: axis(one.valueAxis), categoryAxis: axis(one.categoryAxis) },
      setPosition: (from, to) => { one.position = [placeOf(from).slice(0, 2), placeOf(to).slice(0, 2)]; } });
  }
  const blank = (name) => ({ name, cells: new Map(), tables: [], charts: [], names: new Map(), widths: {}, bars: [], freeze: null, tab: "" });
  class Context {
    constructor() {
      this.pending = [];
      const context = this, find = (name) => book.sheets.find((sheet) => sheet.name.toLowerCase() === name.toLowerCase());
      const sheets = guarded(context, { items: () => book.sheets.map((sheet) => worksheet(context, sheet)) }, {
        getItem: (name) => { const found = find(name); if (!found) throw new Error("The requested resource doesn't exist."); return worksheet(context, found); },
        getItemOrNullObject: (name) => { const found = find(name); return found ? worksheet(context, found) : nothing(context); },
        add: (name) => { const made = blank(name); book.sheets.push(made); return worksheet(context, made); } });
      this.workbook = guarded(context, { use1904DateSystem: () => book.date1904 }, {
        worksheets: sheets, getActiveCell: () => { const [sheet, r, c] = book.active; return range(context, sheet, r, c, 1, 1); },
        tables: guarded(context, { items: () => book.sheets.flatMap((sheet) => sheet.tables.map((one) => table(context, sheet, one))) }, {}),
        onSelectionChanged: { add: (handler) => { book.onSelection = handler; } } });
    }
    async sync() { book.syncs++; await null; this.pending.splice(0).forEach((mark) => mark()); }
  }
  globalThis.Excel = { run: async (work) => { const context = new Context(), done = await work(context); await context.sync(); return done; }, createWorkbook: async (base64) => { book.made.push(base64); } };
  globalThis.__selectionChanged = () => book.onSelection?.({});
  globalThis.__select = async (sheet, r, c) => { book.active = [book.sheets.find((one) => one.name === sheet), r, c]; await globalThis.__selectionChanged(); };

  // [{name, table, rows}]: the sheets of a workbook, each from A1
  globalThis.__open = (sheets) => {
    book.sheets = sheets.map(({ name, table: excel, rows }) => {
      const sheet = blank(name);
      rows.forEach((row, r) => row.forEach((v, c) => { if (v !== null && v !== "") sheet.cells.set(`${r},${c}`, { v: v?.error ?? v, f: "", format: "General", style: {}, asText: false }); }));
      if (excel) sheet.tables.push({ name: excel.name, place: excel.place });
      return sheet;
    });
    book.active = book.sheets.length ? [book.sheets[0], 0, 0] : null;
  };
  globalThis.__sheet = (name) => {
    const sheet = book.sheets.find((one) => one.name === name);
    if (!sheet) return null;
    const [top, left, height, width] = bounds(sheet);
    return { rows: Array.from({ length: top + height }, (_, r) => Array.from({ length: left + width }, (_, c) => valueAt(sheet, r, c))), formulas: [...sheet.cells].filter(([, cell]) => cell.f).map(([key, cell]) => [key, cell.f]),
      formats: [...sheet.cells].map(([key, cell]) => [key, cell.format]), tables: sheet.tables, charts: sheet.charts, freeze: sheet.freeze, tab: sheet.tab, widths: sheet.widths, bars: sheet.bars.map(([r, c, h]) => [r, c, h]), links: [...sheet.cells].filter(([, cell]) => cell.link).map(([key, cell]) => [key, cell.link.documentReference]) };
  };

  // ---- custom functions: what Excel does for a formula
  const functions = globalThis.__functions = {};
  class FunctionError extends Error { constructor(code, message) { super(message || ""); this.code = code; } }
  globalThis.CustomFunctions = { associate: (id, work) => { functions[id] = work; }, Error: FunctionError,
    ErrorCode: { invalidValue: "#VALUE!", notAvailable: "#N/A", divisionByZero: "#DIV/0!", invalidName: "#NAME?", nullReference: "#NULL!", invalidNumber: "#NUM!", invalidReference: "#REF!" } };
  const given = (value) => value === null || value === undefined ? null : Array.isArray(value) ? value.map((row) => row.map(excelCell)) : [[excelCell(value)]];
  const excelCell = (value) => value !== null && typeof value === "object" ? new FunctionError(value.error) : value === null ? 0 : value; // an empty cell arrives as 0
  const back = (value) => value instanceof FunctionError ? { error: value.code, message: value.message } : value;
  globalThis.__calculate = async (name, args, address = "Sheet1!B2", parameterAddresses = []) => {
    try {
      const result = await functions[name](...args.map(given), { address, functionName: name, parameterAddresses });
      return { value: result.map((row) => row.map(back)) };
    } catch (e) { return { error: e.code || e.name, message: e.message }; }
  };

  const buttons = globalThis.__buttons = {};
  globalThis.Office = {
    onReady: (work) => { const about = { host: "Excel", platform: "OfficeOnline" }, ready = Promise.resolve(about); if (work) return ready.then(work); return ready; },
    actions: { associate: (name, work) => { buttons[name] = work; } }, StartupBehavior: { load: "Load", none: "None" },
    addin: { showAsTaskpane: async () => { book.shown = true; }, setStartupBehavior: async (how) => { book.startup = how; } },
    context: { requirements: { isSetSupported: (name, version) => Number(version) <= (globalThis.__api ?? 1.17) || name !== "ExcelApi" }, contentLanguage: globalThis.__language || navigator.language, partitionKey: "",
      document: { settings: { get: (name) => book.settings.get(name) ?? null, set: (name, value) => book.settings.set(name, value), saveAsync: () => { book.saved++; } } } },
  };
  globalThis.__press = (name) => new Promise((done) => buttons[name]({ completed: done }));
  if (globalThis.__sheets) globalThis.__open(globalThis.__sheets);
})();
