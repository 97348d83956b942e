import { describe, expect, test } from "vitest";
import {
  ALICE,
  BOB,
  OUR_KEY,
  storeSession,
  THEIR_KEY,
  world,
} from "../../test/support/signal/cache_world.ts";
import { CounterRecord, stored } from "../../test/support/signal/counter_record.ts";
import type { Lease, QuarantineReason } from "../backend/mod.ts";
import { CorruptError, WrongLengthError } from "../errors/mod.ts";

const GARBAGE = new TextEncoder().encode("garbage");
const SHORT = new TextEncoder().encode("short key");
const SOUND = stored(CounterRecord.of("s", "c", 5));
const LEASE: Lease = { reservedUntil: 5, incarnation: "a".repeat(32), burned: 0 };

const UNREADABLE: readonly {
  what: string;
  record: Uint8Array;
  lease: Lease | undefined;
  reason: QuarantineReason;
}[] = [
  { what: "bytes that are no record", record: GARBAGE, lease: LEASE, reason: "undecodable" },
  {
    what: "bytes that are no record, without a lease",
    record: GARBAGE,
    lease: undefined,
    reason: "undecodable",
  },
  { what: "a key of a wrong length", record: SHORT, lease: LEASE, reason: "wrong-length" },
  { what: "half a lease", record: SOUND, lease: { ...LEASE, incarnation: "" }, reason: "lease" },
  { what: "the other half", record: SOUND, lease: { ...LEASE, reservedUntil: -1 }, reason: "lease" },
  { what: "a broken bound", record: SOUND, lease: { ...LEASE, reservedUntil: 0.5 }, reason: "lease" },
  {
    what: "a bound past all counters",
    record: SOUND,
    lease: { ...LEASE, reservedUntil: 2 ** 32 + 1 },
    reason: "lease",
  },
  {
    what: "a writer in capitals",
    record: SOUND,
    lease: { ...LEASE, incarnation: "A".repeat(32) },
    reason: "lease",
  },
  { what: "a negative count", record: SOUND, lease: { ...LEASE, burned: -1 }, reason: "lease" },
];

describe("quarantine of Signal records", () => {
  for (const { what, record, lease, reason } of UNREADABLE) {
    test(`reports and keeps a session row with ${what}`, async () => {
      const { cache, engine, rows, host } = world();
      const events: unknown[] = [];
      cache.onEvent((event) => events.push(event));
      rows.sessions.set(ALICE, { record, lease });
      expect(await cache.sessions.has(ALICE)).toBe(false);
      expect(await cache.sessions.load(ALICE)).toBeUndefined();
      expect(events).toEqual([{ kind: "quarantined", store: "session", address: ALICE, reason }]);
      expect(cache.stats.quarantined).toBe(1);
      expect(rows.sessions.has(ALICE)).toBe(true);
      await engine.flush();
      expect(rows.sessions.has(ALICE)).toBe(false);
      expect(rows.quarantine).toEqual([
        { kind: "quarantine.put", store: "session", address: ALICE, record, reason },
      ]);
      expect(rows.commits).toHaveLength(1);
      expect(host.logger.messages("warn")).toHaveLength(1);
      expect(host.logger.text).not.toContain("garbage");
    });
  }

  test("keeps an unreadable row that a put replaces", async () => {
    const { cache, engine, rows } = world();
    rows.sessions.set(ALICE, { record: GARBAGE, lease: LEASE });
    await cache.sessions.put(ALICE, CounterRecord.of("s", "c", 0));
    await engine.flush();
    expect(rows.commits.map((writes) => writes.map(({ kind }) => kind))).toEqual([
      ["session.put", "quarantine.put"],
    ]);
    expect(rows.quarantine).toHaveLength(1);
  });

  test("keeps an unreadable row that is deleted", async () => {
    const { cache, engine, rows } = world();
    rows.sessions.set(ALICE, { record: GARBAGE, lease: LEASE });
    await cache.sessions.load(ALICE);
    await cache.sessions.delete(ALICE);
    await engine.flush();
    expect([rows.sessions.size, rows.quarantine.length]).toEqual([0, 1]);
  });

  test("leaves bytes in place that could not be set aside", async () => {
    const { cache, engine, rows } = world();
    rows.sessions.set(ALICE, { record: GARBAGE, lease: LEASE });
    storeSession(rows, BOB, { next: 1, reservedUntil: 1 });
    rows.poison = (write) => write.kind === "quarantine.put";
    await cache.sessions.load(ALICE);
    await cache.sessions.delete(BOB);
    await engine.flush();
    expect(rows.sessions.get(ALICE)?.record).toEqual(GARBAGE);
    expect(await cache.sessions.load(ALICE)).toBeUndefined();
  });

  test("loads many addresses despite an unreadable one", async () => {
    const { cache, rows } = world();
    rows.sessions.set(ALICE, { record: GARBAGE, lease: LEASE });
    storeSession(rows, BOB, { next: 1, reservedUntil: 1 });
    const records = await cache.sessions.loadMany([ALICE, BOB]);
    expect(records.map((record) => record?.current?.next)).toEqual([undefined, 1]);
  });

  test("treats another user's unreadable sender key as absent", async () => {
    const { cache, engine, rows } = world();
    rows.senderKeys.set(THEIR_KEY, { record: GARBAGE, lease: undefined });
    expect(await cache.senderKeys.load(THEIR_KEY)).toBeUndefined();
    await engine.flush();
    expect(rows.quarantine).toMatchObject([{ store: "senderKey", address: THEIR_KEY }]);
  });

  test("throws for our own unreadable sender key until it is deleted", async () => {
    const { cache, engine, rows } = world();
    rows.senderKeys.set(OUR_KEY, { record: GARBAGE, lease: LEASE });
    for (let n = 0; n < 2; n += 1) {
      await expect(cache.senderKeys.load(OUR_KEY)).rejects.toThrow(CorruptError);
      await expect(cache.senderKeys.has(OUR_KEY)).rejects.toThrow(CorruptError);
      await expect(cache.senderKeys.put(OUR_KEY, CounterRecord.of("", "new", 0))).rejects.toThrow(
        CorruptError,
      );
    }
    await engine.flush();
    expect(rows.senderKeys.get(OUR_KEY)?.record).toEqual(GARBAGE);
    expect([rows.commits, rows.quarantine]).toEqual([[], []]);
    rows.senderKeys.set(OUR_KEY, { record: SHORT, lease: LEASE });
    await expect(cache.senderKeys.load(OUR_KEY)).rejects.toThrow(WrongLengthError);
    await cache.deleteSenderKey(OUR_KEY);
    await cache.senderKeys.put(OUR_KEY, CounterRecord.of("", "new", 0));
    expect((await cache.senderKeys.load(OUR_KEY))?.current?.chain).toBe("new");
  });

  test("isolates errors of listeners", async () => {
    const { cache, rows, host } = world();
    const kinds: string[] = [];
    const remove = cache.onEvent(() => {
      throw new Error("secret of a listener");
    });
    cache.onEvent(({ kind }) => kinds.push(kind));
    rows.sessions.set(ALICE, { record: GARBAGE, lease: LEASE });
    expect(await cache.sessions.load(ALICE)).toBeUndefined();
    expect(kinds).toEqual(["quarantined"]);
    expect(host.logger.messages("error")).toHaveLength(1);
    expect(host.logger.text).not.toContain("secret");
    remove();
  });
});
