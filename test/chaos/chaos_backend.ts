import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import type { Backend } from "../../src/backend/mod.ts";
import type { Clock } from "../../src/ports/mod.ts";

/** Where a run keeps its account: one fresh database, opened as often as the run likes. */
export interface ChaosBackend {
  /**
   * One more connection to the database, for a process of its own: several may be open at once. What was committed over one of them is
   * seen by all. It must fence (`capabilities.fencing`): the run has two owners at times.
   */
  open(clock: Clock): Backend | Promise<Backend>;
}

/** A database in memory. */
export function memoryChaosBackend(): ChaosBackend {
  const database = new MemoryDatabase();
  return { open: (clock) => memoryBackend({ database, clock }) };
}
