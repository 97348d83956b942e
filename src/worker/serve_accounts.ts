import { type AppOptions, type AppType, createApp, RequestError, readLimits } from "../http/mod.ts";
import type { Logger } from "../ports/mod.ts";
import { consoleLogger } from "./console_logger.ts";
import { type AccountBindings, objectAccounts } from "./object_accounts.ts";

/** The bindings of a Worker that serves accounts, and a secret. */
export interface AccountsEnv<AccountId = unknown, RegistryId = unknown>
  extends AccountBindings<AccountId, RegistryId> {
  /**
   * The admin token, at least 32 characters: `wrangler secret put HOLDFAST_ADMIN_TOKEN`. Without it only
   * tokens of the registry are accepted.
   */
  readonly HOLDFAST_ADMIN_TOKEN?: string | undefined;
  /** Origins whose pages may call the service from a browser, with spaces between them. Defaults to none. */
  readonly HOLDFAST_CORS_ORIGINS?: string | undefined;
  /** Limits of accounts that have none of their own, as JSON: `{"maxBytes": 100000000}`. Defaults to none. */
  readonly HOLDFAST_ACCOUNT_LIMITS?: string | undefined;
}

/** The application of each isolate, by its bindings, which live as long as the isolate. */
const apps = new WeakMap<object, AppType>();

/**
 * Answers a request to the service, over the Durable Objects of the Worker's bindings.
 *
 * @throws {TypeError} When a binding is missing, or `HOLDFAST_ACCOUNT_LIMITS` is malformed. The message names it.
 * @throws {RangeError} When `HOLDFAST_ADMIN_TOKEN` is shorter than 32 characters.
 * @param logger Where requests are logged. Defaults to a line of JSON each on the console.
 *
 * @example
 * ```ts
 * import { type AccountsEnv, serveAccounts } from "@holdfast/store/worker";
 *
 * // The default export of a Worker that also exports the classes of its Durable Objects.
 * const worker = {
 *   fetch: (request: Request, env: AccountsEnv): Promise<Response> => serveAccounts(request, env),
 * };
 * ```
 */
export async function serveAccounts<AccountId, RegistryId>(
  request: Request,
  env: AccountsEnv<AccountId, RegistryId>,
  logger: Logger = consoleLogger,
): Promise<Response> {
  let app = apps.get(env);
  if (app === undefined) {
    for (const name of ["ACCOUNTS", "REGISTRY"] as const) {
      if (env[name] === undefined) throw new TypeError(`serve accounts: the binding ${name} is missing`);
    }
    const accounts = objectAccounts(env);
    app = createApp({
      accounts,
      adminToken: env.HOLDFAST_ADMIN_TOKEN,
      accountLimits: limitsOf(env.HOLDFAST_ACCOUNT_LIMITS),
      corsOrigins: env.HOLDFAST_CORS_ORIGINS?.split(/\s+/).filter(Boolean),
      host: { logger },
    });
    apps.set(env, app);
  }
  return await app.fetch(request);
}

function limitsOf(text = "{}"): AppOptions["accountLimits"] {
  try {
    return readLimits(JSON.parse(text), "#");
  } catch (cause: unknown) {
    // What a parser says quotes the text.
    const [broken] = (cause instanceof RequestError && cause.violations) || [];
    const why =
      broken === undefined ? "is not JSON" : `${broken.pointer} breaks ${broken.rule}: ${broken.allowed}`;
    throw new TypeError(`serve accounts: HOLDFAST_ACCOUNT_LIMITS ${why}`);
  }
}
