import { expect, test } from "vitest";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import {
  AmbiguousError,
  BackendError,
  BusyError,
  ClosedError,
  FencedError,
  LimitError,
} from "../errors/mod.ts";
import { FaultPlan, faultyCommitter, RecordingLogger, SeededRandom } from "../testing/mod.ts";
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

interface Opening {
  readonly plan: FaultPlan;
  readonly logger: RecordingLogger;
  readonly backend: Backend;
  readonly queue: CommitQueue;
}

/** One process that opens the account. */
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

test("taking moves the epoch on by one and draws a token of 32 hexadecimal digits", async () => {
  const database = new MemoryDatabase();
  const { backend } = await open(database, 1);
  const first = await backend.readOwner();
  expect(first).toEqual({ owner: expect.stringMatching(/^[0-9a-f]{32}$/), epoch: 1 });
  await open(database, 2);
  const second = await backend.readOwner();
  expect(second?.epoch).toBe(2);
  expect(second?.owner).not.toBe(first?.owner);
});

test("taking whose answer was lost finds that it is the owner, and takes no second epoch", async () => {
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

test("taking fences an owner whose token is the same: a cloned machine draws the same randomness", async () => {
  const database = new MemoryDatabase();
  const first = await open(database, 1);
  const second = await open(database, 1);
  expect(await second.backend.readOwner()).toEqual({ ...(await first.backend.readOwner()), epoch: 2 });
  expect([first.queue.ownerEpoch, second.queue.ownerEpoch]).toEqual([1, 2]);
  await expect(first.queue.commit([put(1)])).rejects.toThrow(FencedError);
  expect(await second.queue.commit([put(2)])).toEqual([1]);
});

test("after a lost answer, a token of the same value counts as ours only with the epoch that was sent", async () => {
  const database = new MemoryDatabase();
  const plan = new FaultPlan();
  const backend = faultyCommitter(memoryBackend({ database }), plan);
  plan.next("lose-request");
  const other: Opening[] = [];
  // The clone takes the account over before the answer is known to be lost, and again.
  const slow: Committer = {
    capabilities: backend.capabilities,
    commit: (writes, options) => backend.commit(writes, options),
    readOwner: async () => {
      if (plan.commits === 1 && other.length === 0) {
        other.push(await open(database, 1), await open(database, 1));
      }
      return await backend.readOwner();
    },
    close: async () => {},
  };
  const options = { random: new SeededRandom(1), logger: new RecordingLogger() };
  const queue = await CommitQueue.take(slow, options);
  expect(queue.ownerEpoch).toBe(3);
  for (const { queue: clone } of other) await expect(clone.commit([put(1)])).rejects.toThrow(FencedError);
});

test("a sole owner takes its own account again without a commit, and everybody else's with one", async () => {
  const database = new MemoryDatabase();
  const plan = new FaultPlan();
  const backend = faultyCommitter(memoryBackend({ database }), plan);
  const options = { random: new SeededRandom(1), logger: new RecordingLogger(), soleOwner: "ab".repeat(16) };
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

test("taking whose request was lost is tried again; should it arrive late it changes nothing", async () => {
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

test("taking gives up when others keep taking over, and passes other failures on", async () => {
  const plan = new FaultPlan();
  const backend = faultyCommitter(memoryBackend(), plan);
  const options = { random: new SeededRandom(1), logger: new RecordingLogger() };
  plan.always(new FencedError("commit: another was faster"));
  await expect(CommitQueue.take(backend, options)).rejects.toThrow(FencedError);
  expect(plan.commits).toBe(16);
  plan.always(new BusyError("commit: busy"));
  await expect(CommitQueue.take(backend, options)).rejects.toThrow(BusyError);
  expect(plan.commits).toBe(17);
});

test("commits go one at a time, in the order of the calls, whatever becomes of those before", async () => {
  const { plan, backend, queue } = await open(new MemoryDatabase(), 1);
  plan.next("hold", new BackendError("commit: no connection"), "pass");
  const calls = [queue.commit([put(1)]), queue.commit([put(2)]), queue.commit([put(3)])];
  const settled = Promise.allSettled(calls);
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  // One commit took the ownership, one is on its way.
  expect(plan.commits).toBe(2);
  expect(queue.waiting).toBe(3);
  plan.release();
  expect((await settled).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(queue.waiting).toBe(0);
  expect(await backend.getSession(ADDRESS)).toEqual(new Uint8Array([3]));
});

test("a lost answer is made up for by another send under the next epoch, which the caller never sees", async () => {
  const { plan, logger, backend, queue } = await open(new MemoryDatabase(), 1);
  plan.next("lose-answer", "lose-request");
  expect(await queue.commit([put(1)])).toEqual([1]);
  expect(await ownerEpoch(backend)).toBe(3);
  expect(queue.stats).toEqual({ commits: 1, rowsWritten: 1, ambiguous: 2 });
  expect(logger.messages("warn")).toHaveLength(2);
  // In the normal case the epoch stays.
  await queue.commit([put(2)]);
  expect(await ownerEpoch(backend)).toBe(3);
});

test("after three unanswered sends the caller is told, and the next commit still moves past all of them", async () => {
  const { plan, backend, queue } = await open(new MemoryDatabase(), 1);
  plan.next("lose-request", "lose-answer", "lose-request");
  await expect(queue.commit([put(1)])).rejects.toThrow(AmbiguousError);
  expect(plan.commits).toBe(4);
  await queue.commit([put(2)]);
  expect(await plan.deliverLate()).toEqual(Array(3).fill({ error: expect.any(FencedError) }));
  expect(await backend.getSession(ADDRESS)).toEqual(new Uint8Array([2]));
  expect(queue.stats).toEqual({ commits: 1, rowsWritten: 1, ambiguous: 3 });
});

test("doubt outlives failures that are none: what is sent after them still moves on", async () => {
  const { plan, backend, queue } = await open(new MemoryDatabase(), 1);
  plan.next("lose-request", new BackendError("commit: no connection"), new BusyError("commit: busy"));
  await expect(queue.commit([put(1)])).rejects.toThrow(AmbiguousError);
  await expect(queue.commit([put(2)])).rejects.toThrow(BusyError);
  await queue.commit([put(3)]);
  expect(await plan.deliverLate()).toEqual([{ error: expect.any(FencedError) }]);
  expect(await backend.getSession(ADDRESS)).toEqual(new Uint8Array([3]));
});

test("a commit whose first send was lost is in doubt, however the next one fails", async () => {
  const { plan, backend, queue } = await open(new MemoryDatabase(), 1);
  const cause = new BackendError("commit: no connection");
  plan.next("lose-request", cause);
  await expect(queue.commit([put(1)])).rejects.toMatchObject({ code: "ambiguous", cause });
  // It arrives before anything newer, and is as good as any.
  expect(await plan.deliverLate()).toEqual([{ changed: [1] }]);
  expect(await backend.getSession(ADDRESS)).toEqual(new Uint8Array([1]));
});

test("late twins of every history of losses never undo a newer commit", async () => {
  const faults = ["pass", "lose-answer", "lose-request"] as const;
  for (let seed = 1; seed <= 300; seed += 1) {
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
      // What is stored is never older than what was answered last, and never from nowhere.
      expect(stored >= answered && stored <= sent, `seed ${seed} step ${step}: ${stored}`).toBe(true);
    }
    plan.clear();
    await queue.commit([put(99)]);
    await plan.deliverLate();
    expect(await backend.getSession(ADDRESS), `seed ${seed}`).toEqual(new Uint8Array([99]));
  }
});

test("once fenced, always fenced, without asking the backend again", async () => {
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

test("commits that wait behind a fenced one are fenced without being sent", async () => {
  const database = new MemoryDatabase();
  const first = await open(database, 1);
  await open(database, 2);
  const { commits } = first.plan;
  const settled = await Promise.allSettled([1, 2, 3].map((value) => first.queue.commit([put(value)])));
  for (const result of settled) expect(result).toMatchObject({ reason: expect.any(FencedError) });
  expect(first.plan.commits).toBe(commits + 1);
});

test("a guard from outside is refused: the queue sets its own", async () => {
  const { queue } = await open(new MemoryDatabase(), 1);
  const guard: OwnerGuard = { owner: undefined, minEpoch: 0, maxEpoch: 0 };
  await expect(queue.commit([put(1)], { guard })).rejects.toThrow(TypeError);
});

test("closing waits for what was queued, accepts nothing more, and leaves the backend open", async () => {
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

test("the queue is bounded: what does not fit is told so and not accepted", async () => {
  const { plan, queue } = await open(new MemoryDatabase(), 1);
  plan.next("hold");
  const calls = Array.from({ length: 4_096 }, () => queue.commit([]));
  await expect(queue.commit([])).rejects.toThrow(LimitError);
  plan.release();
  await Promise.all(calls);
  expect(queue.waiting).toBe(0);
  expect(await queue.commit([put(1)])).toEqual([1]);
});

test("a backend without fencing is queued in order and not guarded", async () => {
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

test("capabilities and the owner are the backend's", async () => {
  const { backend, queue } = await open(new MemoryDatabase(), 1);
  expect(queue.capabilities).toBe(backend.capabilities);
  expect(await queue.readOwner()).toEqual(await backend.readOwner());
});
