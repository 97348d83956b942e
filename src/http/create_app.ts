import { Hono } from "hono/tiny";
import { hexOf } from "../bytes/mod.ts";
import { BusyError, requireObject } from "../errors/mod.ts";
import { type Host, systemHost } from "../ports/mod.ts";
import { checkOf, object } from "../rules/mod.ts";
import type { AccountService, Admission } from "../service/mod.ts";
import { hashToken, MIN_TOKEN_LENGTH } from "../service/mod.ts";
import { accountRoutes } from "./account_routes.ts";
import { ACCOUNT_LIMITS, adminRoutes } from "./admin_routes.ts";
import { type AppContext, type AppLimits, DEFAULT_LIMITS } from "./app_context.ts";
import type { AppEnv } from "./app_env.ts";
import type { AppType } from "./app_schema.ts";
import { allowOrigins } from "./cors.ts";
import { describeRoutes } from "./described_routes.ts";
import { faultOf, problemOf, problemResponse } from "./problem.ts";
import { tokenRoutes } from "./token_routes.ts";

/** Options of `createApp`. */
export interface AppOptions {
  /** The accounts and tokens. The caller owns the service and closes it. */
  readonly accounts: AccountService;
  /**
   * The host's own admin token, from a secret, at least 32 characters. Without it the application accepts
   * only tokens of the registry.
   */
  readonly adminToken?: string | undefined;
  /** Clock, randomness and logger. Default to those of the runtime. */
  readonly host?: Partial<Host> | undefined;
  /** Limits of bodies, calls and requests in flight. Missing ones have their defaults. */
  readonly limits?: Partial<AppLimits> | undefined;
  /**
   * Limits of the accounts for which an administrator has set none: see docs/guide/service.md. Each one that is
   * left out of an account's own limits holds for it. Defaults to none.
   */
  readonly accountLimits?: Admission["limits"];
  /**
   * The document that `GET /v1/openapi.json` answers: `openApiDocument()` of the subpath `openapi`. Left out,
   * there is no such route, and a Worker does not bundle the document.
   */
  readonly openApi?: object | undefined;
  /**
   * Origins whose pages may call the service from a browser, such as `https://console.example`. Defaults to
   * none. Credentials of the browser are never accepted: a page sends its token in a header.
   */
  readonly corsOrigins?: readonly string[] | undefined;
}

/** A request id that a proxy may set. */
const REQUEST_ID = /^[\w-]{1,64}$/;

/** No answer may be cached, sniffed, framed or run by a browser. */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "strict-transport-security": "max-age=31536000",
  "x-content-type-options": "nosniff",
};

/**
 * Creates the HTTP application: authenticated routes to accounts, and the commit protocol that
 * `remoteBackend` speaks. Any host with `fetch` semantics serves it: `app.fetch(request)`.
 *
 * @throws {RangeError} When the admin token is shorter than 32 characters, or an origin is none.
 *
 * @example
 * ```ts
 * import { openAccount } from "@holdfast/store";
 * import { createApp, LocalAccounts, type Registry } from "@holdfast/store/http";
 * import { MemoryDatabase, memoryBackend } from "@holdfast/store/memory";
 *
 * function serve(registry: Registry, adminToken: string) {
 *   const database = new MemoryDatabase();
 *   const accounts = new LocalAccounts({
 *     registry,
 *     clock: { nowMs: () => Date.now() },
 *     openBackend: async (account) => memoryBackend({ database, account }),
 *     openAccount: (account, backend) => openAccount({ taskLabel: account, backend }),
 *   });
 *   return createApp({ accounts, adminToken });
 * }
 * ```
 */
export function createApp(options: AppOptions): AppType {
  requireObject("accounts", options?.accounts);
  const { accounts, adminToken, openApi, corsOrigins = [], accountLimits = {} } = options;
  checkOf(object(ACCOUNT_LIMITS), "accountLimits")(accountLimits);
  if (adminToken !== undefined && adminToken.length < MIN_TOKEN_LENGTH) {
    const { length } = adminToken;
    throw new RangeError(
      `create app: the admin token (HOLDFAST_ADMIN_TOKEN) has ${length} characters, expected ${MIN_TOKEN_LENGTH} or more`,
    );
  }
  const host = systemHost(options.host);
  const context: AppContext = {
    accounts,
    rootHash: adminToken === undefined ? undefined : hashToken(adminToken),
    host,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    accountLimits,
  };
  // The path stays encoded: `accountOfSegment` decodes a segment, once.
  const app = new Hono<AppEnv>({ getPath: (request) => new URL(request.url).pathname });
  observe(app, host);
  if (corsOrigins.length > 0) app.use(allowOrigins(corsOrigins));
  app.get("/v1/health", (c) => c.json({ status: "ok" }));
  app.get("/v1/ready", async (c) => {
    await accounts.registry.admit(undefined, undefined).catch((cause: unknown) => {
      throw new BusyError("ask database: no answer", { cause });
    });
    return c.json({ status: "ok" });
  });
  if (openApi !== undefined) app.get("/v1/openapi.json", (c) => c.json(openApi));
  adminRoutes(app, context);
  tokenRoutes(app, context);
  accountRoutes(app, context);
  describeRoutes(app);
  return app as unknown as AppType;
}

/** Request ids, headers, the log, and errors as problems. */
function observe(app: Hono<AppEnv>, { clock, logger, random }: Host): void {
  app.use(async (c, next) => {
    const received = c.req.header("x-request-id") ?? "";
    const requestId = REQUEST_ID.test(received) ? received : hexOf(random.bytes(8));
    c.set("requestId", requestId);
    const startedAtMs = clock.nowMs();
    // The router ignores a slash at the end of a path.
    if (c.req.path.endsWith("/")) c.res = await c.notFound();
    else await next();
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) c.res.headers.set(name, value);
    c.res.headers.set("x-request-id", requestId);
    const { method, routePath: route } = c.req;
    const { status } = c.res;
    const tookMs = clock.nowMs() - startedAtMs;
    logger.log("info", "http: answered", { requestId, method, route, status, tookMs });
  });
  app.onError((error, c) => {
    const problem = problemOf(error, c.get("requestId"));
    const { requestId, code, message } = problem;
    if (problem.status >= 500) {
      logger.log("error", "http: failed", { requestId, code, error: message, ...faultOf(error) });
    }
    return problemResponse(problem);
  });
}
