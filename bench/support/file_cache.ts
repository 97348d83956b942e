import { join } from "node:path";
import { type Account, openAccount } from "../../mod.ts";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import type { Sealing } from "../../src/backend/mod.ts";
import type { SenderKeyRecord, SessionRecord } from "../../src/ratchet/mod.ts";
import type { SignalStoreCache } from "../../src/signal/mod.ts";
import { signalCache } from "../../src/signal/mod.ts";
import { makeFolder } from "./folder.ts";
import { advance, freshRecord } from "./sample_records.ts";

/** The Signal cache of an account. */
export type Cache = SignalStoreCache<SessionRecord, SenderKeyRecord>;

/** Number of dirty sessions per flush. */
export const SESSIONS = 1_000;

/**
 * CPU time of turns of flushes. V8 compiles the path of a flush until some hundred were made; what is counted before
 * is mostly its compiler, on either side.
 */
export const FLUSH_CPU_MS = { warmUpCpuMs: 3_000, minCpuMs: 1_000 };

/** The address of a session. */
export function addressOf(index: number): string {
  return `${100_000_000_000 + index * 7_919}:${(index % 5) + 1}@lid.0`;
}

/** A local file with `SESSIONS` sessions, and the cache over it. */
export interface FileCache {
  readonly folder: string;
  readonly account: Account;
  readonly cache: Cache;
  /** Sends one message on each session, so that all are dirty. Returns their records. */
  sendAll(): Promise<ReadonlyMap<string, SessionRecord>>;
  close(): Promise<void>;
}

/** Opens a new file, encrypted if `sealing` is set. */
export async function openFileCache(sealing?: Sealing): Promise<FileCache> {
  const folder = makeFolder();
  const account = await openAccount({
    backend: libsqlBackend({ url: `file:${join(folder.path, "account.db")}`, sealing }),
    saverIntervalMs: "manual",
  });
  const cache = signalCache(account);
  const current = new Map<string, SessionRecord>();
  for (let index = 0; index < SESSIONS; index++) current.set(addressOf(index), freshRecord());
  return {
    folder: folder.path,
    account,
    cache,
    sendAll: async () => {
      for (const [address, record] of current) {
        const next = record.copy();
        advance(next);
        await cache.sessions.put(address, next);
        current.set(address, next);
      }
      return current;
    },
    close: async () => {
      await account.close();
      folder.remove();
    },
  };
}
