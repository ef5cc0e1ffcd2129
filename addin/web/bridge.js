// The way to the server: who asks, one retry, cell functions in batches, and what each cell was last told.
// Everything that Excel starts within a few milliseconds travels in one request, an answer for each call.
"use strict";
globalThis.Rebates = (() => {
  const WAIT_MS = 5;
  const REMEMBERED = 20000; // cells
  const RETRIED = [0, 429, 502, 503, 504];
  const TOKEN = "rebates.token";
  const rebates = { config: null, cells: new Map() };
  let queue = [], timer = null, date1904 = null;

  class Failure extends Error {
    constructor(status, code, message) { super(message); this.status = status; this.code = code; }
  }
  rebates.Failure = Failure;

  // ---- requests
  const kept = new Map(); // where the browser gives a framed page no storage, a token lasts as long as the page
  const memory = { getItem: (name) => kept.get(name) ?? null, setItem: (name, value) => kept.set(name, value), removeItem: (name) => kept.delete(name) };
  const store = () => { try { return globalThis.localStorage || memory; } catch (e) { return memory; } };
  const partition = () => (globalThis.Office?.context?.partitionKey || "") + TOKEN;
  rebates.setToken = (token) => { if (token) store().setItem(partition(), token); else store().removeItem(partition()); };
  rebates.hasToken = () => Boolean(store().getItem(partition()));
  rebates.signIn = null; // how to get a token of an identity provider; set by the pane when the server wants one

  async function authorization() {
    if (rebates.signIn) { try { return { Authorization: "Bearer " + await rebates.signIn() }; } catch (e) { return {}; } }
    const token = store().getItem(partition());
    return token ? { Authorization: "Bearer " + token } : {};
  }

  async function once(method, path, body, signal) {
    const kind = body instanceof Blob ? "application/octet-stream" : "application/json"; // files travel as bytes
    let response;
    try {
      response = await fetch(path, { method, body, signal, headers: { "Content-Type": kind, ...await authorization() }, cache: "no-store", credentials: "omit" });
    } catch (e) {
      if (signal?.aborted) throw new Failure(0, "CANCELLED", "Cancelled. Nothing was written.");
      throw new Failure(0, "UNREACHABLE", "The Rebates server does not answer. Start it (rebates serve), then recalculate.");
    }
    if (response.status === 204) return null;
    let answer = null;
    try { answer = await response.json(); } catch (e) { if (signal?.aborted) throw new Failure(0, "CANCELLED", "Cancelled. Nothing was written."); }
    if (response.ok && answer !== null) return answer;
    const error = answer?.error || {};
    throw new Failure(response.status, error.code || "HTTP", error.message || `The Rebates server answered ${response.status}.`);
  }

  rebates.request = async (method, path, body, signal) => {
    const sent = body === undefined || typeof body === "string" || body instanceof Blob ? body : JSON.stringify(body);
    try { return await once(method, path, sent, signal); } catch (e) {
      if (!RETRIED.includes(e.status) || e.code === "CANCELLED") throw e;
      await new Promise((go) => setTimeout(go, 250));
      return once(method, path, sent, signal);
    }
  };

  // ---- cells
  const EMPTY = (v) => v === undefined || v === null;
  rebates.wireCell = (v) => EMPTY(v) ? null : typeof v === "object" ? { error: v.code || v.basicValue || "#VALUE!" } : v;
  rebates.wire = (v) => Array.isArray(v) ? v.map((row) => (Array.isArray(row) ? row : [row]).map(rebates.wireCell)) : rebates.wireCell(v);

  // Only #VALUE! and #N/A carry a message in Excel (those of others are kept for the pane); #REF! and #NAME? cannot be returned.
  const CODES = { "#N/A": "notAvailable", "#NUM!": "invalidNumber", "#DIV/0!": "divisionByZero", "#NULL!": "nullReference" };
  const excelError = (e) => {
    const kind = CODES[e.code] || "invalidValue", code = CustomFunctions.ErrorCode[kind];
    return kind === "invalidValue" || kind === "notAvailable" ? new CustomFunctions.Error(code, e.message) : new CustomFunctions.Error(code);
  };
  const cellValue = (v) => v !== null && typeof v === "object" ? excelError(v.error) : v;

  // What an answer is for Excel: always a matrix; an error for the whole is thrown.
  rebates.toExcel = (answer) => {
    if (answer.error) throw excelError(answer.error);
    return Array.isArray(answer.value) ? answer.value.map((row) => row.map(cellValue)) : [[answer.value]];
  };

  rebates.remember = (address, call, answer) => {
    if (!address) return;
    rebates.cells.delete(address);
    rebates.cells.set(address, { ...call, answer });
    if (rebates.cells.size > REMEMBERED) rebates.cells.delete(rebates.cells.keys().next().value);
  };

  // The workbook's date system, asked once; serial numbers are sent as the workbook counts them.
  rebates.date1904 = async () => {
    if (date1904 === null) {
      try {
        date1904 = await Excel.run(async (context) => {
          context.workbook.load("use1904DateSystem");
          await context.sync();
          return context.workbook.use1904DateSystem === true;
        });
      } catch (e) { date1904 = false; }
    }
    return date1904;
  };

  // ---- batches
  const encoder = new TextEncoder();
  function batches(waiting) {
    const { calls, bytes } = rebates.config.limits, found = [];
    let batch = [], size = 0;
    for (const one of waiting) {
      one.text = JSON.stringify(one.call);
      const length = encoder.encode(one.text).length + 1;
      if (batch.length && (batch.length >= calls || size + length > bytes)) { found.push(batch); batch = []; size = 0; }
      batch.push(one);
      size += length;
    }
    if (batch.length) found.push(batch);
    return found;
  }

  async function send(batch) {
    let answers;
    try {
      const head = `{"date_1904":${await rebates.date1904()},"calls":[`;
      answers = (await rebates.request("POST", "/call", head + batch.map((one) => one.text).join(",") + "]}")).answers;
      if (!Array.isArray(answers) || answers.length !== batch.length) throw new Failure(0, "MISMATCH", "The Rebates server answered another question; update the add-in.");
    } catch (e) {
      answers = batch.map(() => ({ error: { code: "#VALUE!", message: e.message } }));
    }
    batch.forEach((one, index) => one.done(answers[index]));
  }

  function flush() {
    timer = null;
    const waiting = queue;
    queue = [];
    batches(waiting).forEach(send);
  }

  rebates.call = (name, args) => new Promise((done) => {
    queue.push({ call: { name, arguments: args.map(rebates.wire) }, done });
    if (timer === null) timer = setTimeout(flush, WAIT_MS);
  });

  // What Excel calls: the arguments, then the invocation.
  rebates.bind = (name) => async (...given) => {
    const invocation = given[given.length - 1], args = given.slice(0, -1);
    const answer = await (name === rebates.config.book ? rebates.bookHandle(args, invocation) : rebates.call(name, args));
    rebates.remember(invocation?.address, { name, arguments: name === rebates.config.book ? [] : args.map(rebates.wire) }, answer);
    return rebates.toExcel(answer);
  };

  rebates.start = (config) => {
    rebates.config = config;
    for (const name of Object.keys(config.functions)) CustomFunctions.associate(name, rebates.bind(name));
    for (const name of Object.keys(config.actions)) {
      Office.actions.associate(name, async (event) => {
        try { await rebates.run?.(name, { fromRibbon: true }); } finally { event.completed(); }
      });
    }
    Office.onReady(() => rebates.recalculateHandles?.());
  };
  return rebates;
})();
