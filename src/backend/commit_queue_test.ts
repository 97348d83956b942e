import { describe, expect, test } from "vitest";
import { dose } from "../../test/support/dose.ts";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import {
  AmbiguousError,
  BackendError,
  BusyError,
  ClosedError,
  FencedError,
  LimitError,
  SealedError,
} from "../errors/mod.ts";
import { FaultPlan, faultyCommitter, RecordingLogger, SeededRandom } from "../testing/mod.ts";
import type { CommitQueueOptions } from "./commit_queue.ts";
import {
  type Backend,
  CommitQueue,
  type Committer,
  composeBackend,
  type OwnerGuard,
  type Write,
} from "./mod.ts";

const ADDRESS = "1000@lid.0";

function put(value: number, address: string = ADDRESS): Write {
  return { kind: "session.put", address, record: new Uint8Array([value]) };
}

/** Histories of 20 commits. Without a new epoch for each resend, the first one fails. */
const HISTORIES = dose({ short: 60, long: 300 });

interface Opening {
  readonly plan: FaultPlan;
  readonly logger: RecordingLogger;
  readonly backend: Backend;
  readonly queue: CommitQueue;
}

/** Opens the account as one process. */
async function open(database: MemoryDatabase, seed: number): Promise<Opening> {
  const plan = new FaultPlan();
  const logger = new RecordingLogger();
  const backend = faultyCommitter(memoryBackend({ database }), plan);
  const queue = await CommitQueue.take(backend, { random: new SeededRandom(seed), logger });
  return { plan, logger, backend, queue };
}

async function ownerEpoch(backend: Backend): Promise<number | undefined> {
  return (await backend.readOwner())?.epoch;
}

describe("CommitQueue.take", () => {
  test("raises the epoch by one and draws a token that ends with it", async () => {
    const database = new MemoryDatabase();
    const { backend } = await open(database, 1);
    const first = await backend.readOwner();
    expect(first).toEqual({ owner: expect.stringMatching(/^[0-9a-f]{32}00000001$/), epoch: 1 });
    await open(database, 2);
    const second = await backend.readOwner();
    expect(second?.epoch).toBe(2);
    expect(second?.owner).not.toBe(first?.owner);
  });

  test("keeps the mark of an account that has had a device, and sets none", async () => {
    for (const mark of ["+", ""]) {
      const backend = memoryBackend();
      const next = { owner: `first${mark}`, epoch: 4 };
      await backend.commit([], { guard: { owner: undefined, minEpoch: 0, maxEpoch: 0, next } });
      const options = { random: new SeededRandom(1), logger: new RecordingLogger() };
      const { hasDevice } = await CommitQueue.take(backend, options);
      expect(hasDevice).toBe(mark === "+");
      expect((await backend.readOwner())?.owner.slice(40)).toBe(mark);
    }
  });

  test("recognises its own ownership after a lost answer", async () => {
    const plan = new FaultPlan();
    const backend = faultyCommitter(memoryBackend(), plan);
    plan.next("lose-answer");
    const queue = await CommitQueue.take(backend, {
      random: new SeededRandom(1),
      logger: new RecordingLogger(),
    });
    expect(await ownerEpoch(backend)).toBe(1);
    expect(await queue.commit([put(1)])).toEqual([1]);
  });

  test("fences a cloned machine with the same token", async () => {
    const database = new MemoryDatabase();
    const first = await open(database, 1);
    const before = await first.backend.readOwner();
    const second = await open(database, 1);
    const after = await second.backend.readOwner();
    expect(after?.owner.slice(0, 32)).toBe(before?.owner.slice(0, 32));
    expect([first.queue.ownerEpoch, second.queue.ownerEpoch]).toEqual([1, 2]);
    await expect(first.queue.commit([put(1)])).rejects.toThrow(FencedError);
    expect(await second.queue.commit([put(2)])).toEqual([1]);
  });

  // In doubt, its guard accepts epochs that it has not stored. The clone's must not be among them.
  test("fences an owner in doubt with the same token", async () => {
    const database = new MemoryDatabase();
    const first = await open(database, 1);
    first.plan.next("lose-request", "lose-request", "lose-request");
    await expect(first.queue.commit([put(1)])).rejects.toThrow(AmbiguousError);
    const second = await open(database, 1);
    await expect(first.queue.commit([put(1)])).rejects.toThrow(FencedError);
    expect(await second.queue.commit([put(2)])).toEqual([1]);
  });

  /** Takes ownership, loses the first request, and lets others take it before that counts as lost. */
  async function takeBehind(...seeds: readonly number[]): Promise<{ queue: CommitQueue; others: Opening[] }> {
    const database = new MemoryDatabase();
    const plan = new FaultPlan();
    const backend = faultyCommitter(memoryBackend({ database }), plan);
    plan.next("lose-request");
    const others: Opening[] = [];
    const slow: Committer = {
      capabilities: backend.capabilities,
      commit: (writes, options) => backend.commit(writes, options),
      readOwner: async () => {
        if (plan.commits === 1 && others.length === 0)
          for (const seed of seeds) others.push(await open(database, seed));
        return await backend.readOwner();
      },
      close: async () => {},
    };
    const options = { random: new SeededRandom(1), logger: new RecordingLogger() };
    return { queue: await CommitQueue.take(slow, options), others };
  }

  test("recognises its token after a lost answer only with the sent epoch", async () => {
    // A clone draws the same token. It takes ownership twice.
    const { queue, others } = await takeBehind(1, 1);
    expect(queue.ownerEpoch).toBe(3);
    for (const { queue: clone } of others) await expect(clone.commit([put(1)])).rejects.toThrow(FencedError);
  });

  test("does not take another owner with the same epoch for itself after a lost answer", async () => {
    const { queue, others } = await takeBehind(2);
    expect([others[0]?.queue.ownerEpoch, queue.ownerEpoch]).toEqual([1, 2]);
    expect(await queue.commit([put(1)])).toEqual([1]);
  });

  test("takes ownership without a commit for a stored sole owner", async () => {
    const database = new MemoryDatabase();
    const plan = new FaultPlan();
    const backend = faultyCommitter(memoryBackend({ database }), plan);
    const options = {
      random: new SeededRandom(1),
      logger: new RecordingLogger(),
      soleOwner: "ab".repeat(16),
    };
    for (let incarnation = 0; incarnation < 3; incarnation += 1) {
      const queue = await CommitQueue.take(backend, options);
      expect(queue.ownerEpoch).toBe(1);
      await queue.commit([put(incarnation)]);
    }
    expect(plan.commits).toBe(4);
    const other = await open(database, 2);
    expect(other.queue.ownerEpoch).toBe(2);
    const queue = await CommitQueue.take(backend, options);
    expect(queue.ownerEpoch).toBe(3);
    await expect(other.queue.commit([put(1)])).rejects.toThrow(FencedError);
  });

  test("retries a lost request, and a late arrival changes nothing", async () => {
    const plan = new FaultPlan();
    const backend = faultyCommitter(memoryBackend(), plan);
    plan.next("lose-request");
    const queue = await CommitQueue.take(backend, {
      random: new SeededRandom(1),
      logger: new RecordingLogger(),
    });
    expect(await plan.deliverLate()).toEqual([{ error: expect.any(FencedError) }]);
    expect(await queue.commit([put(1)])).toEqual([1]);
  });

  test("rejects when others keep taking ownership, and on other failures", async () => {
    const plan = new FaultPlan();
    const backend = faultyCommitter(memoryBackend(), plan);
    const options = { random: new SeededRandom(1), logger: new RecordingLogger() };
    const refusal = new FencedError("commit: the file was replaced");
    plan.always(refusal);
    const taking = CommitQueue.take(backend, options);
    await expect(taking).rejects.toThrow(FencedError);
    await expect(taking).rejects.toMatchObject({ cause: refusal });
    expect(plan.commits).toBe(16);
    plan.always(new BusyError("commit: busy"));
    await expect(CommitQueue.take(backend, options)).rejects.toThrow(BusyError);
    expect(plan.commits).toBe(17);
  });
});

describe("CommitQueue.take of a sole owner", () => {
  const DEVICE: Write = put(7);

  /** Takes the account as `me`, with what happens to its commits. */
  async function take(backend: Committer, options: Partial<CommitQueueOptions> = {}): Promise<CommitQueue> {
    const fixed = { random: new SeededRandom(1), logger: new RecordingLogger() };
    return await CommitQueue.take(backend, { ...fixed, soleOwner: "me", ...options });
  }

  test("keeps an account that it owned already, with a device or without", async () => {
    for (const firstDevice of [undefined, async () => [DEVICE]]) {
      const backend = memoryBackend();
      const first = await take(backend, { firstDevice });
      expect([first.isKept, first.hasDevice]).toEqual([false, firstDevice !== undefined]);
      const again = await take(backend, { firstDevice });
      expect([again.isKept, again.ownerEpoch, again.hasDevice]).toEqual([true, 1, firstDevice !== undefined]);
      expect(await again.commit([put(1)])).toEqual([1]);
    }
  });

  test("did not keep an account that it took in a commit whose answer was lost", async () => {
    const plan = new FaultPlan();
    plan.next("lose-answer");
    const queue = await take(faultyCommitter(memoryBackend(), plan));
    expect([queue.isKept, queue.ownerEpoch]).toEqual([false, 1]);
  });

  test("takes an account of another owner by a commit", async () => {
    const backend = memoryBackend();
    await take(backend, { soleOwner: undefined });
    const queue = await take(backend);
    expect([queue.isKept, queue.ownerEpoch]).toEqual([false, 2]);
  });
});

describe("CommitQueue.take with a first device", () => {
  test("stores it in the commit that takes the ownership, once", async () => {
    const database = new MemoryDatabase();
    const guards: OwnerGuard[] = [];
    const lists: (readonly Write[])[] = [];
    const memory = memoryBackend({ database });
    const backend: Committer = {
      capabilities: memory.capabilities,
      readOwner: () => memory.readOwner(),
      commit: (writes, options) => {
        lists.push(writes);
        if (options?.guard !== undefined) guards.push(options.guard);
        return memory.commit(writes, options);
      },
      close: async () => {},
    };
    let asked = 0;
    const options = {
      random: new SeededRandom(1),
      logger: new RecordingLogger(),
      firstDevice: async () => {
        asked += 1;
        return [put(7)];
      },
    };
    expect((await CommitQueue.take(backend, options)).hasDevice).toBe(true);
    expect((await CommitQueue.take(backend, options)).hasDevice).toBe(true);
    expect(asked).toBe(1);
    expect(lists).toEqual([[put(7)], []]);
    expect(guards.map(({ withoutDevice }) => withoutDevice)).toEqual([true, undefined]);
    expect(await memory.getSession(ADDRESS)).toEqual(new Uint8Array([7]));
  });

  test("takes an account that has one already, by an earlier release", async () => {
    const backend = memoryBackend();
    const options = { random: new SeededRandom(1), logger: new RecordingLogger() };
    await CommitQueue.take(backend, options);
    const queue = await CommitQueue.take(backend, { ...options, firstDevice: async () => [] });
    expect([queue.hasDevice, queue.ownerEpoch]).toEqual([true, 2]);
  });
});

describe("CommitQueue.take of a sealed account", () => {
  test("rejects without keys, and writes nothing", async () => {
    for (const sealed of [true, false]) {
      const memory = memoryBackend();
      const plan = new FaultPlan();
      const counted = faultyCommitter(memory, plan);
      const backend: Committer = {
        capabilities: memory.capabilities,
        readOwner: async () => ({ owner: "other", epoch: 3, sealed }),
        commit: (writes, options) => counted.commit(writes, options),
        close: async () => {},
      };
      const options = { random: new SeededRandom(1), logger: new RecordingLogger() };
      const error = sealed ? SealedError : FencedError;
      await expect(CommitQueue.take(backend, options)).rejects.toThrow(error);
      expect(plan.commits > 0).toBe(!sealed);
    }
  });
});

describe("CommitQueue.commit", () => {
  test("sends one commit at a time in order, also after failures", async () => {
    const { plan, backend, queue } = await open(new MemoryDatabase(), 1);
    plan.next("hold", new BackendError("commit: no connection"), "pass");
    const calls = [queue.commit([put(1)]), queue.commit([put(2)]), queue.commit([put(3)])];
    const settled = Promise.allSettled(calls);
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    // One commit took ownership, and one has been sent.
    expect(plan.commits).toBe(2);
    expect(queue.waiting).toBe(3);
    plan.release();
    expect((await settled).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(queue.waiting).toBe(0);
    expect(await backend.getSession(ADDRESS)).toEqual(new Uint8Array([3]));
  });

  test("resends a commit with a lost answer under the next epoch", async () => {
    const { plan, logger, backend, queue } = await open(new MemoryDatabase(), 1);
    plan.next("lose-answer", "lose-request");
    expect(await queue.commit([put(1)])).toEqual([1]);
    expect(await ownerEpoch(backend)).toBe(3);
    expect(queue.stats).toEqual({ commits: 1, rowsWritten: 1, ambiguous: 2 });
    expect(logger.messages("warn")).toHaveLength(2);
    // Without a lost answer the epoch stays.
    await queue.commit([put(2)]);
    expect(await ownerEpoch(backend)).toBe(3);
  });

  test("rejects after three unanswered sends and keeps raising the epoch", async () => {
    const { plan, backend, queue } = await open(new MemoryDatabase(), 1);
    plan.next("lose-request", "lose-answer", "lose-request");
    await expect(queue.commit([put(1)])).rejects.toThrow(AmbiguousError);
    expect(plan.commits).toBe(4);
    await queue.commit([put(2)]);
    expect(await plan.deliverLate()).toEqual(Array(3).fill({ error: expect.any(FencedError) }));
    expect(await backend.getSession(ADDRESS)).toEqual(new Uint8Array([2]));
    expect(queue.stats).toEqual({ commits: 1, rowsWritten: 1, ambiguous: 3 });
  });

  test("stays in doubt after failures that resolve nothing", async () => {
    const { plan, backend, queue } = await open(new MemoryDatabase(), 1);
    plan.next("lose-request", new BackendError("commit: no connection"), new BusyError("commit: busy"));
    await expect(queue.commit([put(1)])).rejects.toThrow(AmbiguousError);
    await expect(queue.commit([put(2)])).rejects.toThrow(BusyError);
    await queue.commit([put(3)]);
    expect(await plan.deliverLate()).toEqual([{ error: expect.any(FencedError) }]);
    expect(await backend.getSession(ADDRESS)).toEqual(new Uint8Array([3]));
  });

  test("rejects as ambiguous when a resend fails", async () => {
    const { plan, backend, queue } = await open(new MemoryDatabase(), 1);
    const cause = new BackendError("commit: no connection");
    plan.next("lose-request", cause);
    await expect(queue.commit([put(1)])).rejects.toMatchObject({ code: "ambiguous", cause });
    // It arrives before any newer commit, so it is applied.
    expect(await plan.deliverLate()).toEqual([{ changed: [1] }]);
    expect(await backend.getSession(ADDRESS)).toEqual(new Uint8Array([1]));
  });

  test("never lets a late twin undo a newer commit", async () => {
    const faults = ["pass", "lose-answer", "lose-request"] as const;
    for (let seed = 1; seed <= HISTORIES; seed += 1) {
      const random = new SeededRandom(seed);
      const { plan, backend, queue } = await open(new MemoryDatabase(), seed);
      let answered = 0;
      let sent = 0;
      for (let step = 1; step <= 20; step += 1) {
        plan.clear();
        plan.next(...Array.from({ length: 3 }, () => random.pick(faults)));
        sent = step;
        const outcome = await queue.commit([put(step)]).catch((error) => error);
        if (Array.isArray(outcome)) answered = step;
        else expect(outcome, `seed ${seed}`).toBeInstanceOf(AmbiguousError);
        if (random.oneIn(3)) await plan.deliverLate();
        const [stored = 0] = (await backend.getSession(ADDRESS)) ?? [];
        // The stored value is never older than the last answered one, and never unknown.
        expect(stored >= answered && stored <= sent, `seed ${seed} step ${step}: ${stored}`).toBe(true);
      }
      plan.clear();
      await queue.commit([put(99)]);
      await plan.deliverLate();
      expect(await backend.getSession(ADDRESS), `seed ${seed}`).toEqual(new Uint8Array([99]));
    }
  });

  test("stays fenced without calling the backend", async () => {
    const database = new MemoryDatabase();
    const first = await open(database, 1);
    const second = await open(database, 2);
    await expect(first.queue.commit([put(1)])).rejects.toThrow(FencedError);
    const { commits } = first.plan;
    await expect(first.queue.commit([put(2)])).rejects.toThrow(FencedError);
    expect(first.plan.commits).toBe(commits);
    await second.queue.commit([put(3)]);
    expect(await first.backend.getSession(ADDRESS)).toEqual(new Uint8Array([3]));
  });

  test("fences waiting commits without sending them", async () => {
    const database = new MemoryDatabase();
    const first = await open(database, 1);
    await open(database, 2);
    const { commits } = first.plan;
    const settled = await Promise.allSettled([1, 2, 3].map((value) => first.queue.commit([put(value)])));
    for (const result of settled) expect(result).toMatchObject({ reason: expect.any(FencedError) });
    expect(first.plan.commits).toBe(commits + 1);
  });

  test("tells the backend which writes are checked, with fencing and without", async () => {
    for (const fencing of [true, false]) {
      const memory = memoryBackend();
      const told: unknown[] = [];
      const backend: Committer = {
        capabilities: { ...memory.capabilities, fencing },
        readOwner: () => memory.readOwner(),
        commit: (writes, options) => {
          told.push(options?.checked);
          return memory.commit(writes, options);
        },
        close: async () => {},
      };
      const options = { random: new SeededRandom(1), logger: new RecordingLogger() };
      const queue = await CommitQueue.take(backend, options);
      await queue.commit([put(1)], { checked: true });
      await queue.commit([put(1)]);
      expect(told.slice(-2)).toEqual([true, undefined]);
    }
  });

  test("rejects a guard of the caller", async () => {
    const { queue } = await open(new MemoryDatabase(), 1);
    const guard: OwnerGuard = { owner: undefined, minEpoch: 0, maxEpoch: 0 };
    await expect(queue.commit([put(1)], { guard })).rejects.toThrow(TypeError);
  });
});

describe("CommitQueue.follow", () => {
  test("tells of a commit in doubt without its writes, and of one that failed not at all", async () => {
    const { plan, queue } = await open(new MemoryDatabase(), 1);
    const told: unknown[] = [];
    const stops = [1, 2].map(() => queue.follow((writes) => told.push(writes)));
    plan.next(new BackendError("commit: no connection"), "lose-request", "lose-answer", "lose-request");
    await expect(queue.commit([put(1)])).rejects.toThrow("no connection");
    expect(told).toEqual([]);
    await expect(queue.commit([put(1)])).rejects.toThrow(AmbiguousError);
    expect(told).toEqual([undefined, undefined]);
    stops[0]?.();
    await queue.commit([put(2)]);
    expect(told.slice(2)).toEqual([[put(2)]]);
  });
});

describe("CommitQueue.close", () => {
  test("waits for queued commits and leaves the backend open", async () => {
    const { plan, backend, queue } = await open(new MemoryDatabase(), 1);
    plan.next("hold");
    const last = queue.commit([put(1)]);
    const closing = queue.close();
    let closed = false;
    void closing.then(() => {
      closed = true;
    });
    await expect(queue.commit([put(2)])).rejects.toThrow(ClosedError);
    expect(closed).toBe(false);
    plan.release();
    await closing;
    expect(await last).toEqual([1]);
    expect(await backend.getSession(ADDRESS)).toEqual(new Uint8Array([1]));
  });
});

describe("CommitQueue limits and guards", () => {
  test("rejects with LimitError when the queue is full", async () => {
    const { plan, queue } = await open(new MemoryDatabase(), 1);
    plan.next("hold");
    const calls = Array.from({ length: 4_096 }, () => queue.commit([]));
    await expect(queue.commit([])).rejects.toThrow(LimitError);
    plan.release();
    await Promise.all(calls);
    expect(queue.waiting).toBe(0);
    expect(await queue.commit([put(1)])).toEqual([1]);
  });

  test("queues without a guard over a backend without fencing", async () => {
    const one = memoryBackend();
    const plan = new FaultPlan();
    const composed = composeBackend({ signal: one, appSync: one, protocol: one, device: one });
    const queue = await CommitQueue.take(faultyCommitter(composed, plan), {
      random: new SeededRandom(1),
      logger: new RecordingLogger(),
    });
    await Promise.all([1, 2, 3].map((value) => queue.commit([put(value)])));
    expect(await one.getSession(ADDRESS)).toEqual(new Uint8Array([3]));
    expect(queue.stats).toEqual({ commits: 3, rowsWritten: 3, ambiguous: 0 });
    plan.next("lose-answer");
    await expect(queue.commit([put(4)])).rejects.toThrow(AmbiguousError);
  });

  test("returns the capabilities and the owner of the backend", async () => {
    const { backend, queue } = await open(new MemoryDatabase(), 1);
    expect(queue.capabilities).toBe(backend.capabilities);
    expect(await queue.readOwner()).toEqual(await backend.readOwner());
  });
});
