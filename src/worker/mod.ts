/**
 * The service as a Worker: accounts in Durable Objects, one in each, behind the HTTP application. What is
 * here needs the platform's Durable Objects and none of its modules, so that a client can run inside its
 * account's object.
 *
 * @module
 */
export { AccountDurableObject } from "./account_durable_object.ts";
export { AccountObject, type AccountObjectOptions } from "./account_object.ts";
export { consoleLogger } from "./console_logger.ts";
export { objectAccounts } from "./object_accounts.ts";
export type {
  AccountStorageLike,
  ObjectContextLike,
  ObjectNamespaceLike,
  ObjectStubLike,
} from "./object_types.ts";
export { objectRegistry, RegistryDurableObject } from "./registry_object.ts";
export { type AccountsEnv, serveAccounts } from "./serve_accounts.ts";
