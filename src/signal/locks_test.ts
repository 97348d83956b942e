import { describe, expect, test } from "vitest";
import {
  ALICE,
  GROUP,
  mappedBy,
  OUR_KEY,
  send,
  storeSession,
  turn,
  world,
} from "../../test/support/signal/cache_world.ts";
import type { CounterRecord as Counter } from "../../test/support/signal/counter_record.ts";
import { CounterRecord } from "../../test/support/signal/counter_record.ts";

const PHONE = "5511999990000@c.us.0";

describe("SignalStoreCache.withAddress", () => {
  test("runs sections of one address in sequence and loses no step", async () => {
    const here = world();
    storeSession(here.rows, ALICE, { next: 0, reservedUntil: 0 });
    const receive = () =>
      here.cache.withAddress(ALICE, async (address) => {
        const record = (await here.cache.sessions.load(address)) as Counter;
        await Promise.resolve();
        record.receive();
        await here.cache.sessions.put(address, record);
      });
    const sent = await Promise.all(
      Array.from({ length: 50 }, async () => {
        await receive();
        return (await send(here, ALICE)).counter;
      }),
    );
    expect(sent.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, n) => n));
    expect(here.cache.sessions.peek(ALICE)?.received).toBe(50);
  });

  test("resolves the address inside the lock", async () => {
    const lids = new Map<string, string>();
    const here = world({ users: mappedBy(lids) });
    let leave: () => void = () => {};
    const holding = here.cache.withAddress(PHONE, async () => {
      await new Promise<void>((resolve) => {
        leave = resolve;
      });
      lids.set(PHONE.split("@")[0] ?? "", ALICE.split("@")[0] ?? "");
    });
    await turn();
    const seen: string[] = [];
    const waiting = here.cache.withAddress(PHONE, async (address) => {
      seen.push(address);
    });
    const senderKey = here.cache.withSenderKey(`${GROUP}:${PHONE}`, async (name) => {
      seen.push(name);
    });
    await senderKey;
    leave();
    await Promise.all([holding, waiting]);
    expect(seen).toEqual([`${GROUP}:${PHONE}`, ALICE]);
    await here.cache.withSenderKey(`${GROUP}:${PHONE}`, async (name) => {
      seen.push(name);
    });
    await here.cache.withSenderKey("no sender key name", async (name) => {
      seen.push(name);
    });
    expect(seen.slice(2)).toEqual([`${GROUP}:${ALICE}`, "no sender key name"]);
  });
});

describe("SignalStoreCache.deleteSenderKey", () => {
  test("waits for the lock of the sender key", async () => {
    const { cache } = world();
    await cache.senderKeys.put(OUR_KEY, CounterRecord.of("", "key", 0));
    let leave: () => void = () => {};
    const using = cache.withSenderKey(OUR_KEY, async (name) => {
      const record = (await cache.senderKeys.load(name)) as Counter;
      await new Promise<void>((resolve) => {
        leave = resolve;
      });
      record.send();
      await cache.senderKeys.put(name, record);
    });
    await turn();
    const deleted = cache.deleteSenderKey(OUR_KEY);
    await turn();
    expect(cache.senderKeys.peek(OUR_KEY)?.current?.next).toBe(0);
    leave();
    await Promise.all([using, deleted]);
    expect(await cache.senderKeys.load(OUR_KEY)).toBeUndefined();
  });
});
