import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { type Backend, composeBackend } from "../../src/backend/mod.ts";
import {
  type ConformanceHarness,
  type ConformanceTarget,
  DEFAULT_ACCOUNT,
  FakeClock,
} from "../../src/testing/mod.ts";

/** Four stores of memory backends joined by `composeBackend`, each in a database of its own as separate stores would be. */
export const composedTarget: ConformanceTarget = {
  name: "composed of four memory stores",
  provides: ["oracle"],
  create: async () => new ComposedHarness(),
};

class ComposedHarness implements ConformanceHarness {
  readonly clock: FakeClock = new FakeClock();
  readonly #signal = new MemoryDatabase();
  readonly #appSync = new MemoryDatabase();
  readonly #protocol = new MemoryDatabase();
  readonly #device = new MemoryDatabase();
  #open: Backend[] = [];

  async open(account: string = DEFAULT_ACCOUNT): Promise<Backend> {
    const { clock } = this;
    const stores = {
      signal: memoryBackend({ account, clock, database: this.#signal }),
      appSync: memoryBackend({ account, clock, database: this.#appSync }),
      protocol: memoryBackend({ account, clock, database: this.#protocol }),
      device: memoryBackend({ account, clock, database: this.#device }),
    };
    const close = async () => {
      for (const store of Object.values(stores)) await store.close();
    };
    const backend = composeBackend({ ...stores, close }, { clock });
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
