/** Commands that meet each other, and owners elsewhere, in one account. */
import { expect, test } from "vitest";
import { openAccount } from "../account/mod.ts";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import type { Backend } from "../backend/mod.ts";
import type { DeviceCommand } from "../device/mod.ts";
import { FaultPlan, fakeHost, faultyCommitter } from "../testing/mod.ts";
import { HostedAccount } from "./hosted_account.ts";

const INCREMENT: readonly DeviceCommand[] = [{ kind: "incrementLoginCounter" }];

/** An account behind a handle, and what its commits meet. */
class World {
  readonly plan: FaultPlan = new FaultPlan();
  readonly #host = fakeHost();
  readonly #database = new MemoryDatabase();
  readonly hosted: HostedAccount = new HostedAccount({
    clock: this.#host.clock,
    backend: async () => this.backend(),
    open: async () => await openAccount({ backend: this.backend(), host: this.#host, housekeeping: false }),
  });

  backend(): Backend {
    const { clock } = this.#host;
    return faultyCommitter(memoryBackend({ database: this.#database, clock }), this.plan, { clock });
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

/** A world whose account is open. */
async function opened(): Promise<World> {
  const world = new World();
  await world.hosted.account();
  return world;
}
