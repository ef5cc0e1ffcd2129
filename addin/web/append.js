// Rows below the last one of an input table: the Excel table grows, texts stay texts, columns of the person's own (and their
// formulas) are left alone. Everything is looked at before anything is written.
"use strict";
(() => {
  const text = (value) => "'" + value; // a text stays a text: no formula, no date, no number
  const key = (header) => String(header).replace(/\*\s*$/, "").replace(/\s+/g, "").toLowerCase();
  const nameKey = (name) => name.toLowerCase().replace(/[\s_-]+/g, "");
  const refuse = (code, message) => { throw new Rebates.Failure(0, code, message + " Nothing was written."); };
  const isBlank = (values, formulas) => values.every((value, index) => value === "" || String(formulas[index]).startsWith("="));

  // The Excel table of an addition; where there is neither table nor sheet of that name, a sheet is made.
  async function find(context, addition) {
    const tables = context.workbook.tables, sheets = context.workbook.worksheets;
    tables.load("items/name,items/showTotals,items/worksheet/name");
    sheets.load("items/name");
    await context.sync();
    const table = tables.items.find((one) => nameKey(one.name) === nameKey(addition.table));
    if (table) return { table, sheet: table.worksheet };
    if (sheets.items.some((one) => nameKey(one.name) === nameKey(addition.name))) {
      refuse("NO_TABLE", `The sheet ${addition.name} has no Excel table to append to: select its rows, Insert, Table, and name it ${addition.table}.`);
    }
    return { table: null, sheet: null };
  }

  function make(context, addition) {
    const sheet = context.workbook.worksheets.add(addition.name), width = addition.columns.length;
    const header = sheet.getRangeByIndexes(0, 0, 1, width);
    header.values = [addition.columns.map((column) => text(column.header))];
    const table = sheet.tables.add(sheet.getRangeByIndexes(0, 0, 2, width), true);
    table.name = addition.table;
    table.style = "TableStyleLight1";
    addition.columns.forEach((column, index) => { sheet.getRangeByIndexes(0, index, 1, 1).format.columnWidth = Math.max(70, column.header.length * 7); });
    return { table, sheet };
  }

  // The number of the first row (from 0, of the table's body) below the last one that holds anything.
  async function firstFree(context, sheet, body) {
    const { rowIndex, columnIndex, rowCount, columnCount } = body, height = Math.max(1, Math.floor(Rebates.config.limits.cells / columnCount));
    for (let end = rowCount; end > 0; end -= height) {
      const start = Math.max(0, end - height), part = sheet.getRangeByIndexes(rowIndex + start, columnIndex, end - start, columnCount);
      part.load("values,formulas");
      await context.sync();
      for (let row = end - start - 1; row >= 0; row--) if (!isBlank(part.values[row], part.formulas[row])) return start + row + 1;
    }
    return 0;
  }

  async function below(context, sheet, body, extra, name) {
    const { rowIndex, columnIndex, rowCount, columnCount } = body, height = Math.max(1, Math.floor(Rebates.config.limits.cells / columnCount));
    for (let at = 0; at < extra; at += height) {
      const part = sheet.getRangeByIndexes(rowIndex + rowCount + at, columnIndex, Math.min(height, extra - at), columnCount);
      part.load("values,formulas");
      await context.sync();
      const row = part.values.findIndex((values, index) => values.some((value) => value !== "") || part.formulas[index].some((formula) => formula !== ""));
      if (row >= 0) refuse("BLOCKED", `Something stands in row ${rowIndex + rowCount + at + row + 1} below the table ${name}. Move it, then try again.`);
    }
  }

  // Where the rows will stand, without writing anything.
  async function plan(context, addition) {
    const { table, sheet } = await find(context, addition);
    if (!table) return { addition, make: true };
    if (table.showTotals) refuse("TOTALS", `The table ${addition.name} has a total row: take it off (Table Design, Total Row).`);
    const header = table.getHeaderRowRange(), body = table.getDataBodyRange();
    header.load("values");
    body.load("rowIndex,columnIndex,rowCount,columnCount");
    await context.sync();
    const places = new Map(header.values[0].map((name, index) => [key(name), index]));
    const missing = addition.columns.filter((column) => !places.has(key(column.header)));
    if (missing.length) refuse("NO_COLUMN", `The table ${addition.name} has no column ${missing.map((one) => one.header).join(", ")}: add it.`);
    const start = await firstFree(context, sheet, body), extra = start + addition.rows.length - body.rowCount;
    if (extra > 0) {
      if (!Office.context.requirements.isSetSupported("ExcelApi", "1.13")) refuse("OLD_EXCEL", "This Excel is too old to make a table longer: update it, or use the command line.");
      await below(context, sheet, body, extra, addition.name);
    }
    const model = sheet.getRangeByIndexes(body.rowIndex + Math.max(0, start - 1), body.columnIndex, 1, body.columnCount);
    model.load("numberFormat");
    await context.sync();
    const { rowIndex, columnIndex, rowCount, columnCount } = body;
    const formats = addition.columns.map((column) => { const here = model.numberFormat[0][places.get(key(column.header))]; return here === "General" ? column.format : here; });
    return { addition, table, sheet, start, extra, formats, at: addition.columns.map((column) => places.get(key(column.header))), rowIndex, columnIndex, rowCount, columnCount };
  }

  // Neighbouring columns are written together: [first index in the addition, how many].
  function runs(at) {
    const order = at.map((place, index) => [place, index]).sort((one, other) => one[0] - other[0]), found = [];
    for (const [place, index] of order) {
      const last = found[found.length - 1];
      if (last && last.place + last.columns.length === place) last.columns.push(index); else found.push({ place, columns: [index] });
    }
    return found;
  }

  async function write(context, planned, onProgress) {
    const { addition } = planned, rows = addition.rows;
    let { table, sheet, formats, at, start, extra, rowIndex, columnIndex, rowCount, columnCount } = planned;
    if (planned.make) {
      ({ table, sheet } = make(context, addition));
      await context.sync();
      [rowIndex, columnIndex, rowCount, columnCount, start] = [1, 0, 1, addition.columns.length, 0];
      extra = rows.length - 1;
      at = addition.columns.map((_, index) => index);
      formats = addition.columns.map((column) => column.format);
    }
    if (extra > 0) table.resize(sheet.getRangeByIndexes(rowIndex - 1, columnIndex, 1 + rowCount + extra, columnCount));
    await context.sync();
    const height = Math.max(1, Math.floor(Rebates.config.limits.cells / columnCount));
    for (let top = 0; top < rows.length; top += height) {
      const part = rows.slice(top, top + height);
      for (const { place, columns } of runs(at)) {
        const range = sheet.getRangeByIndexes(rowIndex + start + top, columnIndex + place, part.length, columns.length);
        range.numberFormat = part.map(() => columns.map((index) => formats[index]));
        range.values = part.map((row) => columns.map((index) => typeof row[index] === "string" ? text(row[index]) : row[index])); // null leaves a cell as it is
      }
      await context.sync();
      onProgress(Math.min(1, (top + part.length) / rows.length), addition.name);
    }
    return { name: addition.name, rows: rows.length, first: rowIndex + start + 1, last: rowIndex + start + rows.length, made: Boolean(planned.make) };
  }

  Rebates.append = (additions, onProgress = () => {}) => Excel.run(async (context) => {
    const planned = [], written = [];
    for (const addition of additions) planned.push(await plan(context, addition));
    for (const one of planned) written.push(await write(context, one, onProgress));
    return written;
  });
})();
