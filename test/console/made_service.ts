import { createReadStream, existsSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { text } from "node:stream/consumers";
import type { TokenRow } from "../../console/api/source.ts";
import {
  ACTION_NAMES,
  type AccountDetail,
  type AccountRow,
  type ActionName,
  type ConsoleInfo,
  type Limits,
} from "../../src/console/model.ts";
import { detailOf, NOW_MS } from "./made_accounts.ts";

/** The token that the made service accepts. */
export const TOKEN: string = `hf_0123456789abcdef_${"5".repeat(64)}`;

const FOLDER = "dist/console";

/** The content security policy of the pages. */
export const CSP: string =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** What a made service shows, and how it behaves. A test changes it at any time. */
export interface MadeState {
  info: Partial<ConsoleInfo>;
  rows: AccountRow[];
  tokens: TokenRow[];
  /** Whether it has `/v1/console`. */
  hasConsole: boolean;
  /** How it answers requests. */
  fault: "none" | "failing" | "cut" | "silent" | "unauthorized";
  /** Where it answers so. */
  faultyPaths: RegExp;
  /** Why an action is refused. */
  refusals: Partial<Record<ActionName, string>>;
  /** Pause before each page of accounts after the first. */
  pagePauseMs: number;
  /** Settles before a verification ends with its last table. */
  verified: Promise<void>;
  /** What a verification finds. */
  findings: { where: string; text: string; advice: string }[];
  /** Its OpenAPI document, which needs no token. */
  document: object;
}

/** A service that says what a test tells it to, as real HTTP. It has no accounts, and checks only the token. */
export class MadeService implements AsyncDisposable {
  readonly state: MadeState = {
    info: {},
    rows: [],
    tokens: [],
    hasConsole: true,
    fault: "none",
    faultyPaths: /./,
    refusals: {},
    pagePauseMs: 0,
    verified: Promise.resolve(),
    findings: [],
    document: {},
  };
  /** What was asked for: method and path, and the body of changes. */
  readonly requests: string[] = [];
  readonly #server: Server;
  readonly #streams = new Set<{ readonly account: string | undefined; readonly response: ServerResponse }>();

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  static async start(state: Partial<MadeState> = {}): Promise<MadeService> {
    const service = new MadeService();
    Object.assign(service.state, state);
    await new Promise<void>((resolve) => service.#server.listen(0, "127.0.0.1", resolve));
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** How many streams are open. */
  get streams(): number {
    return this.#streams.size;
  }

  /** Sends an event to the streams of all accounts, or of one. */
  emit(event: string, data: unknown, account?: string): void {
    for (const stream of this.#streams)
      if (stream.account === account)
        stream.response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** Ends every stream, as a service that is stopped does. */
  cutStreams(): void {
    for (const { response } of this.#streams) response.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://service");
    if (!url.pathname.startsWith("/v1/")) return this.#sendFile(url.pathname, response);
    const body = await text(request);
    this.requests.push(`${request.method} ${url.pathname}${body === "" ? "" : ` ${body}`}`);
    const { faultyPaths } = this.state;
    const fault = faultyPaths.test(url.pathname) ? this.state.fault : "none";
    if (fault === "cut") return void response.destroy();
    if (fault === "silent") return;
    if (url.pathname === "/v1/openapi.json" && fault === "none") return json(response, this.state.document);
    if (fault === "failing") return problem(response, 500, "read accounts: the database failed");
    if (fault === "unauthorized" || request.headers.authorization !== `Bearer ${TOKEN}`)
      return problem(response, 401, "authenticate: the token is not valid");
    const path = url.pathname.slice("/v1/".length).split("/").map(decodeURIComponent);
    if (path[0] === "console" && this.state.hasConsole)
      return await this.#answerConsole(request, path.slice(1), url.searchParams, body, response);
    if (path[0] === "tokens") return this.#answerTokens(request, path[1], body, response);
    if (path[0] === "accounts" && !this.state.hasConsole)
      return this.#answerBasic(request, path.slice(1), response);
    problem(response, 404, "find route: no such route");
  }

  #sendFile(path: string, response: ServerResponse): undefined {
    const file = join(FOLDER, path === "/" ? "index.html" : path);
    const type = TYPES[extname(file)];
    if (type === undefined || !existsSync(file)) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": type, "content-security-policy": CSP });
    createReadStream(file).pipe(response);
  }

  async #answerConsole(
    { method }: IncomingMessage,
    path: readonly string[],
    query: URLSearchParams,
    body: string,
    response: ServerResponse,
  ): Promise<void> {
    const [part, name, below, action] = path;
    if (part === undefined) return json(response, this.#info());
    if (part === "events") return this.#stream(query.get("account") ?? undefined, response);
    if (part !== "accounts") return problem(response, 404, "find route: no such route");
    if (name === undefined) {
      if (query.has("after") && this.state.pagePauseMs > 0) await pause(this.state.pagePauseMs);
      return json(response, pageOf(this.state.rows, query));
    }
    const row = this.state.rows.find((known) => known.name === name);
    if (row === undefined) return problem(response, 404, "find account: no such account");
    if (below === undefined) return json(response, this.detail(row));
    if (below === "verify") return await this.#verify(response);
    if (below === "actions" && method === "POST")
      return this.#act(row, action as ActionName, JSON.parse(body), response);
    problem(response, 404, "find route: no such route");
  }

  /** What the page of an account shows. A test may replace it. */
  detail: (row: AccountRow) => AccountDetail = detailOf;

  #info(): ConsoleInfo {
    return {
      version: "0.2.0",
      kind: "service",
      shown: "https://holdfast.example",
      readOnly: false,
      actions: this.state.info.readOnly === true ? [] : ACTION_NAMES,
      live: true,
      schemaVersion: 9,
      nowMs: NOW_MS,
      ...this.state.info,
    };
  }

  #stream(account: string | undefined, response: ServerResponse): undefined {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.write(": open\n\n");
    const stream = { account, response };
    this.#streams.add(stream);
    response.on("close", () => this.#streams.delete(stream));
  }

  async #verify(response: ServerResponse): Promise<void> {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const send = (event: string, data: unknown): void =>
      void response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    let rows = 0;
    for (const [table, count] of [
      ["session", 1_204],
      ["sender_key", 88],
      ["pre_key", 812],
    ] as const) {
      send("progress", { table, rows: Math.floor(count / 2) });
      await pause(40);
      if (table === "pre_key") await this.state.verified;
      send("progress", { table, rows: count });
      rows += count;
    }
    for (const finding of this.state.findings) send("finding", finding);
    send("done", { rows, findings: this.state.findings.length });
    response.end();
  }

  #act(
    row: AccountRow,
    action: ActionName,
    { confirm, limits }: { readonly confirm?: string; readonly limits?: Limits },
    response: ServerResponse,
  ): undefined {
    const refusal = this.state.refusals[action];
    if (refusal !== undefined) return problem(response, 409, refusal);
    if (confirm !== row.name)
      return problem(response, 400, `${action}: the name that was typed is another one`);
    if (action === "erase" || action === "retire")
      this.state.rows = this.state.rows.filter((known) => known !== row);
    if (action === "limit")
      this.state.rows = this.state.rows.map((known) => (known === row ? { ...row, limits } : known));
    json(response, { said: `Done: ${action} of ${row.name}.` });
  }

  #answerTokens(
    { method }: IncomingMessage,
    id: string | undefined,
    body: string,
    response: ServerResponse,
  ): undefined {
    if (method === "GET") return json(response, { tokens: this.state.tokens });
    if (method === "DELETE") {
      const known = this.state.tokens.length;
      this.state.tokens = this.state.tokens.filter((token) => token.id !== id);
      if (this.state.tokens.length === known) return problem(response, 404, "revoke token: no such token");
      return void response.writeHead(204).end();
    }
    const { account, expiresInS, ...asked } = JSON.parse(body);
    if (account === "nobody") return problem(response, 404, "issue token: no such account");
    const issued: TokenRow = {
      id: (0x1000_0000_0000 + this.state.tokens.length).toString(16).padStart(16, "0"),
      account: account ?? null,
      label: "",
      createdAtMs: NOW_MS,
      expiresAtMs: expiresInS === undefined ? undefined : NOW_MS + expiresInS * 1_000,
      ...asked,
    };
    this.state.tokens = [...this.state.tokens, issued];
    json(response, { ...issued, token: `hf_${issued.id}_${"a".repeat(64)}` }, 201);
  }

  /** The API of a Worker. */
  #answerBasic(
    { method }: IncomingMessage,
    [name, below]: readonly string[],
    response: ServerResponse,
  ): undefined {
    if (name === undefined)
      return json(response, {
        accounts: this.state.rows.map((row) => ({
          name: row.name,
          createdAtMs: row.createdAtMs,
          ...(row.health === "deleting" ? { deleting: true } : {}),
        })),
      });
    const row = this.state.rows.find((known) => known.name === name);
    if (row === undefined) return problem(response, 404, "find account: no such account");
    if (below === "stats") return json(response, statsOf(row));
    if (below === "limits" && method === "PUT") return json(response, {});
    if (below === "snapshot" || below === "flush")
      return problem(response, 403, "authorize: the token does not allow it");
    if (method !== "DELETE") return problem(response, 404, "find route: no such route");
    this.state.rows = this.state.rows.filter((known) => known !== row);
    response.writeHead(204).end();
  }
}

function statsOf({ health, limits }: AccountRow): object {
  if (health !== "ok" && health !== "failing")
    return {
      open: false,
      ...(limits && { limits, stored: { bytes: limits.bytes } }),
      ...(health === "limited" ? { refusedBy: "maxBytes" } : {}),
    };
  const isFailing = health === "failing";
  return {
    open: true,
    account: {
      dirty: {
        must: isFailing ? 40 : 0,
        may: 3,
        bytes: 1_024,
        ...(isFailing ? { oldestAgeMs: 90_000 } : {}),
      },
      commits: 12,
      rowsWritten: 80,
      ambiguous: 0,
      flush: { count: 12, lastMs: 3, meanMs: 3.1, maxMs: 9 },
      saver: {
        state: isFailing ? "failing" : "idle",
        consecutiveFailures: isFailing ? 3 : 0,
        ...(isFailing ? { lastError: { code: "busy" } } : {}),
        isolated: 0,
        waitingWriters: 0,
      },
      cache: { hits: 99, misses: 1, hitRatio: 0.99, gated: 0 },
    },
    nextAlarmAtMs: Date.now() + 60_000,
  };
}

function pageOf(rows: readonly AccountRow[], query: URLSearchParams): object {
  const limit = Number(query.get("limit") ?? "100");
  const after = query.get("after");
  const from = after === null ? 0 : rows.findIndex(({ name }) => name === after) + 1;
  const accounts = rows.slice(from, from + limit);
  const isLast = from + limit >= rows.length;
  return { accounts, ...(isLast ? {} : { next: accounts.at(-1)?.name }) };
}

function json(response: ServerResponse, body: object, status = 200): undefined {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function problem(response: ServerResponse, status: number, message: string): undefined {
  response
    .writeHead(status, { "content-type": "application/problem+json" })
    .end(JSON.stringify({ type: "about:blank", status, code: "failed", message, requestId: "1f0c9a7be2d4" }));
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
