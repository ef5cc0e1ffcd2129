// REBATE_BOOK: Excel hands over the tables only to say that one of them changed; what counts is read here, block by block,
// and of it only what the server has not got is sent. The handle is the server's answer.
"use strict";
(() => {
  const HANDLES = "rebates.handles"; // the cells of this workbook that hold one

  // The table of an argument: its range in the workbook; values without a place (an array, a path) as they are.
  async function table(value, address) {
    if (value === undefined || value === null) return null;
    const grid = Array.isArray(value) ? value : [[value]];
    const single = grid.length === 1 && grid[0].length === 1;
    if (single) return { cell: Rebates.wireCell(grid[0][0]), blocks: [] };
    if (!address) {
      const one = await Rebates.block(Rebates.wire(grid));
      return { row: 0, column: 0, blocks: [one] };
    }
    const { sheet, cells } = Rebates.parseAddress(address);
    return Excel.run((context) => {
      const place = context.workbook.worksheets.getItem(sheet);
      return Rebates.readBlocks(context, place, place.getRange(cells));
    });
  }

  Rebates.bookHandle = async (args, invocation) => {
    if (invocation?.isInValuePreview) return { value: "Rebates (computed when the formula is entered)" };
    try {
      const names = Rebates.config.functions[Rebates.config.book], tables = {}, blocks = [];
      for (const [index, value] of args.entries()) {
        const found = await table(value, invocation?.parameterAddresses?.[index]);
        if (!found) continue;
        blocks.push(...found.blocks);
        tables[names[index]] = found.blocks.length ? { blocks: found.blocks.map((one) => one.hash) } : { cell: found.cell };
      }
      const answer = await Rebates.ask("/book", { tables, date_1904: await Rebates.date1904() }, blocks);
      keep(invocation?.address);
      return answer.answer;
    } catch (e) {
      return { error: { code: "#VALUE!", message: e.message || "The tables could not be read." } };
    }
  };

  // A handle in a saved file belongs to yesterday: its cells are noted in the workbook and entered again on opening.
  function keep(address) {
    const settings = globalThis.Office?.context?.document?.settings;
    if (!address || !settings) return;
    const known = settings.get(HANDLES) || [];
    if (known.includes(address)) return;
    settings.set(HANDLES, [...known, address].slice(-50));
    settings.saveAsync();
    Office.addin?.setStartupBehavior?.(Office.StartupBehavior?.load);
  }

  Rebates.recalculateHandles = async () => {
    const known = globalThis.Office?.context?.document?.settings?.get(HANDLES) || [];
    if (!known.length) return 0;
    return Excel.run(async (context) => {
      let entered = 0;
      for (const address of known) {
        const { sheet, cells } = Rebates.parseAddress(address);
        const place = context.workbook.worksheets.getItemOrNullObject(sheet);
        place.load("isNullObject");
        await context.sync();
        if (place.isNullObject) continue;
        const cell = place.getRange(cells);
        cell.load("formulas");
        await context.sync();
        const formula = cell.formulas[0][0];
        if (typeof formula !== "string" || !formula.toUpperCase().includes(Rebates.config.book + "(")) continue;
        cell.formulas = [[formula]];
        entered++;
      }
      await context.sync();
      return entered;
    });
  };
})();
