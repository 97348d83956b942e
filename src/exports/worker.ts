/**
 * The service as a Worker: accounts in Durable Objects, one in each, behind the HTTP application. What is here needs the platform's
 * Durable Objects and none of its modules, so that a client can run inside its account's object.
 *
 * @module
 */
export {
  AccountDurableObject,
  AccountObject,
  type AccountObjectOptions,
  type AccountStorageLike,
  type AccountsEnv,
  consoleLogger,
  type ObjectContextLike,
  type ObjectNamespaceLike,
  type ObjectStubLike,
  objectAccounts,
  objectRegistry,
  RegistryDurableObject,
  serveAccounts,
} from "../worker/mod.ts";
