import type { CacheStore } from "../../../src/cache/mod.ts";

/**
 * How a call to a {@link ScriptedStore} ends. `begun` takes effect and is answered by a later end. `torn`,
 * `foreign` and `nonsense` affect the result of `get`.
 */
export type Ending =
  | "done"
  | "begun"
  | "refused"
  | "done, answered as refused"
  | "torn"
  | "foreign"
  | "nonsense";

interface Call {
  readonly operation: string;
  readonly end: (ending: Ending) => void;
}

/**
 * A store in memory. A test controls when, in which order and how its calls end. While `isProper`, they
 * succeed at once.
 */
export class ScriptedStore implements CacheStore {
  readonly entries: Map<string, Uint8Array> = new Map();
  readonly ttls: Map<string, number | undefined> = new Map();
  /** Pending calls, oldest first. */
  readonly calls: Call[] = [];
  isProper = true;

  get(namespace: string, key: string): Promise<Uint8Array | undefined> {
    const at = `${namespace}:${key}`;
    return this.#call(`get ${at}`, (ending) => {
      const bytes = this.entries.get(at);
      if (ending === "torn") return bytes?.slice(0, bytes.length >> 1);
      if (ending === "foreign") return [...this.entries.values()].find((other) => other !== bytes);
      if (ending === "nonsense") return "nonsense" as unknown as Uint8Array;
      return bytes?.slice();
    });
  }

  set(namespace: string, key: string, bytes: Uint8Array, ttlMs?: number): Promise<void> {
    const at = `${namespace}:${key}`;
    return this.#call(`set ${at}`, () => {
      this.entries.set(at, bytes.slice());
      this.ttls.set(at, ttlMs);
    });
  }

  delete(namespace: string, key: string): Promise<void> {
    return this.#call(`delete ${namespace}:${key}`, () => void this.entries.delete(`${namespace}:${key}`));
  }

  clear(namespace: string): Promise<void> {
    return this.#call(`clear ${namespace}`, () => {
      for (const at of [...this.entries.keys()]) if (at.startsWith(`${namespace}:`)) this.entries.delete(at);
    });
  }

  async entryCount(namespace: string): Promise<number> {
    return [...this.entries.keys()].filter((at) => at.startsWith(`${namespace}:`)).length;
  }

  /** Ends the call at `index`, modulo their number. */
  end(index: number, ending: Ending): void {
    if (this.calls.length === 0) return;
    this.calls.splice(index % this.calls.length, 1)[0]?.end(ending);
  }

  /** A call without effect, for a loader to await. */
  pause(): Promise<void> {
    if (this.isProper) return Promise.resolve();
    return new Promise((resolve) => this.calls.push({ operation: "pause", end: () => resolve() }));
  }

  /** Makes every pending call succeed, and later ones at once. */
  behave(): void {
    this.isProper = true;
    while (this.calls.length > 0) this.end(0, "done");
  }

  #call<T>(operation: string, effect: (ending: Ending) => T): Promise<T> {
    if (this.isProper) return Promise.resolve(effect("done"));
    return new Promise((resolve, reject) => {
      const end = (ending: Ending) => {
        if (ending === "begun") {
          const begun = effect("done");
          this.calls.push({ operation, end: () => resolve(begun) });
          return;
        }
        const result = ending === "refused" ? undefined : effect(ending);
        if (ending.endsWith("refused")) reject(new Error(`${operation} was refused`));
        else resolve(result as T);
      };
      this.calls.push({ operation, end });
    });
  }
}
