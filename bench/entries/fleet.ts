import { openAccount } from "../../mod.ts";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import type { Backend } from "../../src/backend/mod.ts";
import type { BenchEntry } from "../harness/entry.ts";
import { usedBytes } from "../support/collect_garbage.ts";

/** Accounts of the counts: enough that what a process has only once does not count. */
const ACCOUNTS = 2_000;

function nameOf(index: number): string {
  return `account-${index}`;
}

/**
 * Heap of an account that is open and not used: its engine, device, queue, housekeeping and caches. The
 * backends, which are open before it, and the rows in them are not counted.
 */
async function heapOfIdleAccount(): Promise<number> {
  const database = new MemoryDatabase();
  const open = (index: number): Backend => memoryBackend({ database, account: nameOf(index) });
  // The accounts have a device, and everything that a process has once is there.
  for (let index = 0; index < ACCOUNTS; index += 1) {
    await (await openAccount({ backend: open(index) })).close();
  }
  const backends = Array.from({ length: ACCOUNTS }, (_, index) => open(index));
  const before = await usedBytes();
  const accounts = [];
  for (const backend of backends) accounts.push(await openAccount({ backend }));
  const bytes = ((await usedBytes()) - before) / ACCOUNTS;
  for (const account of accounts) await account.close();
  return Math.round(bytes);
}

export const entries: readonly BenchEntry[] = [
  {
    name: "fleet.heap_per_idle_account",
    kind: "count",
    unit: "bytes",
    limit: { max: 16_384 },
    against: "heap and array buffers after collection of an open account without use; backend not counted",
    run: heapOfIdleAccount,
  },
];
