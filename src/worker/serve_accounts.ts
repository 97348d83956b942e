import { type AppLimits, type AppType, createApp } from "../http/mod.ts";
import type { Logger } from "../ports/mod.ts";
import { consoleLogger } from "./console_logger.ts";
import { objectAccounts } from "./object_accounts.ts";
import type { ObjectNamespaceLike } from "./object_types.ts";
import { objectRegistry } from "./registry_object.ts";

/** What a Worker that serves accounts is given: the bindings of wrangler.toml, and a secret. */
export interface AccountsEnv<AccountId = unknown, RegistryId = unknown> {
  /** Objects of `AccountDurableObject`, or of a class that extends it. */
  readonly ACCOUNTS: ObjectNamespaceLike<AccountId>;
  /** Objects of `RegistryDurableObject`. */
  readonly REGISTRY: ObjectNamespaceLike<RegistryId>;
  /**
   * The admin token, at least 32 characters: `wrangler secret put HOLDFAST_ADMIN_TOKEN`. Without it nobody
   * can administer.
   */
  readonly HOLDFAST_ADMIN_TOKEN?: string | undefined;
}

/** An isolate has 128 MB, and a call passes through it in several copies. */
const LIMITS: Partial<AppLimits> = { callBytes: 16 * 1_024 * 1_024 };

/** Bindings live as long as the isolate, and so does their application. */
const apps = new WeakMap<object, AppType>();

/**
 * Answers a request to the service, over the Durable Objects that the Worker is bound to.
 *
 * @param logger Where requests are logged. Defaults to a line of JSON each on the console.
 *
 * @example
 * ```ts
 * import { type AccountsEnv, serveAccounts } from "@holdfast/store/worker";
 *
 * // The default export of a Worker that exports `AccountDurableObject` and `RegistryDurableObject` as well.
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
    const accounts = objectAccounts(env.ACCOUNTS, objectRegistry(env.REGISTRY));
    app = createApp({ accounts, adminToken: env.HOLDFAST_ADMIN_TOKEN, host: { logger }, limits: LIMITS });
    apps.set(env, app);
  }
  return await app.fetch(request);
}
