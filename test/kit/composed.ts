import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { type Backend, composeBackend } from "../../src/backend/mod.ts";
import {
  type ConformanceHarness,
  type ConformanceTarget,
  DEFAULT_ACCOUNT,
  FakeClock,
} from "../../src/testing/mod.ts";

/**
 * The four stores of one memory backend, joined by `composeBackend`. Proves that each write and read reaches
 * its store. Does not cover separate stores, which cannot delete or count each other's rows.
 */
export const composedTarget: ConformanceTarget = {
  name: "composed of four memory stores",
  provides: ["oracle"],
  create: async () => new ComposedHarness(),
};

class ComposedHarness implements ConformanceHarness {
  readonly clock: FakeClock = new FakeClock();
  readonly #database = new MemoryDatabase();
  #open: Backend[] = [];

  async open(account: string = DEFAULT_ACCOUNT): Promise<Backend> {
    const { clock } = this;
    const one = memoryBackend({ account, clock, database: this.#database });
    const backend = composeBackend(
      { signal: one, appSync: one, protocol: one, device: one, close: () => one.close() },
      { clock },
    );
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

  async oracle(): Promise<Backend> {
    return memoryBackend({ clock: this.clock });
  }

  async dispose(): Promise<void> {
    for (const backend of this.#open.splice(0)) await backend.close();
  }
}
