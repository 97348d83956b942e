/**
 * The service as a Worker: accounts in Durable Objects, one in each, behind the HTTP application. Needs the
 * platform's Durable Objects but imports none of its modules; `src/cloudflare` does.
 *
 * @module
 */
export { AccountObject, type RecoverableOptions } from "./account_object.ts";
export { consoleLogger } from "./console_logger.ts";
export { type AccountObjectOptions, HostedObject } from "./hosted_object.ts";
export { type AccountBindings, objectAccounts } from "./object_accounts.ts";
export {
  type AccountObjectMembers,
  accountObject,
  type DurableObjectClass,
  type RegistryObjectMembers,
  registryObject,
} from "./object_classes.ts";
export type {
  AccountStorageLike,
  ObjectContextLike,
  ObjectNamespaceLike,
  ObjectStubLike,
} from "./object_types.ts";
export { RegistryObject } from "./registry_object.ts";
export { type RestoreRecord, recordBeside } from "./restore_record.ts";
export { type AccountsEnv, serveAccounts } from "./serve_accounts.ts";
