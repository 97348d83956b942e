/**
 * Coordination in process.
 *
 * @module
 */
export { KeyedLock } from "./keyed_lock.ts";
