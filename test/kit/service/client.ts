/** The client of the cases. Checks in each answer the properties that all answers share. */

import { remoteBackend } from "../../../src/adapters/remote/mod.ts";
import type { Backend } from "../../../src/backend/mod.ts";
import type { Problem, TokenRequest } from "../../../src/http/mod.ts";
import { RETRY_AFTER_S } from "../../../src/http/problem.ts";
import { CALL_TYPE } from "../../../src/protocol/mod.ts";
import type { Permission } from "../../../src/service/mod.ts";
import { check, equal } from "../../../src/testing/conformance/assert.ts";
import { type Contents, readAll } from "../../../src/testing/conformance/universe.ts";
import { answerIn, bodyOf, type Call } from "./calls.ts";
import type { TestedService } from "./harness.ts";

const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "strict-transport-security": "max-age=31536000",
  "x-content-type-options": "nosniff",
};

const PROBLEM_KEYS: readonly string[] = ["code", "message", "requestId", "status", "title", "type"];

/** Counter for unique names, since many cases may share one service. */
let names = 0;

/** The options of a request. */
export interface Sent {
  /** Bearer token. No token when `undefined`. */
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  readonly body?: BodyInit;
}

/** An account with a token for it. */
export interface TestAccount {
  readonly name: string;
  readonly token: string;
}

/** The path of a resource of an account. */
export function pathOf(account: string, rest: string): string {
  return `/v1/accounts/${encodeURIComponent(account)}${rest}`;
}

export class ServiceClient {
  readonly service: TestedService;

  constructor(service: TestedService) {
    this.service = service;
  }

  /** Sends a request to an unmodified path. */
  async send(
    method: string,
    path: string,
    { token, headers = {}, json, body }: Sent = {},
  ): Promise<Response> {
    const content = json === undefined ? body : JSON.stringify(json);
    const request = new Request(`${this.service.baseUrl}${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(json === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      redirect: "manual",
      ...(content === undefined ? {} : { body: content }),
      ...(content instanceof ReadableStream ? { duplex: "half" } : {}),
    });
    const response = await this.service.send(request);
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
      equal(response.headers.get(name), value, `${method} ${path.slice(0, 80)}: header ${name}`);
    }
    check(/^[\w-]{1,64}$/.test(response.headers.get("x-request-id") ?? ""), "the answer has no request id");
    return response;
  }

  /** Sends a request and reads its JSON. The token defaults to the admin token. */
  async json(method: string, path: string, status: number, sent: Sent = {}): Promise<unknown> {
    const response = await this.send(method, path, { token: this.service.adminToken, ...sent });
    const text = await response.text();
    equal(response.status, status, `${method} ${path.slice(0, 80)} (${text.slice(0, 200)}): status`);
    if (status === 204) {
      equal(text, "", `${method} ${path}: body`);
      return undefined;
    }
    equal(mediaType(response), "application/json", `${method} ${path}: content type`);
    return JSON.parse(text);
  }

  /** Sends a request that must be refused. */
  async refused(method: string, path: string, sent: Sent, status: number, code: string): Promise<Problem> {
    return await problemIn(await this.send(method, path, sent), status, code);
  }

  /**
   * Sends a body that is too large. A service closes the connection when it refuses a request before reading
   * all of it, and a client that is still sending may then lose the answer. In that case the request is sent
   * again. Where the service says that its host closes at once, no answer to any of the tries is a refusal
   * too, and the service must answer the next request.
   *
   * @param sent Creates the request for each try, since a stream can be read only once.
   */
  async refusedAsTooLarge(method: string, path: string, sent: () => Sent): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      let response: Response;
      try {
        response = await this.send(method, path, sent());
      } catch (error) {
        if (!isReset(error)) throw error;
        if (tries < 5) continue;
        if (!this.service.closesAtOnce) throw error;
        await this.json("GET", "/v1/ready", 200);
        return;
      }
      await problemIn(response, 413, "too-large");
      return;
    }
  }

  newName(word: string): string {
    names += 1;
    return `case ${names} ${word}`;
  }

  async create(name: string): Promise<void> {
    await this.json("POST", "/v1/accounts", 201, { json: { name } });
  }

  /** Issues a token. */
  async issue(account: string | undefined, ...permissions: readonly Permission[]): Promise<string> {
    const request: TokenRequest = { account, permissions };
    const issued = await this.json("POST", "/v1/tokens", 201, { json: request });
    return (issued as { token: string }).token;
  }

  /** Revokes a token, because their number is limited. */
  async revoke(token: string): Promise<void> {
    await this.json("DELETE", `/v1/tokens/${token.slice(3, 19)}`, 204);
  }

  /** A new account and a token for it. */
  async account(word: string, ...permissions: readonly Permission[]): Promise<TestAccount> {
    const name = this.newName(word);
    await this.create(name);
    return { name, token: await this.issue(name, "account", ...permissions) };
  }

  /** Sends a body to the commit protocol. */
  async post({ name, token }: TestAccount, body: BodyInit): Promise<Response> {
    return await this.send("POST", pathOf(name, "/backend"), {
      token,
      headers: { "content-type": CALL_TYPE },
      body,
    });
  }

  /** Sends a call of the commit protocol, and reads its answer. */
  async call(account: TestAccount, call: Call): Promise<unknown> {
    const response = await this.post(account, bodyOf(call));
    if (response.status !== 200) equal(await response.text(), "", `call: status ${response.status}, body`);
    equal(mediaType(response), CALL_TYPE, "call: content type");
    return answerIn(call, new Uint8Array(await response.arrayBuffer()));
  }

  /** The remote backend of the account. */
  async backend({ name, token }: TestAccount): Promise<Backend> {
    return await remoteBackend({
      url: this.service.baseUrl,
      token,
      account: name,
      fetch: async (url, init) => await this.service.send(new Request(url, init)),
    });
  }

  /** All readable state of an account: rows, sizes of tables, its owner. */
  async read(account: TestAccount): Promise<Contents> {
    const backend = await this.backend(account);
    const contents = await readAll(backend);
    const database = await backend.snapshotDb("compare");
    const owner = await backend.readOwner();
    await backend.close();
    return { ...contents, database, owner };
  }

  /** Sends commands that create a device. */
  async makeDevice({ name, token }: TestAccount, pushName = "Ann"): Promise<void> {
    const json = { commands: [{ kind: "setPushName", pushName }] };
    await this.json("POST", pathOf(name, "/device/commands"), 200, { token, json });
  }
}

/** Whether the other side closed the connection. */
function isReset(error: unknown): boolean {
  const { code, cause } = (error ?? {}) as { readonly code?: unknown; readonly cause?: unknown };
  return (
    code === "ECONNRESET" ||
    code === "EPIPE" ||
    code === "UND_ERR_SOCKET" ||
    (cause !== undefined && isReset(cause))
  );
}

/** The type of a body, without parameters. */
export function mediaType({ headers }: Response): string | undefined {
  return headers.get("content-type")?.split(";")[0];
}

/** Checks that an answer is a problem without internal details. */
export async function problemIn(response: Response, status: number, code: string): Promise<Problem> {
  const text = await response.text();
  equal(response.status, status, `status of ${text.slice(0, 200)}`);
  equal(mediaType(response), "application/problem+json", "content type");
  const problem = JSON.parse(text) as Problem;
  const keys = Object.keys(problem).filter((key) => !["writeIndex", "errors", "limit"].includes(key));
  equal(keys.sort(), PROBLEM_KEYS, "members of the problem");
  requireViolations(problem);
  equal(problem.code, code, `code of ${text.slice(0, 200)}`);
  equal(problem.status, status, "status in the problem");
  equal(problem.type, "about:blank", "type of the problem");
  equal(problem.requestId, response.headers.get("x-request-id"), "request id");
  const { allowed = 60 } = problem.limit ?? {};
  const retryAfterS = Math.max(RETRY_AFTER_S, Math.ceil(60 / allowed));
  const isLater = status === 503 || status === 429;
  equal(
    response.headers.get("retry-after"),
    isLater ? String(retryAfterS) : null,
    `status ${status}: header retry-after`,
  );
  equal(
    response.headers.has("www-authenticate"),
    status === 401,
    `status ${status}: header www-authenticate`,
  );
  check(problem.title.length > 0 && problem.title !== "Error", `status ${status} has no title`);
  check(problem.message.length > 0 && problem.message.length < 200, "the message is empty or long");
  check(!/\.[jt]s\b|node_modules|SQL|\n/i.test(problem.message), `the message tells: ${problem.message}`);
  return problem;
}

/** Checks that each violation names its part, its rule and what is allowed. */
function requireViolations({ status, errors }: Problem): void {
  const isOfRequest = status === 400 || status === 413 || status === 415;
  if (errors !== undefined) check(isOfRequest && errors.length > 0, `status ${status} has violations`);
  for (const { in: place, pointer, rule, ...rest } of errors ?? []) {
    check(["body", "query", "header"].includes(place), `violation in ${place}`);
    check(/^#(?:\/[\w-]+)*$/.test(pointer), `pointer ${pointer}`);
    check(/^[a-zA-Z]+$/.test(rule), `rule ${rule}`);
    equal(
      Object.keys(rest).filter((key) => key !== "allowed"),
      [],
      "other members of a violation",
    );
  }
}
