/** Concurrent commands, and owners elsewhere, on one account. */
import { describe, expect, test, vi } from "vitest";
import { openAccount } from "../account/mod.ts";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import { type Backend, type Committer, withCommitter } from "../backend/mod.ts";
import type { DeviceCommand } from "../device/mod.ts";
import { CALLER_WIRE } from "../protocol/mod.ts";
import { FaultPlan, fakeHost, faultyCommitter } from "../testing/mod.ts";
import { HostedAccount } from "./hosted_account.ts";

const INCREMENT: readonly DeviceCommand[] = [{ kind: "incrementLoginCounter" }];

/** An account behind a handle, over a backend whose answers a test can delay. */
class World {
  readonly plan: FaultPlan = new FaultPlan();
  /** How often the account was opened here. */
  opened = 0;
  /** Answers of the bare backend wait for this promise. */
  answered: Promise<void> = Promise.resolve();
  readonly #host = fakeHost();
  readonly #database = new MemoryDatabase();
  readonly hosted: HostedAccount = new HostedAccount({
    clock: this.#host.clock,
    backend: async () => withCommitter(this.backend(), this.#answeringLate(), { clock: this.#host.clock }),
    open: async () => {
      this.opened += 1;
      return await openAccount({ backend: this.backend(), host: this.#host, housekeeping: false });
    },
  });

  backend(): Backend {
    const { clock } = this.#host;
    return faultyCommitter(memoryBackend({ database: this.#database, clock }), this.plan, { clock });
  }

  /** Commits to the bare backend, whose answers wait for `answered`. */
  #answeringLate(): Committer {
    const backend = this.backend();
    return {
      capabilities: backend.capabilities,
      commit: async (writes, options) => {
        const changed = await backend.commit(writes, options);
        await this.answered;
        return changed;
      },
      readOwner: () => backend.readOwner(),
      close: () => backend.close(),
    };
  }

  /** The stored counter of the account. */
  async counter(): Promise<number | undefined> {
    return (await this.backend().load())?.loginCounter;
  }
}

describe("HostedAccount.commandDevice", () => {
  // Another command's change is still in flight by then.
  test("resolves when its own change is durable", async () => {
    const world = await opened();
    const { hosted, plan } = world;
    plan.next("hold", "hold");
    const first = hosted.commandDevice(INCREMENT);
    await expect.poll(() => plan.held).toBe(1);
    const second = hosted.commandDevice(INCREMENT);
    await hosted.stats();
    plan.release();
    expect(await first).toMatchObject({ open: true, committed: 1, isolated: 0 });
    await expect.poll(() => plan.held).toBe(1);
    expect(await world.counter()).toBe(1);
    plan.release();
    expect(await second).toMatchObject({ committed: 1 });
    expect(await world.counter()).toBe(2);
  });

  test("rejects when the backend refuses its change", async () => {
    const { hosted, plan } = await opened();
    plan.refuse((write) => write.kind === "device.save");
    await expect(hosted.commandDevice(INCREMENT)).rejects.toMatchObject({ code: "refused" });
    plan.refuse(undefined);
    expect(await hosted.commandDevice(INCREMENT)).toMatchObject({ committed: 1 });
  });
});

describe("HostedAccount.call", () => {
  // The answer to the takeover arrives after the account was taken back.
  test("keeps an account that was opened after the takeover", async () => {
    const world = await opened();
    const { hosted } = world;
    const stored = await world.backend().readOwner();
    const epoch = stored?.epoch ?? 0;
    const guard = { owner: stored?.owner, minEpoch: epoch, maxEpoch: epoch };
    const next = { owner: "elsewhere", epoch: epoch + 1 };
    const call = CALLER_WIRE.encodeCommit([], { ...guard, next });
    let answer = (): void => {};
    world.answered = new Promise((resolve) => {
      answer = resolve;
    });
    const takeover = hosted.call(call, { account: undefined });
    await expect.poll(async () => (await world.backend().readOwner())?.owner).toBe("elsewhere");
    await hosted.commandDevice(INCREMENT);
    const account = await hosted.account();
    answer();
    await takeover;
    account.writeBehind.assertOpen();
    await hosted.commandDevice(INCREMENT);
    expect([await hosted.account(), await world.counter(), world.opened]).toEqual([account, 2, 2]);
  });
});

describe("HostedAccount.account", () => {
  // Concurrent callers that saw the fenced account do not close the next one.
  test("opens the account again after the fenced one is closed", async () => {
    const world = await opened();
    const { hosted } = world;
    const takeover = await openAccount({ backend: world.backend(), housekeeping: false });
    await takeover.close();
    const before = await hosted.account();
    let close = (): void => {};
    const closing = before.close.bind(before);
    const held = new Promise<void>((resolve) => {
      close = resolve;
    });
    before.close = async () => {
      await held;
      await closing();
    };
    const commands = [
      hosted.commandDevice(INCREMENT),
      hosted.commandDevice(INCREMENT),
      hosted.flush().catch(() => {}),
    ];
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(world.opened).toBe(1);
    close();
    await Promise.all(commands);
    expect(await hosted.account()).not.toBe(before);
    (await hosted.account()).writeBehind.assertOpen();
    expect([await world.counter(), world.opened]).toEqual([2, 2]);
  });
});

/** A world whose account is open. */
async function opened(): Promise<World> {
  const world = new World();
  await world.hosted.account();
  return world;
}

describe("HostedAccount.call", () => {
  // Objects of one isolate must not wait for each other's timers, which end with their object.
  test("waits for no timer where the host paces no calls", async () => {
    const world = new World();
    const writes = Array.from({ length: 200 }, (_, index) => ({
      kind: "session.put" as const,
      address: `${index}@c.us.0`,
      record: new Uint8Array(4),
    }));
    const body = CALLER_WIRE.encodeCommit(writes, undefined);
    vi.useFakeTimers({ toFake: ["setImmediate", "setTimeout"] });
    try {
      const answer = world.hosted.call(body, { account: undefined });
      // A late failure is one of the assertion alone.
      answer.catch(() => {});
      for (let turn = 0; turn < 1_000; turn += 1) await Promise.resolve();
      expect(vi.getTimerCount()).toBe(0);
      expect(CALLER_WIRE.decodeCounts((await answer) as Uint8Array)).toHaveLength(200);
    } finally {
      vi.useRealTimers();
    }
  });
});
