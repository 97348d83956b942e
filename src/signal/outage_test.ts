import { describe, expect, test } from "vitest";
import {
  ALICE,
  BOB,
  GROUP,
  haveSession,
  OUR_KEY,
  send,
  type World,
  world,
} from "../../test/support/signal/cache_world.ts";
import { CounterRecord } from "../../test/support/signal/counter_record.ts";
import type { Lease } from "../backend/mod.ts";
import { BackendError, ClosedError, FencedError, HaltedError, RefusedError } from "../errors/mod.ts";
import { MAX_SKIPPED_MESSAGES } from "../ratchet/mod.ts";
import type { SignalCacheEvent } from "./signal_events.ts";

const DOWN = new BackendError("commit: unreachable");

/** Number of new sessions, for their names. */
let sessions = 0;

/** Encrypts without `sendable`. Rejects when the message may not be sent. */
async function sendUnasked({ cache }: World, address: string, steps = 1): Promise<number> {
  const store = address === OUR_KEY ? cache.senderKeys : cache.sessions;
  const record = (await store.load(address)) ?? new CounterRecord();
  if (record.current === undefined) record.begin(`start ${sessions}`, `chain ${sessions++}`);
  const { counter } = record.send(steps);
  await store.put(address, record);
  await cache.publishable([address]);
  return counter;
}

/** Encrypts after `sendable`. */
async function sendAsked({ cache }: World, address: string): Promise<number> {
  return await cache.withAddress(address, async (at) => {
    await cache.sendable(at);
    const record = (await cache.sessions.load(at)) ?? new CounterRecord();
    const { counter } = record.send();
    await cache.sessions.put(at, record);
    await cache.publishable([at]);
    return counter;
  });
}

/** Counts the rejected ones of `count` messages while no commit succeeds. */
async function refuse(here: World, count: number, message: () => Promise<unknown>): Promise<number> {
  here.rows.down = DOWN;
  let refused = 0;
  for (let sent = 0; sent < count; sent += 1) await message().catch(() => (refused += 1));
  here.rows.down = undefined;
  return refused;
}

function leaseOf({ rows }: World, address: string): Lease | undefined {
  return (rows.sessions.get(address) ?? rows.senderKeys.get(address))?.lease;
}

function halt(here: World): Promise<unknown> {
  here.rows.down = DOWN;
  return here.engine.flush().catch(() => {});
}

describe("SignalStoreCache.sendable", () => {
  test("rejects steps that need a commit while saving is halted", async () => {
    const here = world({ policy: { haltAfter: 1 } });
    await haveSession(here, ALICE);
    await here.cache.sessions.put(BOB, CounterRecord.of("start", "chain", 0));
    await halt(here);
    await expect(here.cache.sendable(ALICE)).rejects.toThrow(HaltedError);
    await expect(here.cache.sendable(BOB)).rejects.toThrow(HaltedError);
    // There is no session or key yet, and a new one needs a commit.
    await expect(here.cache.sendable("unknown@lid.0")).rejects.toThrow(HaltedError);
    await expect(here.cache.sendable(OUR_KEY)).rejects.toThrow(HaltedError);
    here.rows.down = undefined;
    await here.engine.flush();
    await here.cache.sendable(ALICE);
    await here.cache.sendable("unknown@lid.0");
  });

  test("allows messages within the lease while saving is halted", async () => {
    const here = world({ policy: { haltAfter: 1 } });
    await haveSession(here, ALICE);
    for (let n = 0; n < 4; n += 1) await send(here, ALICE);
    expect(leaseOf(here, ALICE)?.reservedUntil).toBe(7);
    await here.cache.identities.put(BOB, new Uint8Array(32));
    await halt(here);
    expect(here.engine.isHalted).toBe(true);
    for (const counter of [4, 5, 6]) expect(await sendAsked(here, ALICE)).toBe(counter);
    await expect(sendAsked(here, ALICE)).rejects.toThrow(HaltedError);
    expect(here.cache.sessions.peek(ALICE)?.current?.next).toBe(7);
    await expect(here.cache.sendable(ALICE, { steps: 2 })).rejects.toThrow(HaltedError);
  });

  test("counts all steps of a message", async () => {
    const here = world({ policy: { haltAfter: 1 } });
    await haveSession(here, ALICE);
    for (let n = 0; n < 2; n += 1) await send(here, ALICE);
    await here.cache.identities.put(BOB, new Uint8Array(32));
    await halt(here);
    expect(leaseOf(here, ALICE)?.reservedUntil).toBe(3);
    await here.cache.sendable(ALICE);
    await expect(here.cache.sendable(ALICE, { steps: 2 })).rejects.toThrow(HaltedError);
    await expect(here.cache.sendable(ALICE, { steps: 0 })).rejects.toThrow(RangeError);
  });

  test("rejects a new chain's first message in strict mode only", async () => {
    for (const durability of ["strict", "relaxed"] as const) {
      const here = world({ durability, policy: { haltAfter: 1 } });
      await haveSession(here, ALICE);
      for (let n = 0; n < 4; n += 1) await send(here, ALICE);
      await halt(here);
      const record = (await here.cache.sessions.load(ALICE)) ?? new CounterRecord();
      record.step("next chain");
      await here.cache.sessions.put(ALICE, record);
      await halt(here);
      const sending = sendAsked(here, ALICE);
      if (durability === "strict") await expect(sending).rejects.toThrow(HaltedError);
      else expect(await sending).toBe(0);
    }
  });

  test("retries a failed commit and takes no key while it fails", async () => {
    const here = world({ policy: { haltAfter: 1_000_000 } });
    await haveSession(here, ALICE);
    expect(await refuse(here, 2_100, () => sendAsked(here, ALICE))).toBe(2_100);
    // The first one took its key before the outage was known.
    expect(await sendAsked(here, ALICE)).toBe(1);
  });

  test("retries a refused row as a change", async () => {
    const here = world();
    await haveSession(here, ALICE);
    here.rows.poison = (write) => write.kind === "session.put";
    for (let n = 0; n < 5; n += 1) await expect(sendAsked(here, ALICE)).rejects.toThrow(RefusedError);
    here.rows.poison = () => false;
    expect(await sendAsked(here, ALICE)).toBe(1);
  });

  test("rejects when fenced or closed", async () => {
    const here = world();
    await haveSession(here, ALICE);
    for (let n = 0; n < 2; n += 1) await send(here, ALICE);
    here.rows.fates.push(new FencedError("later owner"));
    await here.cache.identities.put(BOB, new Uint8Array(32));
    await expect(here.engine.flush()).rejects.toThrow(FencedError);
    await expect(here.cache.sendable(ALICE)).rejects.toThrow(FencedError);
    const other = world();
    await other.engine.close();
    await expect(other.cache.sendable(ALICE)).rejects.toThrow(ClosedError);
  });

  test("rejects with a read error while saving is halted", async () => {
    const here = world({ policy: { haltAfter: 1 } });
    await here.cache.identities.put(BOB, new Uint8Array(32));
    await halt(here);
    here.rows.readError = new BackendError("read: unreachable");
    await expect(here.cache.sendable(ALICE)).rejects.toThrow("read: unreachable");
  });
});

describe("keys of failed gates", () => {
  test("count as burned at once, and in the row with the next commit", async () => {
    const here = world({ policy: { haltAfter: 1_000_000 } });
    await haveSession(here, ALICE);
    expect(await sendUnasked(here, ALICE)).toBe(0);
    expect(await refuse(here, 100, () => sendUnasked(here, ALICE))).toBe(100);
    expect(here.cache.stats.burnedKeys).toBe(100);
    await here.engine.flush();
    expect(leaseOf(here, ALICE)?.burned).toBe(100);
    expect(await sendUnasked(here, ALICE)).toBe(101);
    expect(leaseOf(here, ALICE)?.burned).toBe(100);
  });

  test("count while saving is halted", async () => {
    const here = world();
    await haveSession(here, ALICE);
    await refuse(here, 100, () => sendUnasked(here, ALICE));
    expect(here.cache.stats.burnedKeys).toBe(100);
  });

  test("of two outages and a crash close the session in time", async () => {
    let here = world();
    await haveSession(here, ALICE);
    expect(await refuse(here, 1_000, () => sendUnasked(here, ALICE))).toBe(1_000);
    await here.engine.flush();
    expect(leaseOf(here, ALICE)?.burned).toBe(1_000);
    here = here.crash();
    const closed: SignalCacheEvent[] = [];
    here.cache.onEvent((event) => event.kind === "closed" && closed.push(event));
    await refuse(here, 1_000, async () => {
      const record = (await here.cache.sessions.load(ALICE)) ?? new CounterRecord();
      if (record.current === undefined) return;
      await sendUnasked(here, ALICE);
    });
    expect(closed).toHaveLength(1);
    expect(here.cache.sessions.peek(ALICE)?.current).toBeUndefined();
    await here.engine.flush();
    expect((await here.crash().cache.sessions.load(ALICE))?.current).toBeUndefined();
  });

  test("never exceed the limit of receivers", async () => {
    const here = world();
    await haveSession(here, ALICE);
    const missing = await refuse(here, 5_000, () => sendUnasked(here, ALICE));
    expect(missing).toBe(5_000);
    await here.engine.flush();
    expect(await sendUnasked(here, ALICE)).toBeLessThan(MAX_SKIPPED_MESSAGES);
  });

  test("of our own sender key remove it and the marks in one commit", async () => {
    const here = world();
    await sendUnasked(here, OUR_KEY, 2);
    const chain = here.cache.senderKeys.peek(OUR_KEY)?.current?.chain;
    // Each message takes two steps.
    await refuse(here, 740, () => sendUnasked(here, OUR_KEY, 2));
    expect(here.cache.senderKeys.peek(OUR_KEY)?.current?.chain).toBe(chain);
    await refuse(here, 10, () => sendUnasked(here, OUR_KEY, 2));
    expect(here.cache.senderKeys.peek(OUR_KEY)).toBeUndefined();
    await here.engine.flush();
    expect(here.rows.senderKeys.has(OUR_KEY)).toBe(false);
    expect(here.rows.clearedGroups).toEqual([GROUP]);
    expect(here.rows.commits.at(-1)?.map(({ kind }) => kind)).toEqual([
      "senderKey.delete",
      "senderKeyDevices.clear",
    ]);
  });

  test("are reset by a new chain", async () => {
    const here = world();
    await haveSession(here, ALICE);
    await refuse(here, 1_400, () => sendUnasked(here, ALICE));
    const record = (await here.cache.sessions.load(ALICE)) ?? new CounterRecord();
    record.step("next chain");
    await here.cache.sessions.put(ALICE, record);
    await refuse(here, 1_400, () => sendUnasked(here, ALICE));
    expect(here.cache.sessions.peek(ALICE)?.current?.chain).toBe("next chain");
    await here.engine.flush();
    expect(leaseOf(here, ALICE)?.burned).toBe(1_400);
  });

  test("stay with a chain that returns from the archive", async () => {
    const here = world();
    await haveSession(here, ALICE);
    await refuse(here, 1_400, () => sendUnasked(here, ALICE));
    const record = (await here.cache.sessions.load(ALICE)) ?? new CounterRecord();
    record.begin("another start", "another chain");
    await here.cache.sessions.put(ALICE, record.copy());
    record.promote(0);
    await here.cache.sessions.put(ALICE, record);
    await refuse(here, 101, () => sendUnasked(here, ALICE));
    expect(here.cache.sessions.peek(ALICE)?.archive.some(({ closed }) => closed === true)).toBe(true);
  });

  test("count for every message that one refused row blocks", async () => {
    const here = world();
    for (const address of [ALICE, BOB]) await haveSession(here, address);
    here.rows.poison = (write) => write.kind === "session.put" && write.address === BOB;
    for (let n = 0; n < 300; n += 1) {
      for (const address of [ALICE, BOB]) {
        const record = (await here.cache.sessions.load(address)) ?? new CounterRecord();
        record.send();
        await here.cache.sessions.put(address, record);
      }
      await expect(here.cache.publishable([ALICE, BOB])).rejects.toThrow(RefusedError);
    }
    here.rows.poison = () => false;
    await here.engine.flush();
    expect(leaseOf(here, ALICE)?.burned).toBe(300);
    expect(leaseOf(here, BOB)?.burned).toBe(300);
  });

  test("count when a change cannot be made durable", async () => {
    const here = world();
    await haveSession(here, ALICE);
    await refuse(here, 100, async () => {
      const record = (await here.cache.sessions.load(ALICE)) ?? new CounterRecord();
      record.send();
      await here.cache.sessions.put(ALICE, record);
      await here.cache.makeDurable([ALICE]);
    });
    await here.cache.makeDurable([ALICE]);
    expect(leaseOf(here, ALICE)?.burned).toBe(100);
  });

  test("exclude those of sent messages", async () => {
    const here = world();
    await haveSession(here, ALICE);
    for (let n = 0; n < 200; n += 1) await sendUnasked(here, ALICE);
    const refused = await refuse(here, 200, () => sendUnasked(here, ALICE));
    // The others were within the lease.
    expect(refused).toBeLessThan(200);
    await here.engine.flush();
    expect(leaseOf(here, ALICE)?.burned).toBe(refused);
  });
});
