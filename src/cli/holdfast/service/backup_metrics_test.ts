import { expect, test } from "vitest";
import { BackendError } from "../../../errors/mod.ts";
import type { BackupStats, BackupStore } from "../../../service/mod.ts";
import { BackupMetrics } from "./backup_metrics.ts";

const STORE: BackupStore = {
  list: async () => [],
  write: async ({ account }, fill) => {
    await fill(async () => {});
    if (account === "full") throw new BackendError("keep backup: ENOSPC");
  },
  delete: async () => {},
};

function valuesOf(metrics: BackupMetrics, stats: Readonly<Record<string, BackupStats>>): string[] {
  const text = metrics.text((account) => stats[account]);
  expect(text.endsWith("\n")).toBe(true);
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

test("BackupMetrics counts whole backups, their bytes, and accounts by their state", async () => {
  const metrics = new BackupMetrics();
  expect(valuesOf(metrics, {})).toEqual([
    'holdfast_backups_total{outcome="done"} 0',
    'holdfast_backups_total{outcome="failed"} 0',
    "holdfast_backup_bytes_total 0",
    'holdfast_backup_accounts{state="done"} 0',
    'holdfast_backup_accounts{state="failing"} 0',
    'holdfast_backup_accounts{state="none"} 0',
  ]);
  const store = metrics.counted(STORE);
  for (const account of ["a", "b", "new", "full", "gone"]) await store.list(account);
  const write = (account: string): Promise<void> =>
    store.write({ account, madeAtMs: 1 }, async (piece) => {
      await piece(new Uint8Array(30));
      await piece(new Uint8Array(12));
    });
  await write("a");
  await write("b");
  await expect(write("full")).rejects.toThrow("ENOSPC");
  metrics.failed();
  const stats: Readonly<Record<string, BackupStats>> = {
    a: { failures: 0, lastSuccessAtMs: 5_500 },
    b: { failures: 0, lastSuccessAtMs: 9_000 },
    new: { failures: 0 },
    full: { failures: 1, lastSuccessAtMs: 2_000 },
  };
  expect(valuesOf(metrics, stats)).toEqual([
    'holdfast_backups_total{outcome="done"} 2',
    'holdfast_backups_total{outcome="failed"} 1',
    "holdfast_backup_bytes_total 84",
    'holdfast_backup_accounts{state="done"} 2',
    'holdfast_backup_accounts{state="failing"} 1',
    'holdfast_backup_accounts{state="none"} 1',
    "holdfast_backup_oldest_timestamp_seconds 2",
    "holdfast_backup_newest_timestamp_seconds 9",
  ]);
});
