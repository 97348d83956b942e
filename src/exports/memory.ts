/**
 * The memory backend: the reference implementation of the contract, for tests and for state that need not
 * outlive the process.
 *
 * @module
 */
export {
  type MemoryBackendOptions,
  type MemoryDamage,
  type MemoryDamageTarget,
  MemoryDatabase,
  MemoryFaults,
  memoryBackend,
} from "../adapters/memory/mod.ts";
