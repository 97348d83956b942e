/** A client elsewhere plans within the limits of calls: no legal call is refused each time. */
import { describe, expect, test } from "vitest";
import { type Account, openAccount } from "../../mod.ts";
import type { LidPnMapping, Write } from "../../src/backend/mod.ts";
import { directory } from "../../src/directory/mod.ts";
import { fakeHost } from "../../src/testing/mod.ts";
import type { DirtyItem, Flushable, Outcome } from "../../src/write_behind/mod.ts";
import { remoteMemoryBackend } from "../kit/remote.ts";

/** The largest value of a backend in a file. */
const MAX_VALUE_BYTES = 16 * 1_024 * 1_024;

async function open(): Promise<Account> {
  const backend = remoteMemoryBackend({ maxValueBytes: MAX_VALUE_BYTES });
  return await openAccount({ backend, host: fakeHost(), saverIntervalMs: "manual", housekeeping: false });
}

/** The items that the engine holds at most, all dirty, with the bytes that it holds at most. */
class FullFlushable implements Flushable {
  readonly name = "full";
  readonly committed = new Set<string>();

  pending(): ReturnType<Flushable["pending"]> {
    return { must: 0, may: 10_000 - this.committed.size, bytes: 0, oldestAtMs: undefined };
  }

  collect(): readonly DirtyItem[] {
    return Array.from({ length: 10_000 }, (_, index) => ({
      key: `${index}`,
      generation: 1,
      urgency: "may" as const,
      writes: [
        {
          kind: "session.put",
          address: `${5_511_000_000_000 + index}@c.us.0`,
          record: new Uint8Array(3_300),
        },
        { kind: "identity.put", address: `${5_511_000_000_000 + index}@c.us.0`, key: new Uint8Array(32) },
        { kind: "preKey.remove", id: index + 1 },
      ],
    }));
  }

  applyOutcome({ committed }: Outcome): void {
    for (const { key } of committed) this.committed.add(key);
  }
}

function mappings(count: number): LidPnMapping[] {
  return Array.from({ length: count }, (_, index) => ({
    lid: String(100_000_000_000_000 + index),
    phoneNumber: String(5_511_000_000_000 + index),
    createdAt: 1,
    updatedAt: 1,
    learningSource: "usync",
  }));
}

describe("the limits of calls", () => {
  test("stand in the capabilities of a client elsewhere", async () => {
    const backend = await remoteMemoryBackend({ maxValueBytes: MAX_VALUE_BYTES });
    expect(backend.capabilities).toMatchObject({
      maxValueBytes: 8 * 1_024 * 1_024,
      maxCommitRows: 20_000,
      maxCommitBytes: 16 * 1_024 * 1_024,
      maxReadKeys: 2_000,
    });
    await backend.close();
  });

  test("hold the largest flush, with the largest device and all that goes with it", async () => {
    await using account = await open();
    const { maxValueBytes } = account.store.capabilities;
    const full = new FullFlushable();
    account.writeBehind.addFlushable(full);
    const preKeys = Array.from(
      { length: 8_192 },
      (_, index): Write => ({
        kind: "preKey.put",
        id: index + 1,
        record: new Uint8Array(100),
        uploaded: false,
      }),
    );
    account.device.modifyDevice(
      (draft) => {
        draft.extra = new Map([["large", new Uint8Array(maxValueBytes - 65_536).fill(7)]]);
      },
      { writes: preKeys },
    );
    const report = await account.flush();
    expect(report.isolated).toEqual([]);
    expect(full.committed.size).toBe(10_000);
    const stored = await account.store.load();
    expect(stored?.extra.get("large")?.length).toBe(maxValueBytes - 65_536);
  });

  test("hold a read of more keys than one request has", async () => {
    await using account = await open();
    const all = mappings(6_500);
    await account.store.commit([{ kind: "lidMapping.put", entries: all }]);
    const asked = [...all, ...all.slice(0, 10)].map(({ lid }) => lid);
    const found = await account.store.getLidMappings(asked);
    expect(found.map((mapping) => mapping?.lid)).toEqual(asked);
  });

  test("hold a migration of users with many devices", async () => {
    await using account = await open();
    const users = mappings(250);
    const records = users.map(({ phoneNumber }) => ({
      user: phoneNumber,
      devices: Array.from({ length: 500 }, (_, device) => ({ deviceId: device })),
      timestamp: 1,
    }));
    for (let start = 0; start < records.length; start += 50)
      await account.store.updateDeviceLists(records.slice(start, start + 50));
    const report = await directory(account).learn(users, { source: "usync" });
    expect(report.written).toBe(250);
    const moved = await account.store.getDevicesFor(users.map(({ lid }) => lid));
    expect(moved.filter((list) => list?.devices.length === 500)).toHaveLength(250);
  });
});
