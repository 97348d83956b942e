/** The storage of an object that fails on demand. */

import type { AccountStorageLike } from "../../src/worker/mod.ts";

/** Parts of the storage that can fail. */
export type Breakable = "setAlarm" | "sql";

export class BreakableStorage implements AccountStorageLike {
  /** The parts that fail now. */
  readonly broken: Set<Breakable> = new Set();
  /** How often each has failed. */
  readonly failed: Record<Breakable, number> = { setAlarm: 0, sql: 0 };
  readonly #real: AccountStorageLike;

  constructor(real: AccountStorageLike) {
    this.#real = real;
  }

  readonly sql: AccountStorageLike["sql"] = {
    exec: (query, ...bindings) => {
      this.#mayFail("sql");
      return this.#real.sql.exec(query, ...bindings);
    },
  };

  transactionSync<T>(work: () => T): T {
    this.#mayFail("sql");
    return this.#real.transactionSync(work);
  }

  getAlarm(): Promise<number | null> {
    return this.#real.getAlarm();
  }

  async setAlarm(scheduledTimeMs: number): Promise<void> {
    this.#mayFail("setAlarm");
    await this.#real.setAlarm(scheduledTimeMs);
  }

  deleteAlarm(): Promise<void> {
    return this.#real.deleteAlarm();
  }

  deleteAll(): Promise<void> {
    return this.#real.deleteAll();
  }

  #mayFail(what: Breakable): void {
    if (!this.broken.has(what)) return;
    this.failed[what] += 1;
    throw new Error(`${what}: the storage is broken`);
  }
}
