import type { Account, AccountStatistics } from "../account/mod.ts";
import type { CacheSize } from "../cache/mod.ts";
import { accountsIn } from "./require_account.ts";

/** What accounts hold in memory. */
export interface MemoryReport {
  /** Accounts that were asked and are open. */
  readonly accounts: number;
  /** What is not durable, in items and bytes. It stays in memory until it is saved. */
  readonly dirty: CacheSize;
  /** What each cache holds, by its name. */
  readonly caches: Readonly<Record<string, CacheSize>>;
  /** The caches together. */
  readonly total: CacheSize;
}

const NOTHING: CacheSize = { entries: 0, bytes: 0 };

/**
 * What the caches of some accounts of this process hold. Bytes are estimates: of Signal state the heap that its
 * entries take, of other caches the plain data of some entries.
 *
 * @example
 * ```ts
 * import { openAccount } from "@holdfast/store";
 * import { memoryBackend } from "@holdfast/store/memory";
 * import { memoryReport } from "@holdfast/store/metrics";
 *
 * await using account = await openAccount({ backend: memoryBackend() });
 * await account.lid.getLid("5511999990000");
 * const { caches, total } = memoryReport([account]);
 * if (caches.lidByPn?.entries !== 1 || total.entries !== 1) throw new Error("that it is absent is cached");
 * ```
 */
export function memoryReport(accounts: Iterable<Account>): MemoryReport {
  return memoryOf(accountsIn("report memory", accounts).map((account) => account.stats()));
}

/** As `memoryReport`, of statistics that were read. */
export function memoryOf(all: readonly AccountStatistics[]): MemoryReport {
  let [count, dirty, total] = [0, NOTHING, NOTHING];
  const caches: Record<string, CacheSize> = {};
  for (const statistics of all) {
    if (statistics.state === "closed") continue;
    count += 1;
    const { must, may, bytes } = statistics.dirty;
    dirty = sumOf(dirty, { entries: must + may, bytes });
    for (const [name, size] of Object.entries(statistics.caches)) {
      caches[name] = sumOf(caches[name] ?? NOTHING, size);
      total = sumOf(total, size);
    }
  }
  return { accounts: count, dirty, caches, total };
}

function sumOf(one: CacheSize, other: CacheSize): CacheSize {
  return { entries: one.entries + other.entries, bytes: one.bytes + other.bytes };
}
