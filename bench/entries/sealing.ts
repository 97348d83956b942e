import { createCipheriv, createSecretKey } from "node:crypto";
import type { Account } from "../../mod.ts";
import { sealing } from "../../src/sealing/mod.ts";
import { IV_BYTES } from "../../src/sealing/sealer.ts";
import type { Comparison, Side } from "../harness/compare.ts";
import type { BenchEntry } from "../harness/entry.ts";
import { openObject } from "../support/bench_object.ts";
import { childrenCpuClock } from "../support/child_cpu.ts";
import { addressOf, type FileCache, FLUSH_CPU_MS, openFileCache, SESSIONS } from "../support/file_cache.ts";

/** Sessions that one turn reads by one query, after the cache was emptied. */
const COLD_READS = 200;

function key(): Uint8Array {
  return new Uint8Array(32).fill(1);
}

/** Two files with the same sessions, one of them encrypted. */
async function bothFiles(): Promise<readonly [sealed: FileCache, plain: FileCache]> {
  return [await openFileCache(sealing({ keys: { bench: key() } })), await openFileCache()];
}

async function flushAll(account: Account): Promise<void> {
  const { committed } = await account.flush();
  if (committed < SESSIONS) throw new Error(`flushed ${committed} sessions`);
}

/** A flush of 1,000 sessions. */
async function flushing(): Promise<Comparison> {
  const [sealed, plain] = await bothFiles();
  return {
    ours: { prepare: () => sealed.sendAll(), run: () => flushAll(sealed.account) },
    theirs: { prepare: () => plain.sendAll(), run: () => flushAll(plain.account) },
    ...FLUSH_CPU_MS,
    close: async () => {
      await sealed.close();
      await plain.close();
    },
  };
}

/** Bytes that name the place of a session, about. */
const PLACE_BYTES = 130;

/**
 * A flush of 1,000 sessions, and beside it the calls of `node:crypto` alone that seal as many values of the same
 * size: what encryption costs at least, before a place is encoded or a byte is copied.
 */
async function floorOfFlushing(): Promise<Comparison> {
  const [plain, other] = [await openFileCache(), await openFileCache()];
  await plain.sendAll();
  await flushAll(plain.account);
  const record = await plain.account.store.getSession(addressOf(0));
  if (record === undefined) throw new Error("a session was lost");
  const cipherKey = createSecretKey(key());
  const [iv, place] = [new Uint8Array(IV_BYTES), new Uint8Array(PLACE_BYTES)];
  const sealAll = (): void => {
    for (let index = 0; index < SESSIONS; index++) {
      const cipher = createCipheriv("aes-256-gcm", cipherKey, iv);
      cipher.setAAD(place);
      cipher.update(record);
      cipher.final();
      cipher.getAuthTag();
    }
  };
  return {
    ours: {
      prepare: () => plain.sendAll(),
      run: async () => {
        sealAll();
        await flushAll(plain.account);
      },
    },
    theirs: { prepare: () => other.sendAll(), run: () => flushAll(other.account) },
    ...FLUSH_CPU_MS,
    close: async () => {
      await plain.close();
      await other.close();
    },
  };
}

/** Loads sessions that are not in memory, one after the other. */
async function coldReading(): Promise<Comparison> {
  const [sealed, plain] = await bothFiles();
  for (const file of [sealed, plain]) {
    await file.sendAll();
    await file.account.flush();
  }
  const side = ({ cache }: FileCache) => {
    let next = 0;
    return {
      prepare: () => {
        cache.clear();
        next = (next + COLD_READS) % SESSIONS;
      },
      run: async () => {
        for (let index = 0; index < COLD_READS; index++) {
          const session = await cache.sessions.load(addressOf((next + index) % SESSIONS));
          if (session === undefined) throw new Error("a session was lost");
        }
      },
    };
  };
  return {
    ours: side(sealed),
    theirs: side(plain),
    // A read takes microseconds, and both sides share most of their code: they are compared when it is warm.
    warmUpCpuMs: 1_500,
    minCpuMs: 1_000,
    close: async () => {
      await sealed.close();
      await plain.close();
    },
  };
}

/** Both sides are objects of one process of workerd, whose CPU time is read. */
async function inWorkerd(prepare: string, run: string): Promise<Comparison> {
  const { ask, close } = await openObject();
  for (const side of ["sealed", "plain"]) for (const call of ["send", "flush"]) await ask(`/${side}/${call}`);
  const sideOf = (side: string): Side => ({
    prepare: () => ask(`/${side}/${prepare}`),
    run: () => ask(`/${side}/${run}`),
  });
  return {
    ours: sideOf("sealed"),
    theirs: sideOf("plain"),
    minCpuMs: 2_000,
    warmUpCpuMs: 1_000,
    cpuUs: childrenCpuClock(),
    close,
  };
}

export const entries: readonly BenchEntry[] = [
  {
    name: "encryption.flush_1000.cpu_ratio",
    kind: "ratio",
    unit: "ratio",
    limit: { max: 1.6 },
    against: "the same flush of 1,000 sessions to the same kind of file without encryption",
    open: flushing,
  },
  {
    name: "encryption.flush_1000.floor",
    kind: "ratio",
    unit: "ratio",
    against: "the same flush without encryption; ours is that flush and the calls of node:crypto alone",
    open: floorOfFlushing,
  },
  {
    name: "encryption.cold_read.cpu_ratio",
    kind: "ratio",
    unit: "ratio",
    limit: { max: 2 },
    against: "the same loads of sessions that are not in memory, one at a time, without encryption",
    open: coldReading,
  },
  {
    name: "encryption.workerd_flush_1000.cpu_ratio",
    kind: "ratio",
    unit: "ratio",
    limit: { max: 1.6 },
    against: "the same flush of 1,000 sessions of a Durable Object without encryption",
    open: () => inWorkerd("send", "flush"),
  },
  {
    name: "encryption.workerd_cold_read.cpu_ratio",
    kind: "ratio",
    unit: "ratio",
    limit: { max: 2 },
    against: "the same loads of 1,000 sessions of a Durable Object, one at a time, without encryption",
    open: () => inWorkerd("forget", "read"),
  },
];
