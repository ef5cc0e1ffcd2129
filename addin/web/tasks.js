// The actions that ask first: one task at a time in the pane, from choosing a file over what it would do to what was done.
// What is shown is what is written: before a write the same question is asked again, and a different answer is shown instead.
"use strict";
(() => {
  const { element, number } = Rebates.views;
  const NO_UNDO = "Excel's Undo does not take it back.";
  const TABLES = ".csv,.txt,.tsv,.xlsx,.xlsm,.xlsb,.xls,.ods";
  const plural = (count, one, many = one + "s") => `${number(count)} ${count === 1 ? one : many}`;
  const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);
  const paragraph = (text, kind = null) => element("p", { class: kind, text });

  const FILES = {
    import_transactions: {
      many: true, accept: TABLES + ",.yaml,.yml", choose: "Choose the export",
      about: "An export of your ERP or accounting system. Its headers say how it is read; add a profile of your own (YAML) if they are not known. You see every row before anything is written.",
      working: "Reading the export",
    },
    reconcile: {
      many: false, accept: TABLES + ",.parquet", choose: "Choose the other list",
      about: "A list of the same sales from elsewhere: your CRM, or the distributor's own. It is compared with Transactions of this workbook; nothing of it is taken over.",
      working: "Comparing",
    },
    receive_statements: {
      many: true, accept: ".xlsx,.xlsm,.xls,.xlsb,.ods,.zip", choose: "Choose filled statements",
      about: "Statements that distributors filled in and sent back, or a zip of them. Each is checked; what it claims and disputes is shown before it is appended, and only once.",
      working: "Reading the statements",
    },
  };

  // ---- what stays the same: choosing files, telling what is in them, agreeing
  function chooser(task, pane) {
    const { fileBytes, files: most } = Rebates.config.limits, mine = FILES[task.action];
    const limit = `${mine.many ? `Up to ${most} files` : "One file"}, together at most ${fileBytes >> 20} MB. They are read by the Rebates server and not kept.`;
    const input = element("input", { type: "file", id: "file", class: "unseen", accept: mine.accept, "aria-describedby": "file-limit" });
    input.multiple = mine.many;
    input.addEventListener("change", () => { const chosen = [...input.files]; input.value = ""; take(task, pane, chosen); });
    const drop = element("label", { class: "drop", for: "file" }, element("span", { class: "choose", text: task.answer ? "Choose another file" : mine.choose }), element("span", { class: "muted", text: "or drop it here" }));
    drop.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
    drop.addEventListener("dragleave", () => drop.classList.remove("over"));
    drop.addEventListener("drop", (event) => { event.preventDefault(); drop.classList.remove("over"); take(task, pane, [...event.dataTransfer.files]); });
    return [input, drop, element("p", { class: "muted", id: "file-limit", text: limit })];
  }

  function take(task, pane, files) {
    const { fileBytes, files: most } = Rebates.config.limits, size = files.reduce((sum, file) => sum + file.size, 0);
    if (!files.length) return undefined;
    if (!FILES[task.action].many && files.length > 1) return pane.tell("Choose one file.", true);
    if (files.length > most) return pane.tell(`These are ${number(files.length)} files; at most ${most} go at once. Nothing was sent.`, true);
    if (size > fileBytes) return pane.tell(`${files.length === 1 ? files[0].name : "These files"}: ${number(size / (1 << 20), 0)} MB, and at most ${fileBytes >> 20} MB go at once. Nothing was sent. Send it in parts, or use the command line.`, true);
    Object.assign(task, { files, answer: null, options: {} });
    return look(task, pane);
  }

  const look = (task, pane) => pane.running(FILES[task.action].working, async () => {
    task.answer = await pane.ask(task.action, task.options, task.files);
    pane.draw();
    pane.announce(task.answer.tables[0].title);
  });

  // Ask the same again; what is not as it was shown is shown, and nothing is written.
  async function unchanged(task, pane) {
    const again = await pane.ask(task.action, task.options, task.files), same = JSON.stringify(again.additions) === JSON.stringify(task.answer.additions);
    task.answer = again;
    if (same) return true;
    pane.draw();
    throw new Rebates.Failure(0, "CHANGED", "The workbook has changed since you looked. Nothing was written; look at the rows again.");
  }

  const where = (one) => `${plural(one.rows, "row")} appended to ${one.name}: ${one.first === one.last ? `row ${one.first}` : `rows ${one.first} to ${one.last}`}.`;
  const told = (written) => written.map(where).join("\n") + (written.length ? " To take them back, delete these rows." : "");

  async function append(task, pane) {
    const written = await pane.write((onProgress) => Rebates.append(task.answer.additions, onProgress));
    await pane.done(told(written));
  }

  function agree(task, pane) {
    const { additions } = task.answer;
    if (!additions.length) return [paragraph("There is nothing to append.")];
    const rows = additions.reduce((sum, one) => sum + one.rows.length, 0), names = additions.map((one) => `${plural(one.rows.length, "row")} below the last one of ${one.name}`).join(" and ");
    return [
      paragraph(`This writes ${names}. ${NO_UNDO} To take it back, delete the rows; you are told which.`, "undo"),
      element("button", { type: "button", class: "primary", id: "task-write", text: `Append ${plural(rows, "row")}`, on: () => pane.running("Appending", async () => { if (await unchanged(task, pane)) await append(task, pane); }) }),
    ];
  }

  // ---- the tasks
  function importing(task, pane) {
    const { answer } = task, [would, not] = answer.tables;
    const choice = element("select", { id: "profile", onchange: (event) => { task.options = { profile: event.target.value }; look(task, pane); } }, ...answer.profiles.map((name) => element("option", { value: name, text: name })));
    choice.value = answer.profile;
    return [
      element("h3", { class: "finding", text: sentence(would.title) }),
      ...answer.messages.map((text) => paragraph(text)),
      answer.profiles.length > 1 ? element("div", {}, element("label", { for: "profile", text: `Read it as (${number(answer.profiles.length)} fit)` }), choice) : paragraph(`Read as: ${answer.profile}`, "muted"),
      ...(would.rows.length ? Rebates.views.table(would, 8, answer.additions.reduce((sum, one) => sum + one.rows.length, 0)) : []),
      ...Rebates.views.problems(answer.problems.filter((one) => one.severity === "Error")),
      not.rows.length && element("details", {}, element("summary", { text: sentence(not.title) }), ...Rebates.views.table(not, 50)),
      ...agree(task, pane),
    ];
  }

  function reconciling(task, pane) {
    const [found] = task.answer.tables;
    return [
      element("h3", { class: "finding", text: sentence(found.title) }),
      ...found.notes.slice(1).map((text) => paragraph(text, "muted")),
      ...(found.rows.length ? Rebates.views.table(found) : []),
      ...Rebates.views.problems(task.answer.problems),
      paragraph(`This writes the sheet ${found.name}, and replaces that of an earlier comparison. ${NO_UNDO} To take it back, delete the sheet.`, "undo"),
      element("button", { type: "button", class: "primary", id: "task-write", text: `Write the sheet ${found.name}`, on: () => pane.running("Writing", async () => {
        await pane.write((onProgress) => Rebates.writeTables([found], onProgress));
        await pane.done(`Sheet ${found.name} written.`, false);
      }) }),
    ];
  }

  // A card for each file: taken with what it brings, or set aside with the reason.
  function receipts(found) {
    const at = Object.fromEntries(found.columns.map((column, index) => [column.field, index]));
    return element("ul", { class: "cards", "aria-label": "Files" }, ...found.rows.map((row) => {
      const taken = row[at.taken] === "Yes", rows = [[at.claims, "claim line"], [at.disputes, "dispute"]].filter(([index]) => row[index]).map(([index, words]) => plural(row[index], words)).join(", ");
      return element("li", { class: taken ? "card" : "card warning" },
        element("div", { class: "row" }, element("strong", { text: row[at.name] }), element("span", { class: taken ? "tag good" : "tag warning", text: taken ? (row[at.signed] === "Yes" ? "Taken" : "Taken, not verified") : "Set aside" })),
        taken && paragraph([rows || "nothing new", row[at.known] ? `${number(row[at.known])} known already` : ""].filter(Boolean).join(", "), "muted"),
        row[at.reason] && paragraph(row[at.reason], "muted"));
    }));
  }

  function receiving(task, pane) {
    const { answer } = task, [found] = answer.tables;
    const again = element("input", { type: "checkbox", id: "unsigned", onchange: (event) => { task.options = event.target.checked ? { unsigned: "yes" } : {}; look(task, pane); } });
    again.checked = task.options.unsigned === "yes";
    return [
      element("h3", { class: "finding", text: sentence(found.title) }),
      ...answer.messages.slice(1).map((text) => paragraph(text)),
      receipts(found),
      (answer.aside > 0 || again.checked) && element("div", { class: "check" }, again, element("label", { for: "unsigned", text: "Also take statements whose signature cannot be checked" })),
      ...Rebates.views.problems(answer.problems),
      ...agree(task, pane),
    ];
  }

  // ---- closing a period: totals by program, kind and reason
  function totals(one) {
    const at = Object.fromEntries(one.columns.map((column, index) => [column.field, index])), programs = new Map();
    for (const row of one.rows) {
      const id = `${row[at.program_id]} ${row[at.currency]}`;
      programs.set(id, [...(programs.get(id) || []), row]);
    }
    const amount = (value) => Rebates.views.shown(value, { kind: "money" }), words = (code) => code.toLowerCase().replaceAll("_", " ");
    return element("ul", { class: "cards", "aria-label": one.title }, ...[...programs.values()].map((rows) => element("li", { class: "card" },
      element("div", { class: "row" }, element("strong", { text: rows[0][at.program_id] || "All programs" }), element("strong", { text: `${rows[0][at.currency]} ${amount(rows.reduce((sum, row) => sum + row[at.amount], 0))}` })),
      ...rows.map((row) => element("div", { class: "row muted" }, element("span", { text: `${row[at.kind]}, ${words(row[at.reason])} (${plural(row[at.entries], "entry", "entries")})` }), element("span", { text: amount(row[at.amount]) }))))));
  }

  const closeLook = (task, pane, period) => pane.running("Looking at the period", async () => {
    task.answer = await pane.ask("close_period", { period });
    pane.draw();
    pane.announce(task.answer.messages[0]);
  });

  const post = (task, pane, accepted) => pane.running("Posting", async () => {
    const { period, run_id: agreed } = task.answer.closing;
    let answer;
    try { answer = await pane.ask("close_period", { period, agreed, accepted }); } catch (e) {
      if (e.status !== 409) throw e;
      task.answer = null;
      pane.draw();
      throw new Rebates.Failure(409, e.code, `${e.message} Press Look to see what is left.`);
    }
    const written = answer.additions.length ? await pane.write((onProgress) => Rebates.append(answer.additions, onProgress)) : [];
    await pane.done([...answer.messages, ...written.map(where)].join("\n"));
  }, false);

  function closing(task, pane) {
    const { answer } = task, shown = answer?.closing;
    const period = element("input", { id: "period", value: shown?.period || "", autocomplete: "off", spellcheck: "false" });
    const form = element("form", { class: "line", id: "period-form" }, element("div", {}, element("label", { for: "period", text: "Accounting period" }), period), element("button", { type: "submit", text: "Look" }));
    form.addEventListener("submit", (event) => { event.preventDefault(); closeLook(task, pane, period.value.trim()); });
    if (!shown) return [form];
    const head = element("h3", { class: "finding", text: answer.messages[0] });
    if (shown.done) {
      return [head, ...(answer.additions.length ? [paragraph(`The sheet Ledger does not show all of the ledger yet. ${NO_UNDO}`, "undo"), element("button", { type: "button", class: "primary", id: "task-write", text: "Bring the sheet up to date", on: () => pane.running("Writing", () => append(task, pane)) })] : []), form];
    }
    const reason = element("input", { id: "reason", autocomplete: "off", maxlength: "250", "aria-describedby": "reason-hint" });
    return [
      head,
      ...answer.tables.map((one) => one.rows.length && totals(one)),
      ...(shown.stopped ? [element("h3", { text: `${plural(answer.problems.length, "thing")} should be mended first` }), ...Rebates.views.problems(answer.problems, pane.goTo),
        element("div", {}, element("label", { for: "reason", text: "Close it all the same, because" }), reason, element("p", { class: "muted", id: "reason-hint", text: "Every entry carries the reason." }))] : []),
      paragraph(`This posts to the ledger as ${shown.user}, and appends the entries to the sheet Ledger. Posted entries are never changed; only the last closed period can be opened again, by whoever runs rebates reopen. ${NO_UNDO}`, "undo"),
      element("button", { type: "button", class: "primary", id: "task-write", text: shown.entries ? `Post ${plural(shown.entries, "entry", "entries")}` : `Close ${shown.period}`, on: () => {
        if (shown.stopped && !reason.value.trim()) { pane.tell("Say why the period is closed all the same, or mend what is listed.", true); reason.focus(); return; }
        post(task, pane, reason.value.trim());
      } }),
      form,
    ];
  }

  // ---- all actions, and help
  const item = (name, pane) => {
    const { label, help } = Rebates.config.actions[name];
    return element("li", {}, element("button", { type: "button", class: "action", id: "action-" + name, on: () => pane.start(name) }, element("span", { class: "label", text: label }), element("span", { class: "muted", text: help })));
  };
  const grouped = (pane) => Object.entries(Rebates.config.groups).flatMap(([group, names]) => [element("h3", { text: group }), element("ul", { class: "menu", "aria-label": group }, ...names.map((name) => item(name, pane)))]);

  const help = () => [
    paragraph(`${Rebates.config.help}, served from ${location.host}.`),
    element("ol", { class: "numbered" },
      element("li", { text: "Fill in the tables, or bring an export in with Import Transactions. New Workbook opens an empty set of them." }),
      element("li", { text: "Press Check. Every problem names its cell and what to do." }),
      element("li", { text: "Press Calculate. The green sheets are results; your own sheets are not changed." }),
      element("li", { text: "Select a figure and open Cell: how it came about is shown line by line." }),
      element("li", { text: "Type =REBATE in a cell to see the functions; the sheet Analysis has some at work." })),
    element("h3", { text: "What each button does" }),
    element("dl", { class: "terms" }, ...Object.values(Rebates.config.actions).flatMap(({ label, help: text }) => [element("dt", { text: label }), element("dd", { text })])),
  ];

  // What a task shows: its title, and how it is drawn; `begin` is what it does at once.
  Rebates.tasks = {
    title: (action) => (action === "menu" ? "All actions" : Rebates.config.actions[action].label),
    has: (action) => Boolean(FILES[action]) || ["menu", "help", "close_period"].includes(action),
    begin: (task, pane) => (task.action === "close_period" ? closeLook(task, pane, "") : undefined),
    draw(task, pane) {
      if (task.action === "menu") return grouped(pane);
      if (task.action === "help") return help();
      if (task.action === "close_period") return closing(task, pane);
      const shown = { import_transactions: importing, reconcile: reconciling, receive_statements: receiving }[task.action];
      return task.answer ? [...shown(task, pane), element("hr"), ...chooser(task, pane)] : [paragraph(FILES[task.action].about), ...chooser(task, pane)];
    },
  };
})();
