/**
 * Durable Objects of Cloudflare that keep accounts: classes to bind or to extend, and the Worker in front of
 * them. This subpath is on npm alone, since it imports `cloudflare:workers`. On JSR, `accountObject` of
 * `@holdfast/store/worker` makes the same classes.
 *
 * @module
 */
export { AccountDurableObject, RegistryDurableObject } from "../cloudflare/mod.ts";
export {
  AccountObject,
  type AccountObjectOptions,
  type AccountsEnv,
  serveAccounts,
} from "../worker/mod.ts";
