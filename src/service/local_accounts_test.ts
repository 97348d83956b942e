/** Deleted accounts, and requests that arrive after the deletion. */
import { describe, expect, test } from "vitest";
import { openAccount } from "../account/mod.ts";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import type { Backend } from "../backend/mod.ts";
import type { DeviceCommand } from "../device/mod.ts";
import { BackendError, BusyError, ClosedError } from "../errors/mod.ts";
import { CALLER_WIRE } from "../protocol/mod.ts";
import { fakeHost } from "../testing/mod.ts";
import type { AccountHandle } from "./account_handle.ts";
import { LocalAccounts } from "./local_accounts.ts";
import type { Registry } from "./registry.ts";

const INCREMENT: readonly DeviceCommand[] = [{ kind: "incrementLoginCounter" }];

/** A read whose answer is streamed. */
const STREAMED_READ = CALLER_WIRE.encodeRead("getAllLidMappings", []);

/** Accounts of one database in memory. */
class World {
  /** Number of opened backends. */
  opened = 0;
  /** Opening a backend awaits this, and fails if it rejects. */
  opening: () => Promise<void> = async () => {};
  readonly #host: ReturnType<typeof fakeHost>;
  readonly #database = new MemoryDatabase();
  readonly accounts: LocalAccounts;

  /** The limits that have refused something, by account. */
  readonly refusals: [name: string, rule: string][] = [];

  constructor(host: ReturnType<typeof fakeHost> = fakeHost()) {
    this.#host = host;
    this.accounts = new LocalAccounts({
      // Every deletion of this test is one of the first registration.
      registry: { admit: async () => ({ account: "present", registeredAtMs: 1 }) } as unknown as Registry,
      clock: host.clock,
      scheduler: host.scheduler,
      onRefused: (name, rule) => this.refusals.push([name, rule]),
      openBackend: (account) => this.#open(account),
      openAccount: (account, backend) =>
        openAccount({ taskLabel: account, backend, host, housekeeping: false }),
    });
  }

  ann(registeredAtMs: number): AccountHandle {
    return this.accounts.account("ann", registeredAtMs);
  }

  async #open(account: string): Promise<Backend> {
    this.opened += 1;
    await this.opening();
    return memoryBackend({ account, database: this.#database, clock: this.#host.clock });
  }
}

describe("LocalAccounts.account", () => {
  // The next account of the name does not change.
  test("refuses operations on a deleted account", async () => {
    const world = new World();
    await world.ann(1).commandDevice(INCREMENT);
    const late = world.ann(1);
    await Promise.all([late.deleteAccount(), late.deleteAccount(), late.deleteAccount()]);
    await world.ann(2).commandDevice(INCREMENT);
    for (const handle of [late, world.ann(1)]) {
      await handle.deleteAccount();
      await expect(handle.commandDevice(INCREMENT)).rejects.toBeInstanceOf(ClosedError);
    }
    expect(await world.ann(2).device()).toMatchObject({ loginCounter: 1 });
    await world.accounts.close();
  });

  test("runs concurrent deletions once, before the next account opens", async () => {
    const world = new World();
    await world.ann(1).commandDevice(INCREMENT);
    let go = (): void => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    world.opening = () => held;
    const { opened } = world;
    const order: string[] = [];
    const deletions = ["first", "second"].map((name) =>
      world
        .ann(1)
        .deleteAccount()
        .then(() => order.push(name)),
    );
    const next = world
      .ann(2)
      .commandDevice(INCREMENT)
      .then(() => order.push("next"));
    await expect.poll(() => world.opened).toBe(opened + 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([world.opened, order]).toEqual([opened + 1, []]);
    go();
    await Promise.all([...deletions, next]);
    expect(order.at(-1)).toBe("next");
    expect(await world.ann(2).device()).toMatchObject({ loginCounter: 1 });
    await world.accounts.close();
  });

  test("refuses a streamed answer that starts after the deletion began", async () => {
    const world = new World();
    let go = (): void => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    world.opening = () => held;
    const answer = world.ann(1).call(STREAMED_READ, { account: "ann" });
    const refused = expect(answer).rejects.toThrow("the account was deleted");
    await expect.poll(() => world.opened).toBe(1);
    const deletion = world.ann(1).deleteAccount();
    await new Promise((resolve) => setTimeout(resolve, 20));
    go();
    // The answer has no reader, so it would keep the account in use.
    await Promise.all([refused, deletion]);
    await world.accounts.close();
  });

  test("streams answers of two services on one scheduler", async () => {
    const host = fakeHost();
    const worlds = [new World(host), new World(host)];
    for (const { accounts } of worlds) {
      const answer = await accounts.account("ann", 1).call(STREAMED_READ, { account: "ann" });
      expect(answer).not.toBeInstanceOf(Uint8Array);
    }
    await Promise.all(worlds.map(({ accounts }) => accounts.close()));
  });

  test("deletes again after a deletion failed", async () => {
    const world = new World();
    await world.ann(1).commandDevice(INCREMENT);
    world.opening = () => Promise.reject(new BackendError("open: no database"));
    await expect(world.ann(1).deleteAccount()).rejects.toMatchObject({ code: "failed" });
    world.opening = async () => {};
    await world.ann(1).deleteAccount();
    await expect(world.ann(1).device()).rejects.toBeInstanceOf(ClosedError);
    expect(await world.ann(2).device()).toBeUndefined();
    await world.accounts.close();
  });
});

describe("LocalAccounts.whileClosed", () => {
  test("refuses requests at once, and those that were admitted before its end", async () => {
    const world = new World();
    await world.ann(1).commandDevice(INCREMENT);
    const before = world.ann(1);
    let go = (): void => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    const work = world.accounts.whileClosed("ann", 1, () => held);
    const during = world.ann(1);
    for (const handle of [before, during])
      await expect(handle.commandDevice(INCREMENT)).rejects.toBeInstanceOf(BusyError);
    await expect(world.accounts.whileClosed("ann", 1, async () => {})).rejects.toBeInstanceOf(BusyError);
    go();
    await work;
    for (const handle of [before, during])
      await expect(handle.commandDevice(INCREMENT)).rejects.toBeInstanceOf(BusyError);
    expect(await world.ann(1).device()).toMatchObject({ loginCounter: 1 });
    await world.accounts.close();
  });
});

describe("LocalAccounts.enter", () => {
  test("counts the requests of each account, and tells which limit has refused one", async () => {
    const world = new World();
    const limits = { requestsPerMinute: 1, maxRows: 0 };
    world.accounts.enter("ann", 0, limits).leave();
    expect(() => world.accounts.enter("ann", 0, limits)).toThrow(/requestsPerMinute is 1$/);
    world.accounts.enter("ben", 0, limits).leave();
    // Without limits a request is not counted.
    world.accounts.enter("ann", 0).leave();
    const put = CALLER_WIRE.encodeCommit(
      [{ kind: "preKey.put", id: 1, record: new Uint8Array(5), uploaded: false }],
      undefined,
    );
    const call = world.accounts.account("ann", 1, limits).call(put, { account: "ann" });
    await expect(call).rejects.toMatchObject({ code: "limit", limit: { rule: "maxRows", allowed: 0 } });
    await world.accounts.account("ben", 1, {}).call(put, { account: "ben" });
    expect(world.refusals).toEqual([
      ["ann", "requestsPerMinute"],
      ["ann", "maxRows"],
    ]);
    await world.accounts.close();
  });
});
