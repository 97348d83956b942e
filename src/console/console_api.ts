import { hexOf } from "../bytes/mod.ts";
import { LimitError } from "../errors/mod.ts";
import {
  accountOfSegment,
  bearerOf,
  faultOf,
  problemOf,
  problemResponse,
  RequestError,
  readJson,
  readLimits,
} from "../http/mod.ts";
import type { Host } from "../ports/mod.ts";
import { ServiceError } from "../service/mod.ts";
import type { AccountsQuery, ConsoleSource } from "./console_source.ts";
import { EVENTS_TYPE, type EventStream } from "./event_stream.ts";
import { EventStreams, TICK_MS } from "./event_streams.ts";
import { type LiveState, LiveUpdates } from "./live_updates.ts";
import {
  ACTION_NAMES,
  type ActionName,
  type ActionRequest,
  type ConsoleInfo,
  type VerifyEvents,
} from "./model.ts";

const ROOT = "/v1/console";

/** Accounts of a page, by default and at most. */
const PAGE = 100;
const MAX_PAGE = 1_000;

/** Requests that are answered at the same time, without streams. */
const MAX_RUNNING = 64;

/** Longest body of an action, in bytes. */
const MAX_BODY = 16_384;

/** Longest id of an action, in characters. */
const MAX_ID = 200;

/** What the API of a console is made of. */
export interface ConsoleApiOptions {
  readonly source: ConsoleSource;
  /** Where updates come from; `undefined` where nothing tells of changes. */
  readonly live?: LiveState | undefined;
  /** Release of the package. */
  readonly version: string;
  /**
   * Checks the token of a request. @returns The id of the token, for the log.
   * @throws {ServiceError} When it does not permit to use the console.
   */
  authorize(token: string | undefined): Promise<string>;
  readonly host: Pick<Host, "clock" | "logger" | "random" | "scheduler">;
}

/** A request for the API whose token was accepted. */
interface Admitted {
  readonly request: Request;
  readonly query: URLSearchParams;
  /** The id of the token. */
  readonly by: string;
}

/** The API of the console: what its pages ask, below `/v1/console`. */
export class ConsoleApi {
  readonly #options: ConsoleApiOptions;
  readonly #streams: EventStreams;
  readonly #updates: LiveUpdates | undefined;
  #running = 0;

  constructor(options: ConsoleApiOptions) {
    this.#options = options;
    const { clock, logger, scheduler } = options.host;
    const updates = options.live && new LiveUpdates(options.live);
    this.#updates = updates;
    let isFailing = false;
    this.#streams = new EventStreams({
      clock,
      scheduler,
      onTick: async () => {
        try {
          await updates?.send();
          isFailing = false;
        } catch (error) {
          // Once for an outage, not with every tick of it.
          if (!isFailing)
            logger.log("error", "console: an update failed", { code: problemOf(error, "").code });
          isFailing = true;
        }
      },
    });
  }

  /** Brings changes to the open streams. */
  get updates(): LiveUpdates | undefined {
    return this.#updates;
  }

  /** Ends the streams whose token is no longer accepted. Call it after a token was revoked. */
  recheck(): Promise<void> {
    return this.#streams.recheck();
  }

  /** Ends every stream. */
  stop(): void {
    this.#streams.stop();
  }

  /** Answers a request below `/v1/console`; `undefined` for every other path. */
  async answer(request: Request): Promise<Response | undefined> {
    const { pathname, search } = new URL(request.url);
    if (pathname !== ROOT && !pathname.startsWith(`${ROOT}/`)) return undefined;
    const requestId = hexOf(this.#options.host.random.bytes(8));
    let response: Response;
    try {
      const query = new URLSearchParams(search);
      response = await this.#within(async () => {
        const by = await this.#options.authorize(bearerOf(request.headers.get("authorization") ?? undefined));
        return await this.#route(pathname.slice(ROOT.length + 1), { request, by, query });
      });
    } catch (error) {
      response = this.#refuse(error, requestId);
    }
    const { headers } = response;
    headers.set("cache-control", "no-store");
    headers.set("content-security-policy", "default-src 'none'; frame-ancestors 'none'");
    headers.set("cross-origin-resource-policy", "same-origin");
    headers.set("referrer-policy", "no-referrer");
    headers.set("x-content-type-options", "nosniff");
    headers.set("x-request-id", requestId);
    return request.method === "HEAD" ? withoutBody(response) : response;
  }

  /** Bounds the requests that are answered at the same time. */
  async #within<T>(answer: () => Promise<T>): Promise<T> {
    if (this.#running >= MAX_RUNNING)
      throw new LimitError(`use console: ${MAX_RUNNING} requests are being answered`);
    this.#running += 1;
    try {
      return await answer();
    } finally {
      this.#running -= 1;
    }
  }

  #refuse(error: unknown, requestId: string): Response {
    if (error instanceof MethodError) return notAllowed(error, requestId);
    const problem = problemOf(error, requestId);
    if (problem.status >= 500)
      this.#options.host.logger.log("error", "console: failed", { requestId, ...faultOf(error) });
    return problemResponse(problem);
  }

  async #route(path: string, admitted: Admitted): Promise<Response> {
    const { request } = admitted;
    const [place = "", segment, what, action, ...rest] = path.split("/");
    if (rest.length > 0) throw noRoute();
    if (place === "accounts" && what === "actions" && action !== undefined) {
      requireMethod(request, "POST");
      return await this.#act(nameOf(segment), action, admitted);
    }
    if (action !== undefined) throw noRoute();
    if (path === "") return await this.#get(request, () => this.#info());
    if (path === "accounts") return await this.#get(request, () => this.#list(admitted));
    if (path === "events") return this.#events(admitted);
    if (place !== "accounts" || segment === undefined) throw noRoute();
    const name = nameOf(segment);
    if (what === undefined) return await this.#get(request, () => this.#options.source.account(name));
    if (what === "verify") return this.#verify(name, admitted);
    throw noRoute();
  }

  async #get(request: Request, read: () => Promise<unknown>): Promise<Response> {
    requireMethod(request, "GET");
    return json(await read());
  }

  async #info(): Promise<ConsoleInfo> {
    const { host, source, version } = this.#options;
    return { ...(await source.info()), version, nowMs: host.clock.nowMs() };
  }

  #list({ query }: Admitted): ReturnType<ConsoleSource["accounts"]> {
    return this.#options.source.accounts(pageOf(query));
  }

  #events(admitted: Admitted): Response {
    requireMethod(admitted.request, "GET", false);
    const updates = this.#updates;
    if (updates === undefined)
      throw new ServiceError("not-found", "read events: nothing tells of changes here");
    const account = admitted.query.get("account") ?? undefined;
    if (account !== undefined) nameOf(encodeURIComponent(account));
    let unfollow = (): void => {};
    const stream = this.#open(admitted, () => unfollow());
    unfollow = updates.follow(stream, account);
    return streamed(stream);
  }

  #verify(name: string, admitted: Admitted): Response {
    requireMethod(admitted.request, "GET", false);
    const { host, source } = this.#options;
    const stream = this.#open(admitted);
    let toldAtMs = Number.NEGATIVE_INFINITY;
    const check = source.verify(name, {
      progress: (event: VerifyEvents["progress"]) => {
        if (stream.isOver) throw new ReaderLeft();
        const nowMs = host.clock.nowMs();
        if (nowMs - toldAtMs < TICK_MS) return;
        toldAtMs = nowMs;
        stream.send("progress", event);
      },
      finding: async (event) => {
        stream.send("finding", event);
        await stream.room();
        if (stream.isOver) throw new ReaderLeft();
      },
    });
    void check.then(
      (done) => {
        stream.send("done", done);
        stream.end();
      },
      (error: unknown) => {
        if (error instanceof ReaderLeft) return;
        // The headers have left, so the problem is an event.
        const { code, message } = problemOf(error, "");
        stream.send("problem", { code, message } satisfies VerifyEvents["problem"]);
        stream.end();
      },
    );
    return streamed(stream);
  }

  #open({ request }: Admitted, onEnd?: () => void): EventStream {
    const token = bearerOf(request.headers.get("authorization") ?? undefined);
    return this.#streams.open({
      isAllowed: async () => {
        try {
          await this.#options.authorize(token);
          return true;
        } catch (error) {
          if (error instanceof ServiceError) return false;
          throw error;
        }
      },
      onEnd,
    });
  }

  async #act(account: string, action: string, { by, request }: Admitted): Promise<Response> {
    const { host, source } = this.#options;
    const known = ACTION_NAMES.find((name) => name === action);
    if (known === undefined) throw noRoute();
    if (source.act === undefined || !(await source.info()).actions.includes(known))
      throw new ServiceError("forbidden", `${known}: the console does not offer this action here`);
    const asked = actionOf(known, await readJson(request, { maxBytes: MAX_BODY, host }));
    if (asked.confirm !== account)
      throw new RequestError("invalid", `${known}: confirm is not the name of the account, nothing was done`);
    return json(await source.act({ ...asked, account, action: known, by }));
  }
}

/** No one reads the result of a check any more. */
class ReaderLeft extends Error {}

function nameOf(segment = ""): string {
  const name = accountOfSegment(segment);
  if (name === undefined) throw new ServiceError("not-found", "find account: the name is not valid");
  return name;
}

function pageOf(query: URLSearchParams): AccountsQuery {
  const limit = query.get("limit") ?? String(PAGE);
  const entries = /^\d{1,4}$/.test(limit) ? Number(limit) : 0;
  if (entries < 1 || entries > MAX_PAGE)
    throw new RequestError("invalid", `read list: limit is not 1 to ${MAX_PAGE}`);
  const after = query.get("after") ?? undefined;
  return { after: after === "" ? undefined : after, limit: entries };
}

function actionOf(action: ActionName, value: unknown): ActionRequest {
  const { confirm, id, limits, ...others } = (typeof value === "object" && value !== null ? value : {}) as {
    readonly confirm?: unknown;
    readonly id?: unknown;
    readonly limits?: unknown;
  };
  const isId = id === undefined || (typeof id === "string" && id.length <= MAX_ID);
  const isLimit = action === "limit" ? limits !== undefined : limits === undefined;
  if (typeof confirm !== "string" || !isId || !isLimit || Object.keys(others).length > 0)
    throw new RequestError(
      "invalid",
      `${action}: the body is not {"confirm": name, ${action === "limit" ? '"limits": limits' : '"id"?: text'}}`,
    );
  if (action !== "limit") return { confirm, id };
  return { confirm, limits: readLimits(limits, "#/limits") };
}

/** @throws {MethodError} When the path does not have the method of the request. */
function requireMethod({ method }: Request, allowed: "GET" | "POST", hasHead = allowed === "GET"): void {
  if (method !== allowed && !(method === "HEAD" && hasHead))
    throw new MethodError(hasHead ? `${allowed}, HEAD` : allowed);
}

/** The path does not have the method of a request. */
class MethodError extends Error {
  /** The methods that it has. */
  readonly allow: string;

  constructor(allow: string) {
    super(`find route: the path allows ${allow}`);
    this.allow = allow;
  }
}

function notAllowed({ allow, message }: MethodError, requestId: string): Response {
  const problem = { type: "about:blank", title: "Method Not Allowed", status: 405 };
  const body = JSON.stringify({ ...problem, code: "method-not-allowed", message, requestId });
  return new Response(body, { status: 405, headers: { "content-type": "application/problem+json", allow } });
}

function noRoute(): ServiceError {
  return new ServiceError("not-found", "find route: no such route");
}

function json(value: unknown): Response {
  return new Response(JSON.stringify(value), { headers: { "content-type": "application/json" } });
}

function streamed({ body }: EventStream): Response {
  return new Response(body, { headers: { "content-type": EVENTS_TYPE, "x-accel-buffering": "no" } });
}

function withoutBody({ status, headers }: Response): Response {
  const answer = new Response(null, { status });
  for (const name of ["allow", "content-type", "cache-control", "x-request-id", "www-authenticate"]) {
    const value = headers.get(name);
    if (value !== null) answer.headers.set(name, value);
  }
  return answer;
}
