/**
 * The service as a Worker: accounts in Durable Objects, one in each, behind the HTTP application. It imports
 * no module of the platform, so `accountObject` and `registryObject` take its `DurableObject` class as an
 * argument. On npm, `@holdfast/store/cloudflare` has the finished classes.
 *
 * @module
 */
export {
  type AccountBindings,
  AccountObject,
  type AccountObjectMembers,
  type AccountObjectOptions,
  type AccountStorageLike,
  type AccountsEnv,
  accountObject,
  consoleLogger,
  type DurableObjectClass,
  HostedObject,
  type ObjectContextLike,
  type ObjectNamespaceLike,
  type ObjectStubLike,
  objectAccounts,
  type RecoverableOptions,
  type RegistryObjectMembers,
  type RestoreRecord,
  recordBeside,
  registryObject,
  serveAccounts,
} from "../worker/mod.ts";
