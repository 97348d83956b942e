/** Measurements inside an object: exact counts in simulated time. */

import { durableObjectDriver } from "../../src/adapters/durable_object/mod.ts";
import type { Device } from "../../src/backend/mod.ts";
import { createDevice } from "../../src/device/mod.ts";
import { type Host, systemClock } from "../../src/ports/mod.ts";
import { SqlRegistry } from "../../src/service/mod.ts";
import { advance, freshRecord, step } from "../support/sample_records.ts";
import { CountedStorage } from "./counted_storage.ts";
import { SEND_PATTERNS, type SendPattern, type SendPatternName } from "./send_patterns.ts";
import { SimulatedObject } from "./simulated_object.ts";

/** The cost of a thousand messages. */
export interface SendCosts {
  /** Rows and alarms, as billed. */
  readonly billed: number;
  readonly alarms: number;
  /** Counters that were never used. */
  readonly burned: number;
  readonly rowsRead: number;
  /** Time for which a timer was pending, up to the last message, in milliseconds. */
  readonly timerPendingMs: number;
}

/** Rows that are read when an object wakes up. */
export interface WakeCosts {
  /** Until the account is open and a session is loaded. */
  readonly loaded: number;
  /** Until a message on it may leave. */
  readonly sent: number;
}

/** The cost of a flush. */
export interface FlushCosts {
  readonly perRecord: number;
  readonly fixed: number;
}

/** The storage of a Durable Object. */
export type RealStorage = ConstructorParameters<typeof CountedStorage>[0];

const PEER = "5511999990000@c.us.0";

/** What pairing gives a device. */
const PAIRED = { pn: "5511999990001:7@s.whatsapp.net", lid: "100000000000001:7@lid" };

const MESSAGES = 1_000;

const ACCOUNTS = 1_000;

/** Long enough for all writes, and shorter than the interval of housekeeping. */
const QUIET_MS = 180_000;

/** Exchanges a thousand messages on one session. */
export async function sendCosts(real: RealStorage, name: SendPatternName): Promise<SendCosts> {
  const { intervalMs, isEvicted, isPingPong, durability }: SendPattern = SEND_PATTERNS[name];
  const storage = new CountedStorage(real);
  const object = new SimulatedObject(storage, { signal: { durability } });
  const expected = await begin(object);
  const [rowsBefore, alarmsBefore, readBefore] = [storage.billedRows, storage.alarmsSet, storage.rowsRead];
  object.timerPendingMs = 0;
  let burned = 0;
  for (let message = 0; message < MESSAGES; message += 1) {
    if (isPingPong && message % 2 === 0) expected.next = await receive(object, message);
    else {
      const counter = await send(object);
      burned += counter - expected.next;
      expected.next = counter + 1;
    }
    if (intervalMs !== undefined) await object.pass(intervalMs);
    if (isEvicted) object.evict();
  }
  const { timerPendingMs } = object;
  await object.pass(QUIET_MS);
  return {
    ...{ burned, timerPendingMs },
    billed: storage.billedRows - rowsBefore,
    alarms: storage.alarmsSet - alarmsBefore,
    rowsRead: storage.rowsRead - readBefore,
  };
}

/** Wakes an object whose account is paired. */
export async function wakeCosts(real: RealStorage): Promise<WakeCosts> {
  const storage = new CountedStorage(real);
  const newDevice = async (host: Host): Promise<Device> => ({ ...(await createDevice(host)), ...PAIRED });
  const object = new SimulatedObject(storage, { newDevice });
  await begin(object);
  const before = storage.rowsRead;
  object.evict();
  await object.settled();
  await (await object.cache()).sessions.load(PEER);
  const loaded = storage.rowsRead - before;
  await send(object);
  await object.settled();
  return { loaded, sent: storage.rowsRead - before };
}

/** Rows that the registry reads when it wakes up and admits one call, among a thousand accounts. */
export async function registryWakeCosts(real: RealStorage): Promise<number> {
  const storage = new CountedStorage(real);
  const driver = durableObjectDriver(storage);
  const registry = await SqlRegistry.open(driver, systemClock);
  for (let account = 0; account < ACCOUNTS; account += 1) await registry.addAccount(`bot-${account}`);
  const before = storage.rowsRead;
  await (await SqlRegistry.open(driver, systemClock)).admit("0".repeat(16), "bot-7");
  return storage.rowsRead - before;
}

/** Stores a session, and rests. @returns The counter of its next message. */
async function begin(object: SimulatedObject): Promise<{ next: number }> {
  const record = freshRecord();
  await (await object.cache()).sessions.put(PEER, record);
  await (await object.account()).flush();
  await object.pass(QUIET_MS);
  return { next: record.sendingChain?.next ?? 0 };
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

/** Receives a message that moves the session to a new chain. @returns The first counter of the chain. */
async function receive(object: SimulatedObject, message: number): Promise<number> {
  const cache = await object.cache();
  return await cache.withAddress(PEER, async (address) => {
    const record = await cache.sessions.load(address);
    if (record === undefined) throw new Error("there is no session");
    step(record, message);
    await cache.sessions.put(address, record);
    return record.sendingChain?.next ?? 0;
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
