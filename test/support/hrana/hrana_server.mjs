/**
 * A libSQL server for tests: Hrana over HTTP (v2 and v3, JSON, with the v3 cursor) and over WebSocket
 * (hrana2, hrana3), on the native driver. It behaves like sqld in the parts that clients see: batons, streams
 * that expire, one writer at a time per database, a timeout of waiting transactions, and sqld's error codes.
 *
 * Does not cover durability, replication or authentication of a real server.
 */

import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { join } from "node:path";
import { WebSocketServer } from "ws";
import { DatabaseFile, Stream } from "./hrana_stream.mjs";

/**
 * @typedef {import("./hrana_server.d.mts").HranaServerOptions} HranaServerOptions
 * @typedef {import("./hrana_server.d.mts").HranaServer} HranaServer
 * @typedef {import("./hrana_stream.mjs").Answer} Answer
 * @typedef {import("./hrana_stream.mjs").BatchResult} BatchResult
 * @typedef {import("./hrana_stream.mjs").Request} Request
 */

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

/** Streams by baton, and their databases. */
class Streams {
  /** @type {Map<string, Stream>} */
  #byBaton = new Map();
  /** @type {Map<string, DatabaseFile>} */
  #files = new Map();
  #options;

  /** @param {HranaServerOptions} options */
  constructor(options) {
    this.#options = options;
  }

  /** @param {string} name */
  open(name) {
    let file = this.#files.get(name);
    if (file === undefined) {
      file = new DatabaseFile(join(this.#options.directory, `${name}.db`), this.#options.maxWaitMs ?? 5_000);
      this.#files.set(name, file);
    }
    return new Stream(file, this.#options.onStatement);
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
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
  }
}

/**
 * The database and the protocol path of a request: `/name/v3/pipeline`, or `/v3/pipeline` for the database
 * `main`.
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
 * Serves one WebSocket. Requests of one stream are answered in order. A stream that waits for another's
 * transaction does not block the other streams, one of which must end it.
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
  // Closing an idle connection that a client is about to reuse would lose an answer by chance.
  http.keepAliveTimeout = 0;
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
      for (const socket of sockets.clients) socket.terminate();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
      streams.closeAll();
    },
  };
}
