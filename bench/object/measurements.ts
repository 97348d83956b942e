/** Measurements inside an object: exact counts in simulated time. */

import { advance, freshRecord } from "../support/sample_records.ts";
import { CountedStorage } from "./counted_storage.ts";
import { SimulatedObject } from "./simulated_object.ts";

/** The cost of sends. */
export interface SendCosts {
  /** Rows and alarms, as billed. */
  readonly billed: number;
  readonly alarms: number;
  /** Counters that were never used. */
  readonly burned: number;
}

/** The cost of a flush. */
export interface FlushCosts {
  readonly perRecord: number;
  readonly fixed: number;
}

/** The storage of a Durable Object. */
export type RealStorage = ConstructorParameters<typeof CountedStorage>[0];

const PEER = "5511999990000@c.us.0";

const SENDS = 1_000;

/** Long enough for all writes, and shorter than the interval of housekeeping. */
const QUIET_MS = 180_000;

/**
 * Sends a thousand messages on one chain, one per interval.
 *
 * @param isEvicted Whether the memory is lost between any two of them.
 */
export async function sendCosts(
  real: RealStorage,
  { intervalMs, isEvicted }: { readonly intervalMs: number; readonly isEvicted: boolean },
): Promise<SendCosts> {
  const storage = new CountedStorage(real);
  const object = new SimulatedObject(storage);
  await (await object.cache()).sessions.put(PEER, freshRecord());
  await (await object.account()).flush();
  await object.pass(QUIET_MS);
  const [rowsBefore, alarmsBefore] = [storage.billedRows, storage.alarmsSet];
  let first: number | undefined;
  let last = 0;
  for (let sent = 0; sent < SENDS; sent += 1) {
    last = await send(object);
    first ??= last;
    await object.pass(intervalMs);
    if (isEvicted) object.evict();
  }
  await object.pass(QUIET_MS);
  return {
    billed: storage.billedRows - rowsBefore,
    alarms: storage.alarmsSet - alarmsBefore,
    burned: last - (first ?? last) + 1 - SENDS,
  };
}

/** Sends a message and returns its counter. */
async function send(object: SimulatedObject): Promise<number> {
  const cache = await object.cache();
  return await cache.withAddress(PEER, async (address) => {
    const record = await cache.sessions.load(address);
    const counter = record?.sendingChain?.next;
    if (record === undefined || counter === undefined) throw new Error("the session cannot send");
    advance(record);
    const { gated } = await cache.sessions.put(address, record);
    if (gated) await cache.publishable([address]);
    return counter;
  });
}

/**
 * Flushes of two sizes by the object's own timer: the cost per record, and the fixed cost including the
 * alarm.
 */
export async function flushCosts(real: RealStorage): Promise<FlushCosts> {
  const storage = new CountedStorage(real);
  const object = new SimulatedObject(storage);
  const cache = await object.cache();
  const flush = async (records: number): Promise<number> => {
    await object.pass(QUIET_MS);
    const before = storage.billedRows;
    for (let index = 0; index < records; index += 1) {
      const address = `${5_511_900_000_000 + index}@c.us.0`;
      const record = (await cache.sessions.load(address)) ?? freshRecord();
      advance(record);
      await cache.sessions.put(address, record);
    }
    // After the interval, and before the pause that releases leases.
    await object.pass(6_000);
    if (cache.stats.dirty > 0) throw new Error("the timer has not flushed");
    return storage.billedRows - before;
  };
  await flush(LARGE);
  const [large, small] = [await flush(LARGE), await flush(SMALL)];
  const perRecord = (large - small) / (LARGE - SMALL);
  return { perRecord, fixed: large - perRecord * LARGE };
}

const LARGE = 1_000;
const SMALL = 100;
