/** A Signal cache of toy records with its engine, over rows that outlive both. */
import type { Committer, SignalCacheReads } from "../../../src/backend/mod.ts";
import type { Durability } from "../../../src/signal/counter_lease.ts";
import type { SignalStoreCacheOptions } from "../../../src/signal/signal_cache_options.ts";
import { SignalStoreCache } from "../../../src/signal/signal_store_cache.ts";
import { type FakeHost, fakeHost } from "../../../src/testing/mod.ts";
import { WriteBehind, type WriteBehindPolicy } from "../../../src/write_behind/mod.ts";
import type { Protection } from "../protections/names.ts";
import { hostWithout, ownerEpochWithout } from "../protections/protections.ts";
import { CounterRecord, counterCodec, counterSenderKeyCodec, stored } from "./counter_record.ts";
import { FakeRows } from "./fake_rows.ts";

export const ALICE = "100000000000001@lid.0";
export const BOB = "100000000000002@lid.0";
export const CAROL = "100000000000003@lid.0";
export const GROUP = "120363000000000001@g.us";
export const OUR_KEY: string = `${GROUP}:100000000000009:1@lid.0`;
export const THEIR_KEY: string = `${GROUP}:${ALICE}`;

type Options = Partial<SignalStoreCacheOptions<CounterRecord, CounterRecord>>;

/** How a world is made. */
export interface WorldOptions {
  readonly seed?: number;
  readonly durability?: Durability;
  readonly capacity?: number;
  readonly memory?: Options["memory"];
  readonly restoreEpoch?: number;
  readonly ownerEpoch?: number;
  readonly users?: Options["users"];
  readonly policy?: Partial<WriteBehindPolicy>;
  /** Protections that are left out: see `leaveOut`, which must be in force, too. */
  readonly off?: readonly Protection[];
  /** What the process sees of the rows. */
  readonly connect?: (rows: FakeRows) => Connection;
}

/** What a process sees of the rows: it can be cut. */
export type Connection = SignalCacheReads & Pick<Committer, "commit" | "capabilities">;

/** One incarnation of a cache. */
export interface World {
  readonly host: FakeHost;
  readonly rows: FakeRows;
  readonly engine: WriteBehind;
  readonly cache: SignalStoreCache<CounterRecord, CounterRecord>;
  /** The process is killed: memory is lost, rows stay. The next incarnation begins. */
  crash(options?: WorldOptions): World;
}

/** A world over new rows, or over those that an earlier incarnation left. */
export function world(options: WorldOptions = {}, rows: FakeRows = new FakeRows(), incarnation = 0): World {
  const host = fakeHost({ seed: (options.seed ?? 1) + incarnation * 7_919 });
  const connection = options.connect?.(rows) ?? rows;
  const engine = new WriteBehind({ committer: connection, host, policy: options.policy });
  const { durability, capacity, memory, restoreEpoch, users, off = [] } = options;
  const cache = new SignalStoreCache({
    reads: connection,
    engine,
    host: hostWithout(host, off),
    sessionCodec: counterCodec,
    senderKeyCodec: counterSenderKeyCodec,
    isOwnSenderKey: (name: string) => name === OUR_KEY,
    durability,
    capacity,
    memory,
    restoreEpoch,
    ownerEpoch: ownerEpochWithout(options.ownerEpoch ?? 0, off),
    users,
  });
  engine.addFlushable(cache.flushable);
  return {
    host,
    rows,
    engine,
    cache,
    crash: (next) => world({ ...options, ...next }, rows, incarnation + 1),
  };
}

/** Sends one message in the session of an address, as a client does; what it returns may leave. */
export async function send(
  { cache }: World,
  address: string,
): Promise<{ chain: string; counter: number; gated: boolean }> {
  return await cache.withAddress(address, async (at) => {
    const record = await cache.sessions.load(at);
    if (record === undefined) throw new Error("send: no session");
    const sent = record.send();
    const { gated } = await cache.sessions.put(at, record);
    if (gated) await cache.publishable([at]);
    return { ...sent, gated };
  });
}

/**
 * Puts a session that sends on a chain named after its address, and makes it durable with an exact counter.
 */
export async function haveSession({ cache }: World, address: string, next = 0): Promise<void> {
  await cache.sessions.put(address, CounterRecord.of(`start ${address}`, `chain ${address}`, next));
  await cache.releaseLeases();
}

/** Stores a session as some other incarnation left it. */
export function storeSession(
  rows: FakeRows,
  address: string,
  row: { next: number; reservedUntil: number; burned?: number; incarnation?: string },
): void {
  const record = stored(CounterRecord.of(`start ${address}`, `chain ${address}`, row.next));
  const { reservedUntil, burned = 0, incarnation = "f".repeat(32) } = row;
  rows.sessions.set(address, { record, lease: { reservedUntil, incarnation, burned } });
}

/** Mappings that are `lids` (LIDs by phone number) at any time. */
export function mappedBy(lids: ReadonlyMap<string, string>): NonNullable<WorldOptions["users"]> {
  return {
    userOf: async (address) => {
      const [user = ""] = address.split(/[:@]/);
      return [...lids].map(([pn, lid]) => ({ pn, lid })).find(({ pn, lid }) => pn === user || lid === user);
    },
    whileMapped: (users, section) => section(users.filter(({ pn, lid }) => lids.get(pn) === lid)),
  };
}

/** Lets everything go on that does not wait for a test. */
export async function turn(): Promise<void> {
  for (let hops = 0; hops < 100; hops += 1) await Promise.resolve();
}
