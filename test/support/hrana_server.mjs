/**
 * A libSQL server for tests: Hrana over HTTP (v2 and v3, JSON, with the v3 cursor) and over WebSocket (hrana2, hrana3), on the
 * native driver. It behaves like sqld where clients notice: batons, streams that expire, one writer at a time per database, a
 * transaction that times out waiting for it, and sqld's error codes.
 *
 * It proves nothing about a real server's durability, replication or authentication.
 */

import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { join } from "node:path";
import Database from "libsql";
import { WebSocketServer } from "ws";

/**
 * @typedef {import("./hrana_server.d.mts").HranaServerOptions} HranaServerOptions
 * @typedef {import("./hrana_server.d.mts").HranaServer} HranaServer
 * @typedef {{type: string, value?: string | number, base64?: string}} WireValue
 * @typedef {{sql?: string, sql_id?: number, args?: WireValue[], named_args?: {name: string, value: WireValue}[]}} Statement
 * @typedef {{type: string, step: number, cond: Condition, conds: Condition[]}} Condition
 * @typedef {{steps: {condition?: Condition | null, stmt: Statement}[]}} Batch
 * @typedef {{type: string, sql_id: number, sql: string, stmt: Statement, batch: Batch, stream_id: number}} Request
 * @typedef {{message: string, code: string}} WireError
 * @typedef {{cols: unknown[], rows: unknown[], affected_row_count: number, last_insert_rowid: string | null}} StatementResult
 * @typedef {{step_results: (StatementResult | null)[], step_errors: (WireError | null)[]}} BatchResult
 * @typedef {{type: "ok", response: object} | {type: "error", error: WireError}} Answer
 */

/** Requests that never wait for the database's writer. */
const FREE_REQUESTS = new Set(["store_sql", "close_sql", "get_autocommit", "describe", "close"]);

/**
 * @param {unknown} value
 * @returns {WireValue}
 */
function encodeValue(value) {
  if (value === null) return { type: "null" };
  if (typeof value === "bigint") return { type: "integer", value: String(value) };
  if (typeof value === "number") return { type: "float", value };
  if (typeof value === "string") return { type: "text", value };
  return {
    type: "blob",
    base64: Buffer.from(/** @type {Uint8Array} */ (value))
      .toString("base64")
      .replace(/=+$/, ""),
  };
}

/** @param {WireValue} value */
function decodeValue(value) {
  if (value.type === "null") return null;
  if (value.type === "integer") return BigInt(value.value ?? 0);
  if (value.type === "blob") return Buffer.from(value.base64 ?? "", "base64");
  return value.value;
}

/**
 * sqld sends base codes only (`SQLITE_CONSTRAINT`, never `…_UNIQUE`), and a statement that does not parse as `SQL_INPUT_ERROR`.
 *
 * @param {unknown} error
 * @returns {WireError}
 */
function encodeError(error) {
  const { message, code = "UNKNOWN" } = /** @type {{message: string, code?: string}} */ (error);
  if (code === "SQLITE_ERROR")
    return { message: `SQL input error: ${message} (at offset 0)`, code: "SQL_INPUT_ERROR" };
  if (!code.startsWith("SQLITE_")) return { message, code };
  return { message: `SQLite error: ${message}`, code: code.split("_").slice(0, 2).join("_") };
}

/**
 * @param {string} message
 * @param {string} code
 */
function failure(message, code) {
  return Object.assign(new Error(message), { code });
}

/** One writer at a time: a stream owns the database for as long as its connection is in a transaction. */
class WriterLock {
  /** @type {Stream | undefined} */
  #owner;
  /** @type {{stream: Stream, grant: () => void}[]} */
  #waiting = [];
  #maxWaitMs;

  /** @param {number} maxWaitMs */
  constructor(maxWaitMs) {
    this.#maxWaitMs = maxWaitMs;
  }

  /**
   * @param {Stream} stream
   * @returns {Promise<void>}
   */
  acquire(stream) {
    if (this.#owner === undefined || this.#owner === stream) {
      this.#owner = stream;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const waiter = {
        stream,
        grant: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(failure("database is locked", "SQLITE_BUSY"));
      }, this.#maxWaitMs);
      this.#waiting.push(waiter);
    });
  }

  /** @param {Stream} stream */
  release(stream) {
    if (this.#owner !== stream) return;
    const next = this.#waiting.shift();
    this.#owner = next?.stream;
    next?.grant();
  }
}

/** One client's connection: a stream of Hrana requests over one native connection. */
class Stream {
  /** @type {string | undefined} */
  baton;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  expiry;
  closed = false;
  /** @type {Map<number, string>} */
  sqls = new Map();
  #lock;
  #db;
  #onStatement;

  /**
   * @param {string} path
   * @param {WriterLock} lock
   * @param {HranaServerOptions["onStatement"]} onStatement
   */
  constructor(path, lock, onStatement) {
    this.#lock = lock;
    this.#onStatement = onStatement;
    this.#db = new Database(path, { timeout: 0 });
    this.#db.exec("PRAGMA journal_mode=WAL");
  }

  /**
   * Runs one request, waiting for the writer when it may write.
   *
   * @param {Request} request
   * @returns {Promise<Answer>}
   */
  async answer(request) {
    try {
      if (!FREE_REQUESTS.has(request.type)) await this.#lock.acquire(this);
      return { type: "ok", response: this.#respond(request) };
    } catch (error) {
      return { type: "error", error: encodeError(error) };
    } finally {
      this.#releaseWhenIdle();
    }
  }

  /** @param {Batch} batch */
  async answerBatch(batch) {
    await this.#lock.acquire(this);
    try {
      return this.#batch(batch);
    } finally {
      this.#releaseWhenIdle();
    }
  }

  close() {
    clearTimeout(this.expiry);
    if (!this.closed) {
      if (this.#db.inTransaction) this.#db.exec("ROLLBACK");
      this.#db.close();
    }
    this.closed = true;
    this.#lock.release(this);
  }

  #releaseWhenIdle() {
    if (this.closed || !this.#db.inTransaction) this.#lock.release(this);
  }

  /** @param {{sql?: string, sql_id?: number}} source */
  #text(source) {
    const sql = source.sql ?? this.sqls.get(source.sql_id ?? -1);
    if (sql === undefined) throw failure("SQL text not found", "SQL_NOT_FOUND");
    return sql;
  }

  /**
   * @param {Statement} statement
   * @returns {StatementResult}
   */
  #execute(statement) {
    const sql = this.#text(statement);
    this.#onStatement?.(sql);
    const prepared = this.#db.prepare(sql).safeIntegers(true);
    const named = statement.named_args ?? [];
    const args =
      named.length > 0
        ? Object.fromEntries(named.map(({ name, value }) => [name.replace(/^[:@$]/, ""), decodeValue(value)]))
        : (statement.args ?? []).map(decodeValue);
    if (!returnsRows(prepared)) {
      const { changes, lastInsertRowid } = prepared.run(args);
      return {
        cols: [],
        rows: [],
        affected_row_count: Number(changes),
        last_insert_rowid: String(lastInsertRowid),
      };
    }
    const before = this.#totals();
    const cols = columnsOf(prepared);
    const rows = prepared.all(args).map((row) => Array.from(/** @type {unknown[]} */ (row), encodeValue));
    const after = this.#totals();
    const changed = after.changes - before.changes;
    return {
      cols,
      rows,
      affected_row_count: changed,
      last_insert_rowid: changed > 0 ? String(after.rowid) : null,
    };
  }

  #totals() {
    const row = /** @type {{changes: number, rowid: number}} */ (
      this.#db.prepare("SELECT total_changes() AS changes, last_insert_rowid() AS rowid").get()
    );
    return { changes: Number(row.changes), rowid: row.rowid };
  }

  /**
   * @param {Batch} batch
   * @returns {BatchResult}
   */
  #batch(batch) {
    /** @type {BatchResult} */
    const result = { step_results: [], step_errors: [] };
    batch.steps.forEach(({ condition, stmt }, step) => {
      result.step_results[step] = null;
      result.step_errors[step] = null;
      if (condition && !this.#holds(condition, result)) return;
      try {
        result.step_results[step] = this.#execute(stmt);
      } catch (error) {
        result.step_errors[step] = encodeError(error);
      }
    });
    return result;
  }

  /**
   * @param {Condition} condition
   * @param {BatchResult} result
   * @returns {boolean}
   */
  #holds(condition, result) {
    switch (condition.type) {
      case "ok":
        return result.step_results[condition.step] != null;
      case "error":
        return result.step_errors[condition.step] != null;
      case "not":
        return !this.#holds(condition.cond, result);
      case "and":
        return condition.conds.every((each) => this.#holds(each, result));
      case "or":
        return condition.conds.some((each) => this.#holds(each, result));
      case "is_autocommit":
        return !this.#db.inTransaction;
      default:
        throw failure(`unknown condition ${condition.type}`, "PROTOCOL_ERROR");
    }
  }

  /**
   * @param {Request} request
   * @returns {object}
   */
  #respond(request) {
    const { type } = request;
    switch (type) {
      case "execute":
        return { type, result: this.#execute(request.stmt) };
      case "batch":
        return { type, result: this.#batch(request.batch) };
      case "sequence":
        this.#db.exec(this.#text(request));
        return { type };
      case "store_sql":
        this.sqls.set(request.sql_id, request.sql);
        return { type };
      case "close_sql":
        this.sqls.delete(request.sql_id);
        return { type };
      case "get_autocommit":
        return { type, is_autocommit: !this.#db.inTransaction };
      case "describe":
        return { type, result: this.#describe(this.#text(request)) };
      case "close":
        this.close();
        return { type };
      default:
        throw failure(`unknown request ${type}`, "PROTOCOL_ERROR");
    }
  }

  /** @param {string} sql */
  #describe(sql) {
    const prepared = this.#db.prepare(sql);
    return {
      params: [],
      cols: returnsRows(prepared) ? columnsOf(prepared) : [],
      is_explain: /^\s*explain/i.test(sql),
      is_readonly: /^\s*(select|explain|with)/i.test(sql),
    };
  }
}

/**
 * The native driver refuses raw mode for a statement without columns.
 *
 * @param {Database.Statement} prepared
 */
function returnsRows(prepared) {
  try {
    prepared.raw(true);
    return true;
  } catch {
    return false;
  }
}

/** @param {Database.Statement} prepared */
function columnsOf(prepared) {
  return prepared.columns().map((column) => ({ name: column.name, decltype: column.type ?? null }));
}

/**
 * The lines of a cursor's answer.
 *
 * @param {string | null} baton
 * @param {BatchResult} result
 */
function cursorLines(baton, { step_results, step_errors }) {
  /** @type {object[]} */
  const lines = [{ baton, base_url: null }];
  step_results.forEach((result, step) => {
    const error = step_errors[step];
    if (error) lines.push({ type: "step_error", step, error });
    if (!result) return;
    lines.push({ type: "step_begin", step, cols: result.cols });
    for (const row of result.rows) lines.push({ type: "row", row });
    const { affected_row_count, last_insert_rowid } = result;
    lines.push({ type: "step_end", affected_row_count, last_insert_rowid });
  });
  return `${lines.map((line) => JSON.stringify(line)).join("\n")}\n`;
}

/** Streams by baton, and the databases they are on. */
class Streams {
  /** @type {Map<string, Stream>} */
  #byBaton = new Map();
  /** @type {Map<string, WriterLock>} */
  #locks = new Map();
  #options;

  /** @param {HranaServerOptions} options */
  constructor(options) {
    this.#options = options;
  }

  /** @param {string} name */
  open(name) {
    const lock = this.#locks.get(name) ?? new WriterLock(this.#options.maxWaitMs ?? 5_000);
    this.#locks.set(name, lock);
    return new Stream(join(this.#options.directory, `${name}.db`), lock, this.#options.onStatement);
  }

  /** @param {string} baton */
  take(baton) {
    const stream = this.#byBaton.get(baton);
    this.#byBaton.delete(baton);
    clearTimeout(stream?.expiry);
    return stream;
  }

  /**
   * Keeps a stream for its client's next request.
   *
   * @param {Stream} stream
   */
  keep(stream) {
    if (stream.closed) return null;
    const baton = randomUUID();
    this.#byBaton.set(baton, stream);
    stream.expiry = setTimeout(() => {
      this.#byBaton.delete(baton);
      stream.close();
    }, this.#options.streamTtlMs ?? 10_000);
    return baton;
  }

  get size() {
    return this.#byBaton.size;
  }

  closeAll() {
    for (const stream of this.#byBaton.values()) stream.close();
    this.#byBaton.clear();
  }
}

/**
 * The database and the protocol path of a request: `/name/v3/pipeline`, or `/v3/pipeline` for the database `main`.
 *
 * @param {string} url
 */
function route(url) {
  const match = /^(?:\/([\w-]+))??\/(v[23](?:\/pipeline|\/cursor)?)?$/.exec(url);
  return match === null ? undefined : { name: match[1] ?? "main", path: match[2] ?? "" };
}

/**
 * @param {import("node:http").IncomingMessage} request
 * @returns {Promise<string>}
 */
async function readText(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/**
 * @param {Streams} streams
 * @param {HranaServerOptions} options
 * @param {import("node:http").IncomingMessage} request
 * @param {string} text
 * @returns {Promise<{status: number, body: string | object}>}
 */
async function answerHttp(streams, options, request, text) {
  const target = route(request.url ?? "/");
  if (request.method === "GET" && (target?.path === "v2" || target?.path === "v3"))
    return { status: 200, body: "" };
  if (options.authToken !== undefined && request.headers.authorization !== `Bearer ${options.authToken}`) {
    return { status: 401, body: { message: "Unauthorized", code: "AUTH_JWT_INVALID" } };
  }
  if (target === undefined || request.method !== "POST" || !target.path.includes("/"))
    return { status: 404, body: "not found" };
  const body = JSON.parse(text);
  const stream = body.baton ? streams.take(body.baton) : streams.open(target.name);
  if (stream === undefined)
    return { status: 400, body: { message: "Received an invalid baton", code: "STREAM_EXPIRED" } };
  if (target.path.endsWith("cursor")) {
    const result = await stream.answerBatch(body.batch);
    return { status: 200, body: cursorLines(streams.keep(stream), result) };
  }
  const results = [];
  for (const each of body.requests) results.push(await stream.answer(each));
  return { status: 200, body: { baton: streams.keep(stream), base_url: null, results } };
}

/**
 * @param {Streams} streams
 * @param {HranaServerOptions} options
 * @returns {import("node:http").RequestListener}
 */
function httpListener(streams, options) {
  return async (request, response) => {
    const send = (/** @type {number} */ status, /** @type {string | object} */ body) => {
      const isText = typeof body === "string";
      response.writeHead(status, { "content-type": isText ? "text/plain" : "application/json" });
      response.end(isText ? body : JSON.stringify(body));
    };
    try {
      const text = await readText(request);
      const fault = await options.fault?.({
        url: request.url ?? "",
        method: request.method ?? "",
        body: text,
      });
      if (fault === "drop") return void request.socket.destroy();
      if (typeof fault === "object") return send(fault.status, fault.body ?? "");
      const { status, body } = await answerHttp(streams, options, request, text);
      if (fault === "drop-answer") return void request.socket.destroy();
      send(status, body);
    } catch (error) {
      if (!response.headersSent) send(500, String(error));
    }
  };
}

/**
 * Serves one WebSocket. Requests of one stream are answered in order; a stream that waits for another's transaction does not
 * hold up the others, one of which has to end it.
 *
 * @param {Streams} streams
 * @param {HranaServerOptions} options
 * @param {import("ws").WebSocket} socket
 * @param {string} name
 */
function serveSocket(streams, options, socket, name) {
  /** @type {Map<number, {stream: Stream, tail: Promise<void>}>} */
  const open = new Map();
  /** @type {Map<number, string>} */
  const sqls = new Map();
  const send = (/** @type {object} */ message) => socket.send(JSON.stringify(message));
  const reply = (/** @type {number} */ request_id, /** @type {Answer} */ answer) =>
    answer.type === "ok"
      ? send({ type: "response_ok", request_id, response: answer.response })
      : send({ type: "response_error", request_id, error: answer.error });
  const enqueue = (/** @type {number} */ request_id, /** @type {Request} */ request) => {
    const entry = open.get(request.stream_id);
    if (entry === undefined) {
      return reply(request_id, {
        type: "error",
        error: { message: "stream not found", code: "STREAM_NOT_FOUND" },
      });
    }
    entry.tail = entry.tail.then(async () => {
      const { type } = request;
      if (type !== "close_stream") return reply(request_id, await entry.stream.answer(request));
      entry.stream.close();
      reply(request_id, { type: "ok", response: { type } });
    });
    if (request.type === "close_stream") open.delete(request.stream_id);
  };
  /** @param {{type: string, jwt?: string, request_id: number, request: Request}} message */
  function onMessage({ type, jwt, request_id, request }) {
    if (type === "hello") {
      const error = { message: "Unauthorized", code: "AUTH_JWT_INVALID" };
      const refused = options.authToken !== undefined && jwt !== options.authToken;
      return send(refused ? { type: "hello_error", error } : { type: "hello_ok" });
    }
    if (request.type === "open_stream") {
      const stream = streams.open(name);
      stream.sqls = sqls;
      open.set(request.stream_id, { stream, tail: Promise.resolve() });
    } else if (request.type === "store_sql") sqls.set(request.sql_id, request.sql);
    else if (request.type === "close_sql") sqls.delete(request.sql_id);
    else return enqueue(request_id, request);
    reply(request_id, { type: "ok", response: { type: request.type } });
  }
  socket.on("message", (data) => onMessage(JSON.parse(String(data))));
  socket.on("close", () => {
    for (const { stream } of open.values()) stream.close();
  });
}

/**
 * Starts a server on a free port of the loopback interface.
 *
 * @param {HranaServerOptions} options
 * @returns {Promise<HranaServer>} stop it with `close()`
 */
export async function startHranaServer(options) {
  const streams = new Streams(options);
  const http = createServer(httpListener(streams, options));
  const sockets = new WebSocketServer({
    server: http,
    handleProtocols: (offered) => ["hrana3", "hrana2"].find((protocol) => offered.has(protocol)) ?? false,
  });
  sockets.on("connection", (socket, request) => {
    serveSocket(streams, options, socket, route(request.url ?? "/")?.name ?? "main");
  });
  await new Promise((resolve) => http.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (http.address());
  return {
    url: (name = "main") => `http://127.0.0.1:${port}/${name}/`,
    wsUrl: (name = "main") => `ws://127.0.0.1:${port}/${name}/`,
    openStreams: () => streams.size,
    async close() {
      streams.closeAll();
      for (const socket of sockets.clients) socket.terminate();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}
