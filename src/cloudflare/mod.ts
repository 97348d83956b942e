/**
 * The classes that the platform instantiates. They extend its `DurableObject`, so this folder is the only one
 * that imports `cloudflare:workers`, and no other runtime can load it.
 *
 * @module
 */
export { AccountDurableObject } from "./account_durable_object.ts";
export { RegistryDurableObject } from "./registry_durable_object.ts";
