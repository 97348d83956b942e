import { describe, expect, test, vi } from "vitest";
import {
  DirectoryWorld,
  GROUP,
  HOLDERS,
  OWN_KEY,
  withOwnKey,
} from "../../../test/support/account/directory_world.ts";
import { signalCache } from "../../signal/mod.ts";

describe("SenderKeyDevices.withoutKey", () => {
  test("drops cached marks that other code cleared", async () => {
    for (const clear of [
      { kind: "senderKeyDevices.clearAll" },
      { kind: "senderKeyDevices.deleteRows", deviceJids: ["100000000000009@lid"] },
    ] as const) {
      const { account, directory: opened } = await withOwnKey(new DirectoryWorld());
      expect(await opened.senderKeyDevices.withoutKey(GROUP, HOLDERS)).toEqual([]);
      await account.commitWith([clear]);
      expect(await opened.senderKeyDevices.withoutKey(GROUP, HOLDERS)).toEqual(HOLDERS);
    }
  });
});

describe("SenderKeyDevices.rotate", () => {
  test("deletes the old key durably", async () => {
    const world = new DirectoryWorld();
    const { senderKeyDevices } = (await withOwnKey(world)).directory;
    await senderKeyDevices.rotate(GROUP, OWN_KEY);
    expect(await senderKeyDevices.withoutKey(GROUP, HOLDERS)).toEqual(HOLDERS);
    const next = await world.open();
    expect(await signalCache(next.account).senderKeys.load(OWN_KEY)).toBeUndefined();
    expect(await next.directory.senderKeyDevices.withoutKey(GROUP, HOLDERS)).toEqual(HOLDERS);
  });

  test("leaves no mark of a deleted key when a crash hits any statement", async () => {
    // It has two commits.
    for (const earlier of [0, 1]) {
      let outcome: "done" | "failed" = "failed";
      for (let statement = 0; outcome === "failed"; statement += 1) {
        const world = new DirectoryWorld();
        const { senderKeyDevices } = (await withOwnKey(world)).directory;
        world.plan.next(...Array.from({ length: earlier }, () => "pass" as const), "hold");
        const rotating = senderKeyDevices.rotate(GROUP, OWN_KEY).then(
          () => "done" as const,
          () => "failed" as const,
        );
        await vi.waitUntil(() => world.plan.held === 1);
        world.faults.failCommitAt(statement);
        world.plan.release();
        outcome = await rotating;
        if (statement === 0) expect(outcome).toBe("failed");
        // The process dies here.
        const next = await world.open();
        const key = await signalCache(next.account).senderKeys.load(OWN_KEY);
        const without = await next.directory.senderKeyDevices.withoutKey(GROUP, HOLDERS);
        if (key === undefined || earlier === 1) expect(without).toEqual(HOLDERS);
        if (outcome === "done") expect(key).toBeUndefined();
      }
    }
  });
});

describe("SenderKeyDevices.lost", () => {
  test("clears the marks when loading drops our key", async () => {
    const world = new DirectoryWorld();
    await withOwnKey(world);
    // After a restore, everything that was written before it is outdated.
    const next = await world.open({ restoreEpoch: 1 });
    const { senderKeyDevices } = next.directory;
    expect(await senderKeyDevices.withoutKey(GROUP, HOLDERS)).toEqual([]);
    expect(await signalCache(next.account).senderKeys.load(OWN_KEY)).toBeUndefined();
    expect(await senderKeyDevices.withoutKey(GROUP, HOLDERS)).toEqual(HOLDERS);
    expect(await (await world.open()).directory.senderKeyDevices.withoutKey(GROUP, HOLDERS)).toEqual(HOLDERS);
  });
});
