import { describe, expect, test } from "vitest";
import { type EngineHarness, engineHarness, sessionPut } from "../../test/support/account/engine.ts";
import { dose } from "../../test/support/dose.ts";
import { AmbiguousError, BackendError, BusyError, HaltedError } from "../errors/mod.ts";
import { SeededRandom } from "../testing/mod.ts";
import type { FlushReport } from "./mod.ts";

/** Runs of 400 steps. */
const SEEDS = dose({ short: 15, long: 60 });

const KEYS = Array.from({ length: 24 }, (_, index) => `k${index}`);

/**
 * Random changes, flushes, failures, refusals and concurrency on one engine. After every step: a change that
 * is not durable is dirty. When a call settles: its contract holds. At the end: everything is durable.
 *
 * It proves nothing about real backends, only about the engine's bookkeeping.
 */
class Chaos {
  readonly #random: SeededRandom;
  readonly #harness: EngineHarness;
  /** The last value, by key. */
  readonly #latest = new Map<string, number>();
  /** Keys that were ever refused: they may always be isolated. */
  readonly #everPoison = new Set<string>();
  readonly #calls = new Set<Promise<void>>();
  #version = 0;
  #own = 0;
  /** Grows with everything that can cause a flush. */
  #causes = 0;
  /** The first broken contract. */
  #broken: unknown;
  settled = 0;
  /** Rejections that no concurrent flush could affect. */
  cleanRejections = 0;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    this.#harness = engineHarness({ refusedRetryMs: 5_000, maxCommitsPerFlush: 24 }, seed);
    this.#harness.engine.run(1_000 + this.#random.below(5_000));
  }

  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps; step += 1) {
      await this.#step();
      this.#check();
    }
    await this.#finish();
  }

  /** Invariant: a change that is not durable is dirty. */
  #check(): void {
    if (this.#broken !== undefined) throw this.#broken;
    const { flushable, committer } = this.#harness;
    const dirty = new Set(flushable.dirtyKeys);
    for (const [key, value] of this.#latest) {
      if (committer.rows.get(key) !== value && !dirty.has(key)) throw new Error(`${key} was lost`);
    }
    expect(committer.maxRunning).toBeLessThanOrEqual(1);
  }

  async #step(): Promise<void> {
    const { committer, host } = this.#harness;
    const random = this.#random;
    switch (random.below(13)) {
      case 0:
        return this.#call(this.#flush());
      case 1:
        return this.#call(this.#flushOnly());
      case 2:
        return this.#call(this.#commitWith());
      case 3:
        return committer.hold();
      case 4:
        return committer.release();
      case 5:
        return this.#misbehave();
      case 6:
        committer.release();
        this.#causes += 1;
        await host.scheduler.advance(random.below(7_000));
        return;
      case 7:
        for (let turn = random.below(12); turn > 0; turn -= 1) await Promise.resolve();
        return;
      case 8:
        committer.release();
        await Promise.all(this.#calls);
        committer.failures.push(new BackendError("commit: connection lost"));
        return this.#flush();
      default:
        return this.#change();
    }
  }

  #change(): void {
    const { flushable } = this.#harness;
    for (let count = 1 + this.#random.below(4); count > 0; count -= 1) {
      this.#version += 1;
      const key = this.#random.pick(KEYS);
      this.#latest.set(key, this.#version);
      flushable.put(key, this.#version, this.#random.pick(["now", "must", "may"] as const));
    }
  }

  #misbehave(): void {
    const { committer } = this.#harness;
    const random = this.#random;
    const key = random.pick(KEYS);
    switch (random.below(6)) {
      case 0:
        committer.poison.add(key);
        this.#everPoison.add(key);
        break;
      case 1:
        committer.poison.clear();
        break;
      case 2:
        committer.style = random.oneIn(2) ? "index" : "unnamed";
        break;
      case 3:
        committer.down = random.oneIn(2) ? new BusyError("commit: busy") : undefined;
        break;
      case 4:
        committer.failures.push(undefined, new BackendError("commit: connection lost"));
        break;
      default:
        committer.ambiguous = random.oneIn(2);
        committer.failures.push(new AmbiguousError("commit: answer lost"));
    }
  }

  #call(call: Promise<void>): void {
    const kept = call
      .catch((error: unknown) => {
        this.#broken ??= error;
      })
      .finally(() => this.#calls.delete(kept));
    this.#calls.add(kept);
  }

  async #flush(): Promise<void> {
    this.#causes += 1;
    await this.#promise((key) => KEYS.includes(key), this.#harness.engine.flush());
  }

  async #flushOnly(): Promise<void> {
    this.#causes += 1;
    const chosen = new Set([this.#random.pick(KEYS), this.#random.pick(KEYS)]);
    const selects = (key: string): boolean => chosen.has(key);
    await this.#promise(
      selects,
      this.#harness.engine.flushOnly((_source, key) => selects(key)),
    );
  }

  /** Invariant: when it resolves, changes made before the call are durable, except those in the report. */
  async #promise(selects: (key: string) => boolean, flushing: Promise<FlushReport>): Promise<void> {
    const { committer } = this.#harness;
    const before = [...this.#latest].filter(([key]) => selects(key));
    const rowsBefore = new Map(committer.rows);
    const causes = this.#calls.size === 0 ? this.#causes : undefined;
    const report = await flushing.catch((error: Error) => error);
    this.settled += 1;
    if (report instanceof Error) {
      // Another caller's flush may have succeeded before this rejection is handled.
      if (causes !== this.#causes || report instanceof AmbiguousError) return;
      this.cleanRejections += 1;
      for (const [key] of before) expect(committer.rows.get(key)).toBe(rowsBefore.get(key));
      return;
    }
    const isolated = new Set(report.isolated.map(({ key }) => key));
    for (const [key, value] of before) {
      if (!isolated.has(key)) expect(committer.rows.get(key) ?? 0).toBeGreaterThanOrEqual(value);
    }
  }

  async #commitWith(): Promise<void> {
    const { engine, committer } = this.#harness;
    this.#own += 1;
    this.#causes += 1;
    const address = `own${this.#own}`;
    const refused = this.#random.oneIn(6);
    if (refused) committer.poison.add(address);
    this.#change();
    const before = [...this.#latest];
    const changed = await engine
      .commitWith([sessionPut(`${address}b`, 1), sessionPut(address, 2)])
      .catch((error: Error) => error);
    this.settled += 1;
    if (changed instanceof Error) {
      if (changed instanceof AmbiguousError) return;
      expect(committer.rows.has(address) || committer.rows.has(`${address}b`)).toBe(false);
      return;
    }
    expect(changed).toEqual([1, 1]);
    expect([committer.rows.get(`${address}b`), committer.rows.get(address)]).toEqual([1, 2]);
    if (this.#everPoison.size > 0) return;
    for (const [key, value] of before) expect(committer.rows.get(key) ?? 0).toBeGreaterThanOrEqual(value);
  }

  async #finish(): Promise<void> {
    const { committer, engine, flushable, host } = this.#harness;
    committer.release();
    await Promise.all(this.#calls);
    this.#check();
    committer.poison.clear();
    committer.failures.length = 0;
    committer.down = undefined;
    host.clock.advance(3_600_000);
    await engine.close();
    expect(flushable.dirtyKeys).toEqual([]);
    for (const [key, value] of this.#latest) expect(committer.rows.get(key)).toBe(value);
    expect(() => engine.assertOpen()).not.toThrow(HaltedError);
  }
}

describe("WriteBehind under random failures", () => {
  test("loses nothing and keeps every contract", async () => {
    let settled = 0;
    let cleanRejections = 0;
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const chaos = new Chaos(seed);
      try {
        await chaos.run(400);
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
      settled += chaos.settled;
      cleanRejections += chaos.cleanRejections;
    }
    expect(settled).toBeGreaterThan(SEEDS * 50);
    expect(cleanRejections).toBeGreaterThan(SEEDS);
  });
});
