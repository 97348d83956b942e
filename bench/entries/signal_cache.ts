import { type Account, openAccount } from "../../mod.ts";
import { memoryBackend } from "../../src/adapters/memory/mod.ts";
import type { SenderKeyRecord, SessionChain, SessionRecord } from "../../src/ratchet/mod.ts";
import type { SignalStoreCache } from "../../src/signal/mod.ts";
import { signalCache } from "../../src/signal/mod.ts";
import type { Comparison, Side } from "../harness/compare.ts";
import type { BenchEntry } from "../harness/entry.ts";
import { usedBytes } from "../support/collect_garbage.ts";
import { advance, freshRecord } from "../support/sample_records.ts";

type Cache = SignalStoreCache<SessionRecord, SenderKeyRecord>;

function addressOf(index: number): string {
  return `${100_000_000_000 + index * 7_919}:${(index % 5) + 1}@lid.0`;
}

/** A cache over memory that holds `count` sessions, and equal records beside it. */
async function filledCache(
  count: number,
): Promise<{ account: Account; cache: Cache; records: SessionRecord[] }> {
  const account = await openAccount({ backend: memoryBackend(), saverIntervalMs: "manual" });
  const cache = signalCache(account);
  const records = Array.from({ length: count }, () => freshRecord());
  for (const [index, record] of records.entries()) await cache.sessions.put(addressOf(index), record.copy());
  await account.flush();
  return { account, cache, records };
}

/** Number of sessions that take turns in a measurement of a load and a put. */
const CHATS = 32;
/** Steps of each session in one turn. */
const STEPS = 100;

/** One step of a session: load it, send on `next`, and put it back. */
type Step = (address: string, next: SessionChain | undefined) => Promise<unknown>;

/**
 * A step through the cache against the same step through a map. The chains after each step are prepared
 * before the turn, so that the comparison covers keeping the state and not the HMAC, which every client
 * computes.
 */
async function stepComparison(
  steps: (cache: Cache, map: AsyncMap) => [ours: Step, theirs: Step],
  isAdvancing: boolean,
): Promise<Comparison> {
  const { account, cache, records } = await filledCache(CHATS);
  const map = new AsyncMap();
  for (const [index, record] of records.entries()) await map.set(addressOf(index), record.copy());
  const addresses = records.map((_, index) => addressOf(index));
  const sideOf = (step: Step): Side => {
    const last = records.map((record) => record.sendingChain);
    let chains: SessionChain[][] = [];
    return {
      prepare: () => {
        if (!isAdvancing) return;
        chains = last.map((chain, chat) => {
          const next = chainsAfter(chain, STEPS);
          last[chat] = next.at(-1);
          return next;
        });
      },
      run: async () => {
        for (let at = 0; at < STEPS; at++) {
          for (let chat = 0; chat < CHATS; chat++) await step(addresses[chat] as string, chains[chat]?.[at]);
        }
      },
    };
  };
  const [ours, theirs] = steps(cache, map);
  // Preparing the chains of a turn takes ten times as long as the turn.
  return {
    ours: sideOf(ours),
    theirs: sideOf(theirs),
    minCpuMs: 300,
    warmUpCpuMs: 150,
    close: () => account.close(),
  };
}

/** A map behind two async functions, as in a client without a cache of its own. */
class AsyncMap {
  readonly #map = new Map<string, SessionRecord>();

  async get(address: string): Promise<SessionRecord | undefined> {
    return this.#map.get(address);
  }

  async set(address: string, record: SessionRecord): Promise<void> {
    this.#map.set(address, record);
  }
}

/** A sending chain after 1, 2, … messages. */
function chainsAfter(first: SessionChain | undefined, count: number): SessionChain[] {
  let chain = first;
  // A chain inherits its name from its predecessor, which the cache has read before.
  if (chain?.id === undefined) throw new Error("the record sends on no chain");
  return Array.from({ length: count }, () => {
    chain = (chain as SessionChain).fastForward((chain as SessionChain).next + 1);
    return chain;
  });
}

function moveOn(record: SessionRecord | undefined, next: SessionChain | undefined): SessionRecord {
  if (record?.current === undefined) throw new Error("the session was lost");
  if (next === undefined) return record;
  // A client has just derived the chain, so it is in the processor's caches. Without this read, the first
  // side to read the counter would pay for loading it.
  if (next.id === "" || next.next === 0) throw new Error("the chain has not moved on");
  record.current.senderChain = next;
  return record;
}

/** Both sides return a copy, advance its sending chain by one message and store it. */
function sendingStep(): Promise<Comparison> {
  return stepComparison(
    (cache, map) => [
      async (address, next) => cache.sessions.put(address, moveOn(await cache.sessions.load(address), next)),
      async (address, next) => map.set(address, moveOn((await map.get(address))?.copy(), next)),
    ],
    true,
  );
}

/** Neither side changes the record. The cache still copies it, and the map returns its own. */
function unchangedStep(): Promise<Comparison> {
  return stepComparison(
    (cache, map) => [
      async (address) => cache.sessions.put(address, moveOn(await cache.sessions.load(address), undefined)),
      async (address) => map.set(address, moveOn(await map.get(address), undefined)),
    ],
    false,
  );
}

/** Number of sessions that are peeked in turn. */
const PEEKED = 256;
/** Passes over them in one turn. */
const PEEK_PASSES = 200;

async function peeking(): Promise<Comparison> {
  const { account, cache, records } = await filledCache(PEEKED);
  const addresses = records.map((_, index) => addressOf(index));
  // Separate key strings, as in the cache: a looked-up key is equal to the stored one but never the same
  // string.
  const map = new Map(records.map((record, index) => [addressOf(index), record]));
  let missing = 0;
  const ours = (): void => {
    for (let pass = 0; pass < PEEK_PASSES; pass++) {
      for (const address of addresses) if (cache.sessions.peek(address)?.current === undefined) missing++;
    }
  };
  const theirs = (): void => {
    for (let pass = 0; pass < PEEK_PASSES; pass++) {
      for (const address of addresses) if (map.get(address)?.current === undefined) missing++;
    }
  };
  return {
    ours: { run: ours },
    theirs: { run: theirs },
    close: async () => {
      await account.close();
      if (missing > 0) throw new Error(`${missing} sessions were lost`);
    },
  };
}

/** Number of sessions whose heap is counted: eight times as many as stay decoded. */
const CACHED = 2_048;

let measured: Promise<SessionHeap> | undefined;

interface SessionHeap {
  /** Heap of a session that was read and not changed, by the bytes of its record. */
  readonly read: number;
  /** … that was changed and written. */
  readonly written: number;
  /** The estimate of the cache by the heap. */
  readonly estimate: number;
}

/** The first time, the engine's own code and tables come into the heap. */
async function measureTwice(): Promise<SessionHeap> {
  await measureSessions();
  return await measureSessions();
}

async function measureSessions(): Promise<SessionHeap> {
  const account = await openAccount({ backend: memoryBackend(), saverIntervalMs: "manual" });
  const addresses = Array.from({ length: CACHED }, (_, index) => addressOf(index));
  const records = addresses.map(() => freshRecord().encode());
  const bytes = records.reduce((sum, { length }) => sum + length, 0);
  await account.commitWith(
    addresses.map((address, index) => ({
      kind: "session.put",
      address,
      record: records[index] as Uint8Array,
    })),
  );
  records.length = 0;
  const cache = signalCache(account);
  const before = await usedBytes();
  for (const address of addresses) {
    if (!(await cache.sessions.has(address))) throw new Error("the session was lost");
  }
  const read = (await usedBytes()) - before;
  if (cache.stats.sessions !== CACHED) throw new Error(`${cache.stats.sessions} sessions are cached`);
  const estimate = cache.stats.heapBytes / read;
  for (const address of addresses) {
    const record = await cache.sessions.load(address);
    if (record === undefined) throw new Error("the session was lost");
    advance(record);
    await cache.sessions.put(address, record);
  }
  await account.flush();
  const written = (await usedBytes()) - before;
  await account.close();
  return { read: read / bytes, written: written / bytes, estimate };
}

export const entries: readonly BenchEntry[] = [
  {
    // Printed without a limit: the same code took 1.72 to 3.08 times on one machine, by the state of the heap
    // and of the machine's caches, since both sides copy a record for each step. The step without a change
    // stays within a twentieth, and has the limit.
    name: "signal.cached_load_put.ratio_vs_async_map",
    kind: "ratio",
    unit: "ratio",
    against:
      "get + set on a Map behind two async functions; both sides copy the record and give it the same next chain, made before",
    open: sendingStep,
  },
  {
    name: "signal.cached_load_put_unchanged.ratio_vs_async_map",
    kind: "ratio",
    unit: "ratio",
    limit: { max: 1.6 },
    against: "the same without a change, and without a copy on the side of the Map",
    open: unchangedStep,
  },
  {
    name: "signal.cached_peek.ratio_vs_map",
    kind: "ratio",
    unit: "ratio",
    limit: { max: 1.5 },
    against: "get of a Map; both sides look at the record",
    open: peeking,
  },
  {
    name: "signal.heap_per_cached_session",
    kind: "count",
    unit: "bytes per byte",
    limit: { max: 2.5 },
    against:
      "heap and array buffers after collection, by the bytes of a record of 1.4 kB: sessions that were read, " +
      "and that were changed and written",
    run: async () => {
      measured ??= measureTwice();
      const { read, written } = await measured;
      return { read, written };
    },
  },
  {
    name: "signal.heap_per_cached_session.estimate",
    kind: "figure",
    unit: "ratio",
    against: "what the cache counts, by the heap; sessions that were read",
    run: async () => {
      measured ??= measureTwice();
      return (await measured).estimate;
    },
  },
];
