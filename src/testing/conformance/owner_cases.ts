import {
  type Backend,
  CommitQueue,
  type OwnerGuard,
  type OwnerState,
  type Write,
} from "../../backend/mod.ts";
import { BackendError } from "../../errors/mod.ts";
import { FaultPlan } from "../fault_plan.ts";
import { faultyCommitter } from "../faulty_committer.ts";
import { RecordingLogger } from "../recording_logger.ts";
import { SeededRandom } from "../seeded_random.ts";
import { check, equal, fails } from "./assert.ts";
import type { ConformanceCase } from "./harness.ts";
import { afterEachRestart } from "./restarts.ts";
import { fullDevice, sampleBytes } from "./samples.ts";

const ALICE = "5511999990000@c.us.0";

function put(seed: number): Write {
  return { kind: "session.put", address: ALICE, record: sampleBytes(seed, 30) };
}

function guard(
  owner: string | undefined,
  minEpoch: number,
  maxEpoch: number,
  next?: OwnerState,
): { readonly guard: OwnerGuard } {
  return { guard: { owner, minEpoch, maxEpoch, next } };
}

/** Takes ownership as an opening account does. Each seed stands for another process. */
async function takeOwnership(backend: Backend, seed: number): Promise<CommitQueue> {
  return await CommitQueue.take(backend, { random: new SeededRandom(seed), logger: new RecordingLogger() });
}

async function expectSession(backend: Backend, seed: number, what: string): Promise<void> {
  equal(await backend.getSession(ALICE), sampleBytes(seed, 30), what);
}

/** Takes ownership as an opening account does, with the device that it stores when there is none. */
async function takeWithDevice(backend: Backend, seed: number): Promise<CommitQueue> {
  const random = new SeededRandom(seed);
  const firstDevice = async (): Promise<Write[]> =>
    (await backend.exists()) ? [] : [{ kind: "device.save", device: fullDevice(seed) }];
  return await CommitQueue.take(backend, { random, logger: new RecordingLogger(), firstDevice });
}

const firstDeviceCases: readonly ConformanceCase[] = [
  {
    name: "owner: of concurrent first openings one stores its device, and all find that",
    requires: ["fencing"],
    async run(harness) {
      const backends: Backend[] = [];
      for (let index = 0; index < 16; index += 1) backends.push(await harness.open());
      const taken = await Promise.all(
        backends.map(async (backend, index) => {
          const queue = await takeWithDevice(backend, index + 1);
          check(queue.hasDevice, "the owner has a device");
          return await backend.load();
        }),
      );
      const [first] = taken;
      check(first !== undefined, "a device is stored");
      for (const device of taken) equal(device, first, "device");
      const last = await harness.open();
      await afterEachRestart(harness, last, async (open) => equal(await open.load(), first, "device"));
    },
  },
  {
    name: "owner: a guard without a device fails where there is one, and nothing is written",
    requires: ["fencing"],
    async run(harness) {
      const backend = await harness.open();
      await backend.save(fullDevice(1));
      const next = { owner: "a", epoch: 1 };
      const ours = { owner: undefined, minEpoch: 0, maxEpoch: 0, next };
      const save: Write = { kind: "device.save", device: fullDevice(2) };
      const guarded = { guard: { ...ours, withoutDevice: true } };
      await fails(() => backend.commit([save], guarded), "fenced", "a first device beside another");
      equal(await backend.readOwner(), undefined, "owner");
      equal(await backend.load(), fullDevice(1), "device");
      await backend.commit([save], { guard: ours });
      equal(await backend.load(), fullDevice(2), "device");
    },
  },
];

const guardCases: readonly ConformanceCase[] = [
  {
    name: "owner: a new account has no owner and accepts a guard without one",
    requires: ["fencing"],
    async run(harness) {
      const backend = await harness.open();
      equal(await backend.readOwner(), undefined, "owner");
      await backend.create();
      equal(await backend.readOwner(), undefined, "owner of a registered account");
      await fails(() => backend.commit([put(1)], guard("a", 0, 9)), "fenced", "a guard with an owner");
      await fails(
        () => backend.commit([put(1)], guard(undefined, 1, 9)),
        "fenced",
        "a guard from epoch 1 on",
      );
      equal(await backend.getSession(ALICE), undefined, "session");
      await backend.commit([put(1)], guard(undefined, 0, 0));
      await backend.commit([put(2)], guard(undefined, 0, 0, { owner: "a", epoch: 1 }));
      await afterEachRestart(harness, backend, async (open) => {
        equal(await open.readOwner(), { owner: "a", epoch: 1 }, "owner");
        await expectSession(open, 2, "session");
      });
    },
  },
  {
    name: "owner: a guard accepts its owner and its range of epochs, inclusive",
    requires: ["fencing"],
    async run(harness) {
      const backend = await harness.open();
      await backend.commit([put(0)], guard(undefined, 0, 0, { owner: "a", epoch: 5 }));
      for (const [min, max] of [
        [5, 5],
        [1, 5],
        [5, 9],
        [0, Number.MAX_SAFE_INTEGER],
      ] as const) {
        await backend.commit([put(1)], guard("a", min, max));
      }
      for (const [owner, min, max] of [
        ["a", 6, 9],
        ["a", 1, 4],
        ["b", 5, 5],
        ["A", 5, 5],
        ["a ", 5, 5],
        [undefined, 0, 9],
      ] as const) {
        const refused = guard(owner, min, max, { owner: "z", epoch: 99 });
        await fails(() => backend.commit([put(2)], refused), "fenced", `guard ${owner} ${min} to ${max}`);
        await fails(
          () => backend.commit([], refused),
          "fenced",
          `guard ${owner} ${min} to ${max}, no writes`,
        );
      }
      equal(await backend.readOwner(), { owner: "a", epoch: 5 }, "owner");
      await expectSession(backend, 1, "session");
      // A commit without a guard is unconditional.
      await backend.commit([put(3)]);
      await expectSession(backend, 3, "session, unguarded");
    },
  },
  {
    name: "owner: a commit stores the next owner, also without writes",
    requires: ["fencing"],
    async run(harness) {
      const backend = await harness.open();
      const last = { owner: "x".repeat(64), epoch: Number.MAX_SAFE_INTEGER };
      await backend.commit([], guard(undefined, 0, 0, { owner: "a", epoch: 1 }));
      equal(await backend.readOwner(), { owner: "a", epoch: 1 }, "owner after a commit without writes");
      await backend.commit([put(1)], guard("a", 1, 1, last));
      equal(await backend.readOwner(), last, "owner after a commit with a write");
      await fails(() => backend.commit([put(2)], guard("a", 1, 1)), "fenced", "the earlier owner");
      await backend.commit([put(3)], guard(last.owner, 0, last.epoch));
      await afterEachRestart(harness, backend, async (open) => {
        equal(await open.readOwner(), last, "owner");
        await expectSession(open, 3, "session");
      });
    },
  },
  {
    name: "owner: a failed commit stores no next owner",
    requires: ["fencing", "atomicCommit", "failCommitAt"],
    async run(harness) {
      const backend = await harness.open();
      await backend.commit([put(1)], guard(undefined, 0, 0, { owner: "a", epoch: 1 }));
      const writes: Write[] = [
        put(2),
        { kind: "preKey.put", id: 1, record: sampleBytes(1, 9), uploaded: false },
      ];
      let failures = 0;
      for (; ; failures += 1) {
        check(failures < 100, "the commit still fails at its hundredth statement");
        harness.failCommitAt?.(failures);
        const next = guard("a", 1, 1, { owner: "b", epoch: 2 });
        const applied = await backend.commit(writes, next).then(
          () => true,
          () => false,
        );
        if (applied) break;
        equal(await backend.readOwner(), { owner: "a", epoch: 1 }, `owner after failing at ${failures}`);
        await expectSession(backend, 1, `session after failing at ${failures}`);
      }
      check(failures > 0, "the commit never failed");
      equal(await backend.readOwner(), { owner: "b", epoch: 2 }, "owner");
    },
  },
  {
    name: "owner: each account of a database has its own owner",
    requires: ["fencing"],
    async run(harness) {
      const backend = await harness.open();
      const bob = await harness.open("bob");
      await backend.commit([put(1)], guard(undefined, 0, 0, { owner: "a", epoch: 7 }));
      equal(await bob.readOwner(), undefined, "owner of the other account");
      await bob.commit([put(2)], guard(undefined, 0, 0, { owner: "b", epoch: 1 }));
      await fails(() => bob.commit([put(3)], guard("a", 7, 7)), "fenced", "the owner of another account");
      equal(await backend.readOwner(), { owner: "a", epoch: 7 }, "owner");
      await expectSession(bob, 2, "the other account's session");
    },
  },
];

const takeOverCases: readonly ConformanceCase[] = [
  {
    name: "owner: a later owner fences the earlier one for good",
    requires: ["fencing"],
    async run(harness) {
      const backend = await harness.open();
      const first = await takeOwnership(backend, 1);
      await first.commit([put(1)]);
      const other = await harness.open();
      const second = await takeOwnership(other, 2);
      await fails(() => first.commit([put(2), { kind: "preKey.remove", id: 1 }]), "fenced", "first owner");
      await fails(() => first.commit([]), "fenced", "first owner, later, without writes");
      await expectSession(other, 1, "session after the fenced commit");
      await second.commit([put(3)]);
      await expectSession(backend, 3, "session of the second owner");
      const third = await takeOwnership(await harness.reopen(), 3);
      await third.commit([put(4)]);
      await expectSession(await harness.open(), 4, "session of the third owner");
    },
  },
  {
    name: "owner: exactly one of concurrent openings becomes the owner",
    requires: ["fencing"],
    async run(harness) {
      const backends = await Promise.all([1, 2, 3, 4].map(() => harness.open()));
      const takes = await Promise.allSettled(backends.map((backend, index) => takeOwnership(backend, index)));
      const queues: CommitQueue[] = [];
      for (const take of takes) {
        if (take.status === "fulfilled") queues.push(take.value);
        else await fails(() => Promise.reject(take.reason), ["busy", "fenced"], "taking the ownership");
      }
      let owners = 0;
      for (const [index, queue] of queues.entries()) {
        const outcome = await queue.commit([put(index)]).then(
          () => "applied",
          (error) => error,
        );
        if (outcome === "applied") owners += 1;
        else await fails(() => Promise.reject(outcome), "fenced", `opening ${index}`);
      }
      equal(owners, 1, "openings that may commit");
    },
  },
  {
    name: "owner: deleting an account fences its owner",
    requires: ["fencing"],
    async run(harness) {
      const backend = await harness.open();
      const queue = await takeOwnership(backend, 1);
      await queue.commit([put(1)]);
      const bob = await harness.open("bob");
      await bob.deleteAccount(await backend.create());
      await fails(() => queue.commit([put(2)]), "fenced", "owner of a deleted account");
      equal(await backend.getSession(ALICE), undefined, "session");
      const again = await takeOwnership(await harness.reopen(), 2);
      await again.commit([put(3)]);
      await expectSession(await harness.open(), 3, "session of the new account");
    },
  },
  {
    name: "owner: an owner that clears its account stays the owner",
    requires: ["fencing"],
    async run(harness) {
      const backend = await harness.open();
      const queue = await takeOwnership(backend, 1);
      await queue.commit([put(1)]);
      await queue.commit([{ kind: "account.clear" }]);
      equal(await backend.getSession(ALICE), undefined, "session");
      await queue.commit([put(2)]);
      await expectSession(backend, 2, "session after it was cleared");
      equal((await backend.readOwner())?.epoch, queue.ownerEpoch, "owner epoch");
    },
  },
  {
    name: "owner: an owner that deletes its account is fenced",
    requires: ["fencing"],
    async run(harness) {
      const backend = await harness.open();
      const queue = await takeOwnership(backend, 1);
      await queue.commit([put(1)]);
      await queue.commit([{ kind: "account.delete", accountId: await backend.create() }]);
      await fails(() => queue.commit([put(2)]), "fenced", "owner of a deleted account");
      equal(await backend.getSession(ALICE), undefined, "session");
    },
  },
];

interface Doubt {
  readonly plan: FaultPlan;
  readonly backend: Backend;
  readonly queue: CommitQueue;
}

async function withDoubt(backend: Backend): Promise<Doubt> {
  const plan = new FaultPlan();
  const queue = await takeOwnership(faultyCommitter(backend, plan), 1);
  return { plan, backend, queue };
}

async function deliverLate(plan: FaultPlan, count: number): Promise<void> {
  equal(plan.late.length, count, "commits under way");
  for (const outcome of await plan.deliverLate()) {
    check("error" in outcome, "a late duplicate was applied");
    await fails(() => Promise.reject(outcome.error), "fenced", "late duplicate");
  }
}

const lateCases: readonly ConformanceCase[] = [
  {
    name: "late commit: a resent request cannot undo a newer commit",
    requires: ["fencing"],
    async run(harness) {
      const { plan, backend, queue } = await withDoubt(await harness.open());
      await queue.commit([put(1)]);
      plan.next("lose-request");
      await queue.commit([put(2)]);
      await queue.commit([put(3)]);
      await deliverLate(plan, 1);
      await expectSession(backend, 3, "session");
      await queue.commit([put(4)]);
      await expectSession(await harness.reopen(), 4, "session at the end");
    },
  },
  {
    name: "late commit: a twin after a lost answer cannot undo a newer commit",
    requires: ["fencing"],
    async run(harness) {
      const { plan, backend, queue } = await withDoubt(await harness.open());
      plan.next("lose-answer");
      await queue.commit([put(1), { kind: "preKey.put", id: 1, record: sampleBytes(1, 9), uploaded: false }]);
      await queue.commit([put(2), { kind: "preKey.remove", id: 1 }]);
      await deliverLate(plan, 1);
      await expectSession(backend, 2, "session");
      equal(await backend.loadPreKey(1), undefined, "a removed pre-key came back");
    },
  },
  {
    name: "late commit: no lost send takes effect after an answered one",
    requires: ["fencing"],
    async run(harness) {
      const { plan, backend, queue } = await withDoubt(await harness.open());
      await queue.commit([put(1)]);
      plan.next("lose-request", "lose-answer", "lose-request");
      await fails(() => queue.commit([put(2)]), "ambiguous", "a commit of which no send was answered");
      await queue.commit([put(3)]);
      await deliverLate(plan, 3);
      await expectSession(backend, 3, "session");
    },
  },
  {
    name: "late commit: a twin that arrives in doubt does not fence its sender",
    requires: ["fencing"],
    async run(harness) {
      const { plan, backend, queue } = await withDoubt(await harness.open());
      plan.next("lose-request", "lose-request", "lose-request");
      await fails(() => queue.commit([put(1)]), "ambiguous", "a commit of which no send was answered");
      const outcomes = await plan.deliverLate();
      check(
        outcomes.some((outcome) => "changed" in outcome),
        "none of the sends was applied",
      );
      await queue.commit([put(2)]);
      await expectSession(backend, 2, "session");
    },
  },
  {
    name: "late commit: a commit of an earlier owner writes nothing",
    requires: ["fencing"],
    async run(harness) {
      const { plan, queue } = await withDoubt(await harness.open());
      await queue.commit([put(1)]);
      plan.next("lose-request", new BackendError("commit: no connection"));
      await fails(() => queue.commit([put(2)]), "ambiguous", "a commit whose resend failed");
      const other = await harness.open();
      const second = await takeOwnership(other, 2);
      await second.commit([put(3)]);
      await deliverLate(plan, 1);
      await expectSession(other, 3, "session");
      await fails(() => queue.commit([put(4)]), "fenced", "the earlier owner");
    },
  },
];

/** Ownership, and commits that arrive late. */
export const ownerCases: readonly ConformanceCase[] = [
  ...firstDeviceCases,
  ...guardCases,
  ...takeOverCases,
  ...lateCases,
];
