// The workbook as the add-in sees it: tables read in blocks, result tables written. Knows nothing of rebates.
"use strict";
(() => {
  const ERRORS = ["#VALUE!", "#N/A", "#NUM!", "#DIV/0!", "#REF!", "#NAME?", "#NULL!", "#SPILL!", "#CALC!", "#GETTING_DATA", "#BUSY!", "#FIELD!", "#BLOCKED!", "#CONNECT!"];
  const MARK = "_rebates_result"; // the hidden name by which our own sheets are known
  const HEADER_FILL = "#F5F7FA", MUTED = "#5B6675", INK = "#1F2937", LINK = "#2E7D5B", BAR = "#9CC3E6", BARS = ["#1F6FB2", "#9CC3E6", "#2E7D5B"];
  const hex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const encoder = new TextEncoder();

  Rebates.letters = (index) => {
    let text = "";
    for (let n = index + 1; n > 0; n = Math.floor((n - 1) / 26)) text = String.fromCharCode(65 + (n - 1) % 26) + text;
    return text;
  };

  // 'Exchange Rates'!A1:C9 -> sheet and cells
  Rebates.parseAddress = (address) => {
    const at = address.lastIndexOf("!");
    let sheet = at < 0 ? "" : address.slice(0, at);
    if (sheet.startsWith("'")) sheet = sheet.slice(1, -1).replaceAll("''", "'");
    return { sheet: sheet.replace(/^\[[^\]]*\]/, ""), cells: address.slice(at + 1) };
  };

  const block = async (rows) => {
    const text = JSON.stringify(rows);
    return { text, hash: hex(await crypto.subtle.digest("SHA-256", encoder.encode(text))) };
  };
  Rebates.block = block;

  // A range's cells, block by block, so that no answer of Excel grows beyond what it can carry.
  Rebates.readBlocks = async (context, sheet, range) => {
    range.load("rowIndex,columnIndex,rowCount,columnCount");
    await context.sync();
    const { rowIndex, columnIndex, rowCount, columnCount } = range;
    const height = Math.max(1, Math.floor(Rebates.config.limits.cells / columnCount)), blocks = [];
    for (let top = 0; top < rowCount; top += height) {
      const part = sheet.getRangeByIndexes(rowIndex + top, columnIndex, Math.min(height, rowCount - top), columnCount);
      part.load("values");
      await context.sync();
      let rows = part.values;
      if (rows.some((row) => row.some((cell) => typeof cell === "string" && ERRORS.includes(cell)))) {
        part.load("valueTypes"); // only then, since it doubles what Excel sends
        await context.sync();
        rows = rows.map((row, y) => row.map((cell, x) => part.valueTypes[y][x] === "Error" ? { error: cell } : cell));
      }
      blocks.push(await block(rows.map((row) => row.map((cell) => cell === "" ? null : cell))));
    }
    return { row: rowIndex, column: columnIndex, blocks };
  };

  // Ask with the hashes; send what the server has not got; ask again.
  Rebates.ask = async (path, body, blocks, onProgress = () => {}, signal = undefined) => {
    const texts = new Map(blocks.map((one) => [one.hash, one.text]));
    for (let round = 0; round < 3; round++) {
      const answer = await Rebates.request("POST", path, body, signal);
      if (!answer.missing) return answer;
      let sent = 0;
      for (const hash of answer.missing) {
        if (!texts.has(hash)) throw new Rebates.Failure(0, "MISMATCH", "The Rebates server asks for what is not in this workbook.");
        await Rebates.request("PUT", "/blocks/" + hash, texts.get(hash), signal);
        onProgress(++sent / answer.missing.length);
      }
    }
    throw new Rebates.Failure(0, "NOT_KEPT", "The Rebates server cannot keep the tables; look at its cache folder.");
  };

  // Every standard table of the workbook: by the name of its Excel table, else by the name of its sheet.
  Rebates.readTables = (onProgress = () => {}) => Excel.run(async (context) => {
    const tables = context.workbook.tables, sheets = context.workbook.worksheets;
    tables.load("items/name,items/worksheet/name");
    sheets.load("items/name");
    await context.sync();
    const key = (name) => name.toLowerCase().replace(/[\s_-]+/g, "");
    const byTable = new Map(tables.items.map((table) => [key(table.name), table])), bySheet = new Map(sheets.items.map((sheet) => [key(sheet.name), sheet]));
    const found = [], blocks = [];
    for (const [index, { name, table }] of Rebates.config.tables.entries()) {
      const excel = byTable.get(key(table)), sheet = bySheet.get(key(name));
      if (!excel && !sheet) continue;
      const place = excel ? excel.worksheet : sheet;
      const range = excel ? excel.getRange() : sheet.getUsedRangeOrNullObject(true);
      range.load("isNullObject");
      await context.sync();
      if (range.isNullObject) continue;
      const read = await Rebates.readBlocks(context, place, range);
      blocks.push(...read.blocks);
      found.push({ name, sheet: place.name, row: read.row, column: read.column, is_table: Boolean(excel), blocks: read.blocks.map((one) => one.hash) });
      onProgress((index + 1) / Rebates.config.tables.length);
    }
    return { tables: found, blocks };
  });

  // ---- writing
  const text = (value) => "'" + value; // a text stays a text: no formula, no date, no number
  const plain = (value, column) => value === null ? "" : typeof value === "object" ? text(value.text)
    : typeof value === "string" || column.format === "@" ? text(String(value)) : value;

  async function ownSheet(context, name) {
    const sheet = context.workbook.worksheets.getItemOrNullObject(name);
    sheet.load("isNullObject");
    await context.sync();
    if (sheet.isNullObject) {
      const made = context.workbook.worksheets.add(name);
      made.names.add(MARK, "=TRUE").visible = false;
      return made;
    }
    const mark = sheet.names.getItemOrNullObject(MARK);
    mark.load("isNullObject");
    sheet.tables.load("items/name");
    sheet.charts.load("items/name");
    await context.sync();
    if (mark.isNullObject) throw new Rebates.Failure(0, "FOREIGN_SHEET", `A sheet named ${name} is there already and is not one of ours. Rename it, then try again.`);
    sheet.tables.items.forEach((table) => table.delete());
    sheet.charts.items.forEach((chart) => chart.delete());
    sheet.getRange().clear();
    sheet.freezePanes.unfreeze();
    return sheet;
  }

  function heading(sheet, table) {
    const title = sheet.getRangeByIndexes(0, 0, 1, 1);
    title.values = [[text(table.title)]];
    title.format.font.bold = true;
    title.format.font.size = 15;
    title.format.font.color = INK;
    table.notes.forEach((note, index) => {
      const cell = sheet.getRangeByIndexes(index + 1, 0, 1, 1);
      cell.values = [[text(note)]];
      cell.format.font.size = 9;
      cell.format.font.color = MUTED;
    });
    return table.notes.length + 2; // the row of the header
  }

  async function body(context, sheet, table, top) {
    const width = table.columns.length;
    const header = sheet.getRangeByIndexes(top, 0, 1, width);
    header.values = [table.columns.map((column) => text(column.header))];
    header.format.font.bold = true;
    header.format.fill.color = HEADER_FILL;
    header.format.wrapText = true;
    const rows = table.rows.length ? table.rows : [table.columns.map((_, index) => index ? null : "nothing to show")];
    const height = Math.max(1, Math.floor(Rebates.config.limits.cells / width));
    for (let start = 0; start < rows.length; start += height) {
      const part = rows.slice(start, start + height);
      const range = sheet.getRangeByIndexes(top + 1 + start, 0, part.length, width);
      range.numberFormat = part.map(() => table.columns.map((column) => column.format));
      range.values = part.map((row) => row.map((cell, index) => plain(cell, table.columns[index])));
      await context.sync();
    }
    return rows.length;
  }

  function columns(sheet, table, top, height) {
    table.columns.forEach((column, index) => {
      const range = sheet.getRangeByIndexes(top, index, height + 1, 1);
      range.format.columnWidth = column.width * 0.75; // points
      range.format.horizontalAlignment = column.right ? "Right" : "Left";
      range.format.verticalAlignment = "Top";
      if (column.wrap) range.format.wrapText = true;
      const cells = sheet.getRangeByIndexes(top + 1, index, height, 1);
      if (column.bar && table.rows.length) {
        const bar = cells.conditionalFormats.add("DataBar").dataBar;
        bar.positiveFormat.fillColor = BAR;
        bar.positiveFormat.gradientFill = false;
        bar.lowerBoundRule = { type: "Number", formula: "=0" };
        bar.upperBoundRule = { type: "Number", formula: "=1" };
      }
      if (column.total && table.rows.length) {
        const total = sheet.getRangeByIndexes(top + height + 1, index, 1, 1), letter = Rebates.letters(index);
        total.numberFormat = [[column.format]];
        total.formulas = [[`=SUBTOTAL(109,${letter}${top + 2}:${letter}${top + height + 1})`]];
        total.format.font.bold = true;
        total.format.horizontalAlignment = "Right";
      }
      if (column.kind === "link") {
        table.rows.forEach((row, number) => {
          if (row[index] && number < 5000) {
            const cell = sheet.getRangeByIndexes(top + 1 + number, index, 1, 1);
            cell.hyperlink = { documentReference: `'${row[index].sheet.replaceAll("'", "''")}'!${row[index].cell}`, textToDisplay: row[index].text };
            cell.format.font.color = LINK;
          }
        });
      }
    });
  }

  async function writeTable(context, table) {
    const sheet = await ownSheet(context, table.name);
    const top = heading(sheet, table), height = await body(context, sheet, table, top);
    const excel = sheet.tables.add(sheet.getRangeByIndexes(top, 0, height + 1, table.columns.length), true);
    excel.name = table.table;
    excel.style = "TableStyleLight1";
    columns(sheet, table, top, height);
    if (table.columns.some((column) => column.total) && table.rows.length) {
      const total = sheet.getRangeByIndexes(top + height + 1, 0, 1, table.columns.length);
      total.format.borders.getItem("EdgeTop").style = "Continuous";
      const label = sheet.getRangeByIndexes(top + height + 1, 0, 1, 1);
      label.values = [[text("Total")]];
      label.format.font.bold = true;
    }
    if (table.chart) await chart(context, sheet, table, top + height + 3);
    sheet.freezePanes.freezeAt(sheet.getRangeByIndexes(0, 0, top + 1, table.freeze));
    sheet.tabColor = table.tab;
    sheet.showGridlines = false;
    await context.sync();
  }

  // Below a table: its chart, and the short list that it is drawn from. The chart hides the labels of its bars.
  async function chart(context, sheet, table, top) {
    const { heading: words, columns: places, rows, labels, values, title, axisEnd } = table.chart;
    const put = (row, column, value, format) => {
      const cell = sheet.getRangeByIndexes(row, column, 1, 1);
      if (format) cell.numberFormat = [[format]];
      cell.values = [[value]];
      return cell;
    };
    const head = put(top, 0, text(words));
    head.format.font.bold = true;
    head.format.font.size = 12;
    places.forEach((place) => {
      const cell = put(top + 1, place, text(table.columns[place].header));
      cell.format.font.bold = true;
      cell.format.fill.color = HEADER_FILL;
      cell.format.wrapText = true;
      cell.format.horizontalAlignment = table.columns[place].right ? "Right" : "Left";
    });
    const first = top + 2, under = first + rows.length + 1;
    rows.forEach((row, number) => row.forEach((value, index) => {
      const column = table.columns[places[index]], cell = put(first + number, places[index], plain(value, column), column.format);
      cell.format.horizontalAlignment = column.right ? "Right" : "Left";
    }));
    labels.forEach((label, number) => { put(under + 1 + number, 0, text(label)).format.font.color = MUTED; });
    await context.sync();
    const column = (place, start) => sheet.getRangeByIndexes(start, place, rows.length, 1);
    const drawn = sheet.charts.add("BarClustered", column(values[0], first), "Columns");
    drawn.name = table.table + "_Chart";
    drawn.title.text = title;
    drawn.title.format.font.size = 12;
    drawn.title.format.font.bold = true;
    drawn.title.format.font.color = INK;
    drawn.legend.visible = values.length > 1;
    if (values.length > 1) drawn.legend.position = "Bottom";
    values.forEach((place, index) => {
      const series = index ? drawn.series.add(table.columns[place].header) : drawn.series.getItemAt(0);
      if (index) series.setValues(column(place, first));
      series.name = table.columns[place].header;
      series.setXAxisValues(column(0, under + 1));
      series.format.fill.setSolidColor(BARS[index % BARS.length]);
      series.gapWidth = 45;
      series.hasDataLabels = true;
      series.dataLabels.numberFormat = table.columns[place].kind === "percent" ? "0.0%" : "#,##0";
    });
    const { valueAxis, categoryAxis } = drawn.axes;
    valueAxis.minimum = 0;
    if (axisEnd !== null) valueAxis.maximum = axisEnd;
    valueAxis.visible = false;
    valueAxis.majorGridlines.visible = false;
    categoryAxis.reversePlotOrder = true; // the first on top
    const height = Math.max(12, rows.length * (1 + values.length) + 6);
    drawn.setPosition(sheet.getRangeByIndexes(under, 0, 1, 1), sheet.getRangeByIndexes(under + height, Math.min(6, table.columns.length - 1), 1, 1));
    await context.sync();
  }

  // Result tables as sheets of our own; a sheet of that name that is not ours is never touched.
  Rebates.writeTables = (tables, onProgress = () => {}) => Excel.run(async (context) => {
    for (const [index, table] of tables.entries()) {
      await writeTable(context, table);
      onProgress((index + 1) / tables.length, table.name);
    }
    if (tables.length) context.workbook.worksheets.getItem(tables[0].name).activate();
    await context.sync();
  });

  Rebates.goTo = (sheet, cell) => Excel.run(async (context) => {
    const place = context.workbook.worksheets.getItemOrNullObject(sheet);
    place.load("isNullObject");
    await context.sync();
    if (place.isNullObject) throw new Rebates.Failure(0, "NO_SHEET", `There is no sheet ${sheet} in this workbook.`);
    place.activate();
    place.getRange(cell || "A1").select();
    await context.sync();
  });

  // The selected cell: where it is, what it holds, and the row of the result table it stands in.
  Rebates.selectedCell = () => Excel.run(async (context) => {
    const cell = context.workbook.getActiveCell();
    cell.load("address,formulas,values,text,rowIndex,columnIndex");
    cell.worksheet.load("name");
    cell.worksheet.tables.load("items/name");
    await context.sync();
    const found = { address: cell.address, formula: String(cell.formulas[0][0]), value: cell.values[0][0], text: cell.text[0][0], row: null };
    for (const table of cell.worksheet.tables.items) {
      const range = table.getRange();
      range.load("rowIndex,rowCount,columnIndex,columnCount");
      await context.sync();
      const inside = cell.rowIndex > range.rowIndex && cell.rowIndex < range.rowIndex + range.rowCount
        && cell.columnIndex >= range.columnIndex && cell.columnIndex < range.columnIndex + range.columnCount;
      if (!inside) continue;
      const header = cell.worksheet.getRangeByIndexes(range.rowIndex, range.columnIndex, 1, range.columnCount);
      const row = cell.worksheet.getRangeByIndexes(cell.rowIndex, range.columnIndex, 1, range.columnCount);
      header.load("values");
      row.load("values");
      await context.sync();
      found.row = Object.fromEntries(header.values[0].map((name, index) => [String(name), row.values[0][index]]));
    }
    return found;
  });

  // One formula, four spellings in files: every REBATE formula is entered again under its plain name.
  const SPELLED = /(?:_xldudf_|'[^']*'!|\[\d+\]!?|[\w.]*\.xlam!)(REBATE_[A-Z_]+\()/g;
  Rebates.activateFunctions = () => Excel.run(async (context) => {
    const sheets = context.workbook.worksheets;
    sheets.load("items/name");
    await context.sync();
    let entered = 0;
    for (const sheet of sheets.items) {
      const used = sheet.getUsedRangeOrNullObject();
      used.load("isNullObject,formulas,rowIndex,columnIndex");
      await context.sync();
      if (used.isNullObject) continue;
      used.formulas.forEach((row, y) => row.forEach((formula, x) => {
        if (typeof formula !== "string" || !formula.startsWith("=") || !formula.includes("REBATE_")) return;
        sheet.getRangeByIndexes(used.rowIndex + y, used.columnIndex + x, 1, 1).formulas = [[formula.replace(SPELLED, "$1")]];
        entered++;
      }));
      await context.sync();
    }
    return entered;
  });
})();
