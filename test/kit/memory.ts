import {
  type MemoryBackendOptions,
  MemoryDatabase,
  MemoryFaults,
  memoryBackend,
} from "../../src/adapters/memory/mod.ts";
import type { Backend } from "../../src/backend/mod.ts";
import {
  type ConformanceHarness,
  type ConformanceTarget,
  DEFAULT_ACCOUNT,
  FakeClock,
} from "../../src/testing/mod.ts";

/**
 * The memory backend as a target of the conformance kit. Its oracle in the model cases is the memory backend
 * itself, with one write per commit and without failures. That tests its rollback and its restarts, not its
 * rules.
 */
export const memoryTarget: ConformanceTarget = {
  name: "memory",
  provides: [
    "atomicCommit",
    "fencing",
    "durableOnResolve",
    "changedRows",
    "failCommitAt",
    "damage",
    "oracle",
  ],
  create: async () => new MemoryHarness(memoryBackend),
};

/** Opens an account of a memory database. */
export type OpenMemory = (options: MemoryBackendOptions) => Backend | Promise<Backend>;

/** One memory database. */
export class MemoryHarness implements ConformanceHarness {
  readonly clock: FakeClock = new FakeClock();
  readonly #openMemory: OpenMemory;
  readonly #database = new MemoryDatabase();
  readonly #faults = new MemoryFaults();
  #open: Backend[] = [];

  constructor(openMemory: OpenMemory) {
    this.#openMemory = openMemory;
  }

  async open(account: string = DEFAULT_ACCOUNT): Promise<Backend> {
    const { clock } = this;
    const options = { account, clock, database: this.#database, faults: this.#faults };
    const backend = await this.#openMemory(options);
    this.#open.push(backend);
    return backend;
  }

  async reopen(account?: string): Promise<Backend> {
    await this.dispose();
    return await this.open(account);
  }

  async crash(account?: string): Promise<Backend> {
    this.#open = [];
    return await this.open(account);
  }

  failCommitAt(statementIndex: number): void {
    this.#faults.failCommitAt(statementIndex);
  }

  async damage(...args: Parameters<MemoryDatabase["damage"]>): Promise<void> {
    this.#database.damage(...args);
  }

  async oracle(): Promise<Backend> {
    return memoryBackend({ clock: this.clock });
  }

  async dispose(): Promise<void> {
    for (const backend of this.#open.splice(0)) await backend.close();
  }
}
