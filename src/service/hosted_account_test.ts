/** Commands that meet each other, and owners elsewhere, in one account. */
import { expect, test } from "vitest";
import { openAccount } from "../account/mod.ts";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import { type Backend, type Committer, withCommitter } from "../backend/mod.ts";
import type { DeviceCommand } from "../device/mod.ts";
import { encodePlainValue } from "../records/mod.ts";
import { FaultPlan, fakeHost, faultyCommitter } from "../testing/mod.ts";
import { HostedAccount } from "./hosted_account.ts";

const INCREMENT: readonly DeviceCommand[] = [{ kind: "incrementLoginCounter" }];

/** An account behind a handle, and what its commits meet. */
class World {
  readonly plan: FaultPlan = new FaultPlan();
  /** How often the account was opened here. */
  opened = 0;
  /** What answers of the bare backend wait for. */
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

  /** How often the account was counted up, as it is stored. */
  async counter(): Promise<number | undefined> {
    return (await this.backend().load())?.loginCounter;
  }
}

test("a command that is durable is not refused for another's change, which is not yet", async () => {
  const world = await opened();
  const { hosted, plan } = world;
  plan.next("hold", "hold");
  const first = hosted.command(INCREMENT);
  await expect.poll(() => plan.held).toBe(1);
  const second = hosted.command(INCREMENT);
  await hosted.stats();
  plan.release();
  expect(await first).toMatchObject({ open: true, committed: 1, isolated: 0 });
  await expect.poll(() => plan.held).toBe(1);
  expect(await world.counter()).toBe(1);
  plan.release();
  expect(await second).toMatchObject({ committed: 1 });
  expect(await world.counter()).toBe(2);
});

test("a command whose change is refused says so, and the next that is accepted does not", async () => {
  const { hosted, plan } = await opened();
  plan.refuse((write) => write.kind === "device.save");
  await expect(hosted.command(INCREMENT)).rejects.toMatchObject({ code: "refused" });
  plan.refuse(undefined);
  expect(await hosted.command(INCREMENT)).toMatchObject({ committed: 1 });
});

test("the account that was opened after somebody took it over is not closed for what that owner did before", async () => {
  const world = await opened();
  const { hosted } = world;
  const stored = await world.backend().readOwner();
  const epoch = stored?.epoch ?? 0;
  const guard = { owner: stored?.owner, minEpoch: epoch, maxEpoch: epoch };
  const next = { owner: "elsewhere", epoch: epoch + 1 };
  const call = encodePlainValue({ kind: "commit", writes: [], guard: { ...guard, next } });
  let answer = (): void => {};
  world.answered = new Promise((resolve) => {
    answer = resolve;
  });
  const takeover = hosted.answer(call, { account: undefined });
  await expect.poll(async () => (await world.backend().readOwner())?.owner).toBe("elsewhere");
  await hosted.command(INCREMENT);
  const account = await hosted.account();
  answer();
  await takeover;
  account.writeBehind.assertOpen();
  await hosted.command(INCREMENT);
  expect([await hosted.account(), await world.counter(), world.opened]).toEqual([account, 2, 2]);
});

test("an account is not opened again before it is closed, nor is the next one closed by who knows of the one before", async () => {
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
  const commands = [hosted.command(INCREMENT), hosted.command(INCREMENT), hosted.flush().catch(() => {})];
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(world.opened).toBe(1);
  close();
  await Promise.all(commands);
  expect(await hosted.account()).not.toBe(before);
  (await hosted.account()).writeBehind.assertOpen();
  expect([await world.counter(), world.opened]).toEqual([2, 2]);
});

/** A world whose account is open. */
async function opened(): Promise<World> {
  const world = new World();
  await world.hosted.account();
  return world;
}
