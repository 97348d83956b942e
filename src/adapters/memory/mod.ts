/**
 * The memory backend: the reference implementation of the contract, for tests and for state that need not
 * survive the process.
 *
 * @module
 */
export type { MemoryDamage } from "./damaged.ts";
export { type MemoryBackendOptions, memoryBackend } from "./memory_backend.ts";
export { type MemoryDamageTarget, MemoryDatabase } from "./memory_database.ts";
export { MemoryFaults } from "./memory_faults.ts";
