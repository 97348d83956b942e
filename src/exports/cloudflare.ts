/**
 * Durable Objects of Cloudflare that store accounts: classes to bind or to extend, and the Worker in front of
 * them. This subpath is on npm only, because it imports `cloudflare:workers`. On JSR, `accountObject` of
 * `@holdfast/store/worker` creates the same classes.
 *
 * @module
 */
export { AccountDurableObject, RegistryDurableObject } from "../cloudflare/mod.ts";
export {
  AccountObject,
  type AccountObjectOptions,
  type AccountsEnv,
  type RecoverableOptions,
  type RestoreRecord,
  recordBeside,
  serveAccounts,
} from "../worker/mod.ts";
