/** The Worker in which the tests run, with their Durable Objects. */

import type { AlarmStorageLike } from "../../../src/adapters/durable_object/mod.ts";
import { FakeClock, ManualScheduler, SeededRandom } from "../../../src/testing/mod.ts";
import { AccountObject, type ObjectContextLike } from "../../../src/worker/mod.ts";

/** The part of an object's storage that the tests use. */
export interface TestStorage extends AlarmStorageLike {
  deleteAlarm(): Promise<void>;
  deleteAll(): Promise<void>;
}

/** An object without code of its own, for its storage. */
export class BareObject {
  async fetch(): Promise<Response> {
    return new Response(null, { status: 204 });
  }

  /** No test waits for it. */
  async alarm(): Promise<void> {}
}

/** The time of each object, by its name. It outlives the object's memory, as real time does. */
const clocks = new Map<string, FakeClock>();

/** The platform accepts future times and fires past ones at once, so objects live in the future. */
const AHEAD_MS = 24 * 3_600_000;

/** Numbers the incarnations of all objects, so that each draws other random bytes. */
let incarnations = 0;

/** An account in its object, with fake time. A test runs code inside of it, evicts it and aborts it. */
export class HoldfastObject {
  readonly clock: FakeClock;
  readonly timers: ManualScheduler;
  readonly holdfast: AccountObject;

  constructor(ctx: ObjectContextLike) {
    const name = String(ctx.id.name);
    this.clock = clocks.get(name) ?? new FakeClock(Date.now() + AHEAD_MS);
    clocks.set(name, this.clock);
    this.timers = new ManualScheduler(this.clock);
    incarnations += 1;
    const random = new SeededRandom(incarnations);
    this.holdfast = new AccountObject(ctx, {
      host: { clock: this.clock, random },
      timers: this.timers,
      signal: { durability: name.endsWith("relaxed") ? "relaxed" : "strict" },
    });
  }

  fetch(request: Request): Promise<Response> {
    return this.holdfast.fetch(request);
  }

  alarm(): Promise<void> {
    return this.holdfast.alarm();
  }
}

export default {
  async fetch(): Promise<Response> {
    return new Response(null, { status: 404 });
  },
};
