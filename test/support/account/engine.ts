/**
 * Shared code of the flush engine's tests: a committer with controllable faults, and a flushable of dirty
 * sessions.
 */
import { type Capabilities, type Committer, validateWrite, type Write } from "../../../src/backend/mod.ts";
import { AmbiguousError, RefusedError } from "../../../src/errors/mod.ts";
import type { FakeHost } from "../../../src/testing/mod.ts";
import { fakeHost } from "../../../src/testing/mod.ts";
import type { DirtyItem, Flushable, Outcome, Pending, Urgency } from "../../../src/write_behind/mod.ts";
import { WriteBehind, type WriteBehindPolicy } from "../../../src/write_behind/mod.ts";

const CAPABILITIES: Capabilities = {
  atomicCommit: true,
  fencing: true,
  durableOnResolve: true,
  maxValueBytes: 1_000,
  maxParameters: undefined,
};

/** How the committer reports a refused row. */
export type RefusalStyle = "index" | "unnamed";

/** A record that contains a number. */
function recordOf(value: number): Uint8Array {
  const record = new Uint8Array(4);
  new DataView(record.buffer).setUint32(0, value);
  return record;
}

function numberOf(record: Uint8Array): number {
  return new DataView(record.buffer, record.byteOffset).getUint32(0);
}

/** Applies `session.put` and `session.delete` atomically, with faults on demand. */
export class FakeCommitter implements Pick<Committer, "commit" | "capabilities"> {
  capabilities: Capabilities = CAPABILITIES;
  /** Durable state: the number in the record, by address. */
  readonly rows: Map<string, number> = new Map();
  /** Addresses of each attempted commit, in order. */
  readonly tried: string[][] = [];
  /** Refused addresses. */
  readonly poison: Set<string> = new Set();
  style: RefusalStyle = "index";
  /** Errors for the next commits, one each. `undefined` lets a commit succeed. */
  readonly failures: (Error | undefined)[] = [];
  /** Whether commits that fail with `AmbiguousError` are applied. */
  ambiguous = false;
  /** Fails every commit while set. */
  down: Error | undefined;
  #gate: Promise<void> | undefined;
  #open: () => void = () => {};
  #running = 0;
  /** Maximum number of concurrent commits so far. */
  maxRunning = 0;

  /** Makes commits wait until `release`. */
  hold(): void {
    this.#gate ??= new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  release(): void {
    this.#gate = undefined;
    this.#open();
  }

  async commit(writes: readonly Write[]): Promise<number[]> {
    this.tried.push(writes.map((write) => ("address" in write ? write.address : write.kind)));
    this.#running += 1;
    this.maxRunning = Math.max(this.maxRunning, this.#running);
    try {
      await this.#gate;
      const failure = this.failures.shift() ?? this.down;
      if (failure !== undefined && !(this.ambiguous && failure instanceof AmbiguousError)) throw failure;
      for (const [index, write] of writes.entries()) validateWrite(write, CAPABILITIES, index);
      const index = writes.findIndex((write) => "address" in write && this.poison.has(write.address));
      if (index !== -1) {
        throw new RefusedError("commit: constraint", this.style === "index" ? { writeIndex: index } : {});
      }
      const changed = writes.map((write) => this.#apply(write));
      if (failure !== undefined) throw failure;
      return changed;
    } finally {
      this.#running -= 1;
    }
  }

  #apply(write: Write): number {
    if (write.kind === "session.put") {
      this.rows.set(write.address, numberOf(write.record));
      return 1;
    }
    if (write.kind === "session.delete") return this.rows.delete(write.address) ? 1 : 0;
    return 0;
  }
}

interface Change {
  readonly value: number | undefined;
  readonly generation: number;
  readonly urgency: Urgency;
  readonly atMs: number;
}

/** The most urgent first. */
const RANKS: readonly Urgency[] = ["now", "must", "may"];

/**
 * A map of sessions (a number each) that is written behind. Checks the engine's side of the flushable
 * contract.
 */
export class FakeFlushable implements Flushable {
  readonly name: string;
  readonly outcomes: Outcome[] = [];
  readonly #dirty = new Map<string, Change>();
  readonly #clock: { nowMs(): number };
  #generation = 0;
  #collected: readonly DirtyItem[] | undefined;
  engine: WriteBehind | undefined;
  /** Thrown by the next `collect`. */
  collectError: Error | undefined;

  constructor(name: string, clock: { nowMs(): number }) {
    this.name = name;
    this.#clock = clock;
  }

  get dirtyKeys(): string[] {
    return [...this.#dirty.keys()];
  }

  put(key: string, value: number, urgency: Urgency = "must"): void {
    this.#change(key, value, urgency);
  }

  delete(key: string): void {
    this.#change(key, undefined, "must");
  }

  #change(key: string, value: number | undefined, urgency: Urgency): void {
    this.#generation += 1;
    const before = this.#dirty.get(key);
    this.#dirty.set(key, {
      value,
      generation: this.#generation,
      urgency: RANKS.find((rank) => rank === before?.urgency || rank === urgency) ?? urgency,
      atMs: before?.atMs ?? this.#clock.nowMs(),
    });
    this.engine?.notify(urgency);
  }

  pending(): Pending {
    const changes = [...this.#dirty.values()];
    const must = changes.filter(({ urgency }) => urgency !== "may").length;
    const times = changes.map(({ atMs }) => atMs);
    return {
      must,
      may: changes.length - must,
      bytes: changes.length * 10,
      oldestAtMs: times.length === 0 ? undefined : Math.min(...times),
    };
  }

  collect(only?: (key: string, urgency: Urgency) => boolean): readonly DirtyItem[] {
    if (this.#collected !== undefined) throw new Error("collected twice without an outcome");
    const error = this.collectError;
    this.collectError = undefined;
    if (error !== undefined) throw error;
    this.#collected = [...this.#dirty]
      .filter(([key, { urgency }]) => only?.(key, urgency) ?? true)
      .map(([key, { value, generation, urgency }]) => ({
        key,
        generation,
        urgency,
        writes: [
          value === undefined
            ? { kind: "session.delete", address: key }
            : { kind: "session.put", address: key, record: recordOf(value) },
        ],
      }));
    return this.#collected;
  }

  applyOutcome(outcome: Outcome): void {
    const collected = this.#collected;
    if (collected === undefined) throw new Error("an outcome without a collect");
    this.#collected = undefined;
    this.outcomes.push(outcome);
    const applied = [...outcome.committed, ...outcome.isolated, ...outcome.failed];
    const ids = (items: readonly { key: string; generation: number }[]): string[] =>
      items.map(({ key, generation }) => `${key}#${generation}`).sort();
    if (ids(applied).join() !== ids(collected).join())
      throw new Error("an outcome of items that were not collected");
    for (const { key, generation } of outcome.committed) {
      if (this.#dirty.get(key)?.generation === generation) this.#dirty.delete(key);
    }
  }
}

/** An engine over a fake committer, with one flushable and a fake host. */
export interface EngineHarness {
  readonly host: FakeHost;
  readonly committer: FakeCommitter;
  readonly flushable: FakeFlushable;
  readonly engine: WriteBehind;
}

export function engineHarness(policy: Partial<WriteBehindPolicy> = {}, seed = 1): EngineHarness {
  const host = fakeHost({ seed });
  const committer = new FakeCommitter();
  const engine = new WriteBehind({ committer, host, policy });
  const flushable = new FakeFlushable("fake", host.clock);
  flushable.engine = engine;
  engine.addFlushable(flushable);
  return { host, committer, flushable, engine };
}

/** A write of the caller. */
export function sessionPut(address: string, value: number): Write {
  return { kind: "session.put", address, record: recordOf(value) };
}
