// The task pane: which view is shown, what runs, what the person is told. One thing runs at a time, and it can be seen to run.
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const TABS = ["health", "cell", "attainment", "coach"];
  const NO_UNDO = "Excel's Undo does not take it back";
  const SHEETS = (what) => `This writes ${what} and replaces those of an earlier run. The tables that you typed are not changed.\n\n${NO_UNDO}: run it again for newer figures, or delete the sheets.`;
  const WRITES = {
    check: SHEETS("the sheet Check"),
    calculate: SHEETS("the result sheets (Check, Attainment, Accruals and the others)"),
    validate_claims: SHEETS("the sheet Claim Check"),
    activate_functions: `This enters every formula of Rebates anew, under its plain name. Other formulas and values are not changed.\n\n${NO_UNDO}; the formulas compute the same as before.`,
  };
  const FOOTER = ["calculate", "check"]; // what is always at hand; all others are one step away
  const state = { view: "health", overview: null, program: "", busy: false, agreed: new Set(), cell: null, explained: [], selection: 0, task: null, controller: null };

  // ---- telling
  const announce = (text) => { $("announcer").textContent = text; };
  function tell(text, wrong = false) {
    $("message-text").textContent = text;
    $("message").classList.toggle("wrong", wrong);
    $("message").hidden = !text;
    announce(text);
  }
  function progress(text, share) {
    $("working").hidden = !text;
    $("working-text").textContent = text || "";
    if (share === undefined || share === null) $("progress").removeAttribute("value"); else $("progress").value = share;
  }

  function select(view) {
    state.view = view;
    state.task = null;
    $("tabs").hidden = false;
    $("task").hidden = true;
    document.querySelector("footer").hidden = false;
    for (const name of TABS) {
      const here = name === view;
      $("tab-" + name).setAttribute("aria-selected", String(here));
      $("tab-" + name).tabIndex = here ? 0 : -1;
      $("view-" + name).hidden = !here;
    }
  }
  function show(view) {
    select(view);
    render();
    if (view === "cell") explainSelection();
  }

  function render() {
    const views = Rebates.views, data = state.overview, none = [views.element("p", { class: "muted", text: "The workbook has not been read yet. Press Refresh." })];
    const content = {
      health: () => data ? views.health(data, (sheet, cell) => guarded(() => Rebates.goTo(sheet, cell))) : none,
      attainment: () => data ? views.attainment(data, state.program, (program) => { state.program = program; render(); $("program").focus(); }, explainFigure) : none,
      coach: () => data ? views.coach(data, explainFigure) : none,
      cell: () => views.cell(state.cell, state.explained),
    };
    $("view-" + state.view).replaceChildren(...content[state.view]().filter(Boolean));
    $("as-of").textContent = data ? `as of ${data.as_of}` : "";
  }

  // ---- running
  async function guarded(work) {
    try { return await work(); } catch (e) {
      if (e.status === 401) { askToken(Rebates.hasToken() ? "That token does not hold (any more)." : ""); return undefined; }
      tell(e instanceof Rebates.Failure ? e.message : `Excel could not do that: ${e.message || e}`, true);
      return undefined;
    }
  }

  const BUSY = "#actions button, #refresh, #task button, #task input, #task select";
  const enable = (yes) => document.querySelectorAll(BUSY).forEach((one) => { one.disabled = !yes; });

  async function running(text, work, cancellable = true) {
    if (state.busy) return undefined;
    state.busy = true;
    state.controller = new AbortController();
    enable(false);
    tell("");
    progress(text);
    announce(text);
    $("cancel").hidden = !cancellable;
    try { return await guarded(work); } finally {
      state.busy = false;
      state.controller = null;
      progress("");
      enable(true);
    }
  }

  const stopped = () => { if (state.controller?.signal.aborted) throw new Rebates.Failure(0, "CANCELLED", "Cancelled. Nothing was written."); };

  // The question with the workbook's tables, and with files where a task has some; what the server has already is not sent again.
  async function ask(action, options = {}, files = null) {
    const signal = state.controller?.signal, reading = (share) => { stopped(); progress("Reading the tables", share); };
    progress("Reading the tables", 0);
    const read = await Rebates.readTables(reading);
    stopped();
    progress("Sending what has changed");
    const sending = (share) => progress("Sending what has changed", share), request = { tables: read.tables, options, date_1904: await Rebates.date1904() };
    const computing = setTimeout(() => progress("Computing"), 300);
    let asked;
    if (files) {
      await Rebates.ask("/blocks", { blocks: read.blocks.map((one) => one.hash) }, read.blocks, sending, signal);
      const head = JSON.stringify({ ...request, files: files.map((file) => ({ name: file.name, size: file.size })) });
      asked = Rebates.request("POST", "/upload/" + action, new Blob([head, "\n", ...files]), signal);
    } else asked = Rebates.ask("/action/" + action, request, read.blocks, sending, signal);
    const answer = await asked.finally(() => clearTimeout(computing));
    if (answer.missing) throw new Rebates.Failure(0, "NOT_KEPT", "The Rebates server cannot keep the tables; try again.");
    if (answer.overview) state.overview = answer.overview;
    return answer;
  }

  const refresh = () => running("Reading the workbook", async () => {
    await ask("overview");
    render();
    announce(state.overview.health.title);
  });

  function confirmed(action) {
    const label = Rebates.config.actions[action].label;
    if (!WRITES[action] || state.agreed.has(action)) return Promise.resolve(true);
    if ($("confirm").open) return Promise.resolve(false); // it is asking already
    $("confirm-title").textContent = label;
    $("confirm-text").textContent = WRITES[action];
    $("confirm-yes").textContent = action === "activate_functions" ? "Enter" : "Write";
    const dialog = $("confirm");
    dialog.showModal();
    $("confirm-yes").focus();
    return new Promise((done) => {
      const end = (yes) => { dialog.close(); $("confirm-yes").onclick = $("confirm-no").onclick = dialog.oncancel = null; if (yes) state.agreed.add(action); done(yes); };
      $("confirm-yes").onclick = () => end(true);
      $("confirm-no").onclick = () => end(false);
      dialog.oncancel = (event) => { event.preventDefault(); end(false); };
    });
  }

  function save(file) {
    const bytes = Uint8Array.from(atob(file.base64), (sign) => sign.charCodeAt(0));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([bytes], { type: file.type }));
    link.download = file.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  const OWN = {
    explain_cell: async () => { show("cell"); },
    activate_functions: async () => await confirmed("activate_functions") && running("Entering the formulas again", async () => {
      const entered = await Rebates.activateFunctions();
      tell(entered === 1 ? "1 formula was entered again." : `${Rebates.views.number(entered)} formulas were entered again.`);
    }),
    new_workbook: () => running("Opening a new workbook", async () => {
      const answer = await Rebates.request("POST", "/action/new_workbook", {});
      await Excel.createWorkbook(answer.workbook);
      tell("The new workbook is open in a window of its own.");
    }),
  };

  Rebates.run = async (action, { fromRibbon = false } = {}) => {
    if (fromRibbon) await globalThis.Office?.addin?.showAsTaskpane?.();
    if (Rebates.tasks.has(action)) return open(action);
    const before = document.activeElement;
    if (state.task) show(state.view);
    if (OWN[action]) { await OWN[action](); if (action !== "explain_cell") before?.focus?.(); return undefined; }
    if (state.busy || !await confirmed(action)) return undefined;
    await running(Rebates.config.actions[action].label, async () => {
      const answer = await ask(action);
      stopped();
      if (answer.tables.length) await pane.write((onProgress) => Rebates.writeTables(answer.tables, onProgress));
      if (answer.file) save(answer.file);
      render();
      const sheets = answer.tables.map((one) => one.name);
      const written = sheets.length > 1 ? `${sheets.length} sheets written: ${sheets.join(", ")}.` : sheets.length ? `Sheet ${sheets[0]} written.` : answer.messages.join("\n");
      tell([written, answer.problems].filter(Boolean).join("\n"));
    });
    before?.focus?.();
    return undefined;
  };

  // ---- a task: one at a time, in the place of the views
  const pane = {
    running, ask, tell, announce,
    draw: () => { if (state.task) $("task-body").replaceChildren(...Rebates.tasks.draw(state.task, pane).filter(Boolean)); },
    write: (work) => { stopped(); $("cancel").hidden = true; return work((share, name) => progress(`Writing ${name}`, share)); },
    start: (action) => Rebates.run(action),
    goTo: (sheet, cell) => guarded(() => Rebates.goTo(sheet, cell)),
    // What was done is told where the figures are; they are read again, since the tables have changed.
    async done(text, changed = true) {
      show("health");
      if (changed) try { await ask("overview"); } catch (e) { state.overview = null; }
      render();
      tell(text);
      $("tab-health").focus();
    },
  };

  function open(action) {
    if (state.busy) return undefined;
    tell("");
    TABS.forEach((name) => { $("view-" + name).hidden = true; });
    $("tabs").hidden = true;
    document.querySelector("footer").hidden = true;
    $("task").hidden = false;
    $("task-title").textContent = Rebates.tasks.title(action);
    state.task = { action, files: null, answer: null, options: {} };
    pane.draw();
    $("task-title").focus();
    return Rebates.tasks.begin(state.task, pane);
  }

  function leave() {
    if (state.busy) return;
    tell("");
    show(state.view);
    $("action-more").focus();
  }

  // ---- the selected cell
  const table = (answer, name) => answer.tables.filter((one) => one.name === name);
  function fromTables(answer) {
    const parts = answer.messages.map((text) => ({ text }));
    const transactions = table(answer, "Transactions");
    table(answer, "Explanation").forEach((one, index) => {
      const fields = one.columns.map((column) => column.field);
      const percents = one.columns.some((column) => column.field === "rate" && column.kind === "percent");
      parts.push({ title: one.title, text: transactions[index]?.title.split(": ").pop(), steps: one.rows.map((row) => ({ percents, ...Object.fromEntries(fields.map((field, at) => [field, row[at]])) })) });
    });
    return parts;
  }

  // A figure id says all; a row without one is known by its program, participant and period.
  const optionsOf = (row) => {
    if (!row) return null;
    if (row["Figure ID"]) return { figure_id: String(row["Figure ID"]) };
    if (row["Program ID"] && row["Participant ID"]) return { program: String(row["Program ID"]), distributor: String(row["Participant ID"]), period: String(row["Period"] || "") };
    return null;
  };

  async function explainCall(call) {
    const names = Rebates.config.functions[call.name], last = { error: call.answer.error };
    const single = (value) => Array.isArray(value) && value.length === 1 && value[0].length === 1 ? value[0][0] : value;
    const shown = (value) => Array.isArray(value) ? `${value.length} × ${value[0]?.length || 0} cells` : value === null ? "left out" : value?.error || String(value);
    const given = names.map((name, index) => ({ step: name, detail: "", quantity: null, rate: null, amount: shown(single(call.arguments[index] ?? null)) })).filter((one) => one.amount !== "left out");
    const parts = [last, { title: call.name, text: "What it was given", steps: given }];
    const explains = ["book", "program", "distributor"].every((name) => names.includes(name)) && Rebates.config.functions.REBATE_EXPLAIN;
    const argument = (name) => names.includes(name) ? call.arguments[names.indexOf(name)] ?? null : null;
    if (!call.answer.error && explains && single(argument("program")) && single(argument("distributor"))) {
      const answer = await Rebates.call("REBATE_EXPLAIN", ["book", "program", "distributor", "period", "as_of"].map(argument));
      if (answer.error) parts.push({ error: answer.error });
      else parts.push({ title: "Step by step", steps: answer.value.slice(1).map(([step, detail, quantity, rate, amount]) => ({ step, detail, quantity: quantity === "" ? null : quantity, rate: rate === "" ? null : rate, amount })) });
    }
    return parts;
  }

  async function explainSelection() {
    if (!globalThis.Excel) return;
    const turn = ++state.selection;
    await guarded(async () => {
      const found = await Rebates.selectedCell();
      const call = Rebates.cells.get(found.address), options = optionsOf(found.row);
      let explained = [{ text: "This cell holds no figure of ours." }];
      if (call) explained = await explainCall(call);
      else if (options) explained = fromTables(await ask("explain_cell", options));
      if (turn !== state.selection) return; // another cell has been selected meanwhile
      state.cell = found;
      state.explained = explained;
      if (state.view === "cell") render();
      announce(`Cell ${found.address.split("!").pop()} explained`);
    });
    progress("");
  }

  const explainFigure = (figure) => running("Explaining", async () => {
    const answer = await ask("explain_cell", { figure_id: figure });
    state.cell = { address: figure, text: "", formula: "" };
    state.explained = fromTables(answer);
    state.selection++;
    select("cell");
    render();
    $("tab-cell").focus();
    announce(`${figure} explained`);
  });

  // ---- signing in
  function askToken(text) {
    $("sign-in").hidden = false;
    $("task").hidden = true;
    TABS.forEach((name) => { $("view-" + name).hidden = true; });
    if (text) tell(text, true);
    $("token").focus();
  }
  $("sign-in").addEventListener("submit", async (event) => {
    event.preventDefault();
    Rebates.setToken($("token").value.trim());
    $("token").value = "";
    $("sign-in").hidden = true;
    show(state.view);
    await refresh();
    if ($("sign-in").hidden) await Rebates.recalculateHandles?.();
  });

  // ---- start
  function theme() {
    const office = globalThis.Office?.context?.officeTheme, background = office?.bodyBackgroundColor || "";
    const light = /^#?[0-9a-f]{6}$/i.test(background) ? parseInt(background.replace("#", "").slice(0, 2), 16) > 127 : null;
    const dark = office?.isDarkTheme ?? (light === null ? matchMedia("(prefers-color-scheme: dark)").matches : !light);
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  }

  function buttons() {
    const button = (id, label, help, on, kind) => Rebates.views.element("button", { type: "button", id: "action-" + id, class: kind, title: help, text: label, on });
    const known = FOOTER.filter((name) => Rebates.config.actions[name]).map((name, index) => {
      const { label, help } = Rebates.config.actions[name];
      return button(name, label, help, () => Rebates.run(name), index ? null : "primary");
    });
    $("actions").replaceChildren(...known, button("more", "All actions", "Import, claims, closing, statements and the others", () => open("menu")));
  }

  function keys(event) {
    const at = TABS.indexOf(state.view), move = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: TABS.length - 1 }[event.key];
    if (move === undefined) return;
    event.preventDefault();
    const view = TABS[(move + TABS.length) % TABS.length];
    show(view);
    $("tab-" + view).focus();
  }

  Office.onReady(async () => {
    theme();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", theme);
    buttons();
    TABS.forEach((name) => $("tab-" + name).addEventListener("click", () => { tell(""); show(name); }));
    $("tabs").addEventListener("keydown", keys);
    $("refresh").addEventListener("click", refresh);
    $("message-close").addEventListener("click", () => { tell(""); $(state.task ? "task-title" : "tab-" + state.view).focus(); });
    $("cancel").addEventListener("click", () => { state.controller?.abort(); progress("Cancelling"); $("cancel").hidden = true; });
    $("task-back").addEventListener("click", leave);
    $("task").addEventListener("keydown", (event) => { if (event.key === "Escape") leave(); });
    const session = await guarded(() => Rebates.request("GET", "/session"));
    if (session?.sign_in === "provider" && Office.auth) Rebates.signIn = () => Office.auth.getAccessToken({ allowSignInPrompt: true });
    await guarded(() => Excel.run(async (context) => {
      context.workbook.onSelectionChanged.add(async () => { if (state.view === "cell" && !state.busy && !state.task) await explainSelection(); });
      await context.sync();
    }));
    render();
    if (session?.sign_in === "token" && !Rebates.hasToken()) askToken("");
    else await refresh();
    document.documentElement.dataset.ready = "yes";
  });
})();
