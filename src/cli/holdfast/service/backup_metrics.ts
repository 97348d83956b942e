import { type MetricFamily, prometheusText } from "../../../metrics/mod.ts";
import type { BackupStats, BackupStore } from "../../../service/mod.ts";

/** What is known of the backups of an account; `undefined` for an account that is not there. */
export type StatsOf = (account: string) => BackupStats | undefined;

/** Counts the backups of a service. It names no account. */
export class BackupMetrics {
  #made = 0;
  #failed = 0;
  #bytes = 0;
  /** Accounts whose backups were looked at, also those that were deleted since. */
  readonly #accounts = new Set<string>();

  /** The same store, with what is written to it counted. */
  counted(store: BackupStore): BackupStore {
    return {
      list: (account) => {
        this.#accounts.add(account);
        return store.list(account);
      },
      write: async (key, fill) => {
        let bytes = 0;
        await store.write(key, (write) =>
          fill(async (piece) => {
            bytes += piece.byteLength;
            await write(piece);
          }),
        );
        this.#made += 1;
        this.#bytes += bytes;
      },
      delete: (key) => store.delete(key),
    };
  }

  /** Counts a try that failed. */
  failed(): void {
    this.#failed += 1;
  }

  /** The metrics, in the text format of Prometheus. */
  text(statsOf: StatsOf): string {
    const states = { done: 0, failing: 0, none: 0 };
    const newest: number[] = [];
    for (const account of this.#accounts) {
      const stats = statsOf(account);
      if (stats === undefined) this.#accounts.delete(account);
      else states[stateOf(stats)] += 1;
      if (stats?.lastSuccessAtMs !== undefined) newest.push(stats.lastSuccessAtMs);
    }
    const families: MetricFamily[] = [
      {
        name: "holdfast_backups_total",
        type: "counter",
        help: "Backups that were made, and tries of the schedule that failed.",
        samples: [
          { labels: { outcome: "done" }, value: this.#made },
          { labels: { outcome: "failed" }, value: this.#failed },
        ],
      },
      {
        name: "holdfast_backup_bytes_total",
        type: "counter",
        help: "Bytes of the backups that were made.",
        samples: [{ value: this.#bytes }],
      },
      {
        name: "holdfast_backup_accounts",
        type: "gauge",
        help: "Accounts of the schedule: failing since their last backup, without a backup, or neither.",
        samples: Object.entries(states).map(([state, value]) => ({ labels: { state }, value })),
      },
    ];
    if (newest.length > 0)
      families.push(
        timeOf(
          "holdfast_backup_oldest_timestamp_seconds",
          "When the last backup was made of the account that waits longest.",
          newest.reduce((a, b) => Math.min(a, b)),
        ),
        timeOf(
          "holdfast_backup_newest_timestamp_seconds",
          "When the last backup of any account was made.",
          newest.reduce((a, b) => Math.max(a, b)),
        ),
      );
    return prometheusText(families);
  }
}

function stateOf({ failures, lastSuccessAtMs }: BackupStats): "done" | "failing" | "none" {
  if (failures > 0) return "failing";
  return lastSuccessAtMs === undefined ? "none" : "done";
}

function timeOf(name: string, help: string, atMs: number): MetricFamily {
  return { name, type: "gauge", help, samples: [{ value: atMs / 1_000 }] };
}
