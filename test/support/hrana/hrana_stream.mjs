/**
 * One connection of the test server's native driver that serves Hrana requests, and the lock for the writer.
 */

import Database from "libsql";

/**
 * @typedef {{type: string, value?: string | number, base64?: string}} WireValue
 * @typedef {{sql?: string, sql_id?: number, args?: WireValue[], named_args?: {name: string, value:
 * WireValue}[]}} Statement
 * @typedef {{type: string, step: number, cond: Condition, conds: Condition[]}} Condition
 * @typedef {{steps: {condition?: Condition | null, stmt: Statement}[]}} Batch
 * @typedef {{type: string, sql_id: number, sql: string, stmt: Statement, batch: Batch, stream_id: number}}
 * Request
 * @typedef {{message: string, code: string}} WireError
 * @typedef {{cols: unknown[], rows: unknown[], affected_row_count: number, last_insert_rowid: string | null}}
 * StatementResult
 * @typedef {{step_results: (StatementResult | null)[], step_errors: (WireError | null)[]}} BatchResult
 * @typedef {{type: "ok", response: object} | {type: "error", error: WireError}} Answer
 */

/** Requests that never wait for the writer of the database. */
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
 * sqld sends base codes only (`SQLITE_CONSTRAINT`, never `…_UNIQUE`), and a statement that does not parse as
 * `SQL_INPUT_ERROR`.
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

/** A database, its writer lock, and its idle connections, since opening one costs more than a request. */
export class DatabaseFile {
  lock;
  #path;
  /** @type {Database.Database[]} */
  #idle = [];

  /**
   * @param {string} path
   * @param {number} maxWaitMs
   */
  constructor(path, maxWaitMs) {
    this.#path = path;
    this.lock = new WriterLock(maxWaitMs);
  }

  take() {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    const opened = new Database(this.#path, { timeout: 0 });
    // Survives a kill of this process but not of the machine, which is enough for the tests.
    opened.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
    return opened;
  }

  /** @param {Database.Database} connection outside of any transaction */
  giveBack(connection) {
    this.#idle.push(connection);
  }

  close() {
    for (const connection of this.#idle.splice(0)) connection.close();
  }
}

/** One client's connection: a stream of Hrana requests over one native connection. */
export class Stream {
  /** @type {string | undefined} */
  baton;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  expiry;
  closed = false;
  /** @type {Map<number, string>} */
  sqls = new Map();
  #file;
  #lock;
  #db;
  #onStatement;

  /**
   * @param {DatabaseFile} file
   * @param {((sql: string) => void) | undefined} onStatement
   */
  constructor(file, onStatement) {
    this.#file = file;
    this.#lock = file.lock;
    this.#db = file.take();
    this.#onStatement = onStatement;
  }

  /**
   * Runs one request. Waits for the writer if it may write.
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

  /**
   * Runs the batch of a cursor. Its first step fails if another stream's transaction does not end in time.
   *
   * @param {Batch} batch
   * @returns {Promise<BatchResult>}
   */
  async answerBatch(batch) {
    try {
      await this.#lock.acquire(this);
    } catch (error) {
      return { step_results: [null], step_errors: [encodeError(error)] };
    }
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
      this.#file.giveBack(this.#db);
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
    if (this.closed) throw failure("the stream is closed", "STREAM_CLOSED");
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
