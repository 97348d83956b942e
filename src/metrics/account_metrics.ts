import type { Account, AccountStatistics } from "../account/mod.ts";
import type { SaveState } from "../write_behind/mod.ts";
import { type AccountEvent, onAccountEvent, whenClosed } from "./account_events.ts";
import { memoryOf } from "./memory_report.ts";
import { type MetricFamily, type MetricType, prometheusText, type Sample } from "./prometheus_text.ts";
import { requireAccount } from "./require_account.ts";

/** Upper bounds of the histogram of flushes, in seconds. */
const FLUSH_BOUNDS_S: readonly number[] = [0.001, 0.005, 0.02, 0.1, 0.5, 2.5];

const MS_PER_S = 1_000;

/** Each state has a line, so that a state that ends is 0 and does not stay as it was. */
const STATES: readonly SaveState[] = ["idle", "saving", "failing", "halted", "fenced"];

/** What is counted of events. */
const EVENT_COUNTERS = {
  retry: ["save_failures_total", "Saves that failed and are tried again."],
  saverHalted: ["halts_total", "Times that saving was halted after failures in a row."],
  saverResumed: ["resumes_total", "Times that saving went on after it was halted."],
  fenced: ["fences_total", "Accounts that another owner has taken over while they were open."],
  restored: ["restores_total", "Openings of a database that was an older copy."],
} as const satisfies Partial<Record<AccountEvent["kind"], readonly [string, string]>>;

/** What is counted over the lifetime of an account: kept when it is closed. */
const COUNTERS: readonly (readonly [name: string, help: string, of: (stats: AccountStatistics) => number])[] =
  [
    ["commits_total", "Commits that were applied.", ({ commits }) => commits],
    ["rows_written_total", "Rows that commits have changed.", ({ rowsWritten }) => rowsWritten],
    ["ambiguous_commits_total", "Sends of commits whose answer was lost.", ({ ambiguous }) => ambiguous],
    [
      "quarantined_records_total",
      "Stored Signal records that were invalid.",
      ({ signal }) => signal?.quarantined ?? 0,
    ],
    ["burned_keys_total", "Message keys that were skipped.", ({ signal }) => signal?.burnedKeys ?? 0],
    [
      "closed_chains_total",
      "Sending chains with too many skipped keys.",
      ({ signal }) => signal?.closed ?? 0,
    ],
    [
      "discarded_records_total",
      "Signal records older than a restore.",
      ({ signal }) => signal?.discarded ?? 0,
    ],
    ["signal_hits_total", "Reads of Signal records from memory.", ({ signal }) => signal?.hits ?? 0],
    ["signal_misses_total", "Reads of Signal records from the store.", ({ signal }) => signal?.misses ?? 0],
  ];

/** What open accounts have at this moment. */
const GAUGES: readonly (readonly [name: string, help: string, of: (stats: AccountStatistics) => number])[] = [
  ["isolated_items", "Items that the backend refuses.", ({ isolated }) => isolated],
  ["waiting_writers", "Writers that wait until less is dirty.", ({ waitingWriters }) => waitingWriters],
  [
    "gated_entries",
    "Signal entries that must not be sent before a commit.",
    ({ signal }) => signal?.gated ?? 0,
  ],
  [
    "leased_entries",
    "Signal entries that may have sent within a lease.",
    ({ signal }) => signal?.leased ?? 0,
  ],
];

/**
 * Metrics of the accounts of a process, in the text format of Prometheus. The number of lines does not depend
 * on the number of accounts, and none has the name of an account, a user or a key.
 *
 * @example
 * ```ts
 * import { openAccount } from "@holdfast/store";
 * import { memoryBackend } from "@holdfast/store/memory";
 * import { AccountMetrics } from "@holdfast/store/metrics";
 *
 * const metrics = new AccountMetrics();
 * await using account = await openAccount({ backend: memoryBackend() });
 * metrics.add(account);
 * if (!metrics.text().includes('holdfast_accounts{state="idle"} 1')) throw new Error("it is open");
 * ```
 */
export class AccountMetrics {
  readonly #open = new Set<Account>();
  /** Counts of accounts that are closed. */
  readonly #past = new Map<string, number>();
  readonly #events = new Map<AccountEvent["kind"], number>();
  readonly #buckets: number[] = FLUSH_BOUNDS_S.map(() => 0);
  #flushes = 0;
  #flushMs = 0;
  #items = 0;

  /** Number of accounts that are counted and open. */
  get accounts(): number {
    return this.#open.size;
  }

  /** Counts an open account, until it is closed. What it has counted stays. */
  add(account: Account): void {
    requireAccount("count account", account);
    if (this.#open.has(account)) return;
    onAccountEvent(account, (event) => this.#count(event));
    this.#open.add(account);
    whenClosed(account, () => this.#leave(account));
  }

  /** The metrics, as the answer of a scrape. Its media type is `METRICS_TYPE`. */
  text(): string {
    return prometheusText(this.families());
  }

  /** The metrics, for other formats. */
  families(): MetricFamily[] {
    const all = [...this.#open].map((account) => account.stats());
    return [
      ...this.#counters(all),
      ...this.#eventCounters(),
      this.#flushHistogram(),
      metric("flushed_items_total", "counter", "Items that became durable.", [{ value: this.#items }]),
      ...gauges(all),
      ...sizes(all),
    ];
  }

  #leave(account: Account): void {
    const stats = account.stats();
    for (const [name, , of] of COUNTERS) this.#past.set(name, (this.#past.get(name) ?? 0) + of(stats));
    this.#open.delete(account);
  }

  #count(event: AccountEvent): void {
    this.#events.set(event.kind, (this.#events.get(event.kind) ?? 0) + 1);
    if (event.kind !== "flush") return;
    this.#flushes += 1;
    this.#flushMs += event.durationMs;
    this.#items += event.committed;
    const bucket = FLUSH_BOUNDS_S.findIndex((bound) => event.durationMs <= bound * MS_PER_S);
    if (bucket >= 0) this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
  }

  #counters(all: readonly AccountStatistics[]): MetricFamily[] {
    return COUNTERS.map(([name, help, of]) =>
      metric(name, "counter", help, [{ value: (this.#past.get(name) ?? 0) + sum(all, of) }]),
    );
  }

  #eventCounters(): MetricFamily[] {
    return Object.entries(EVENT_COUNTERS).map(([kind, [name, help]]) =>
      metric(name, "counter", help, [{ value: this.#events.get(kind as AccountEvent["kind"]) ?? 0 }]),
    );
  }

  #flushHistogram(): MetricFamily {
    let count = 0;
    const buckets: Sample[] = FLUSH_BOUNDS_S.map((bound, index) => {
      count += this.#buckets[index] ?? 0;
      return { suffix: "_bucket", labels: { le: String(bound) }, value: count };
    });
    return metric("flush_duration_seconds", "histogram", "Time from a collection to its commit.", [
      ...buckets,
      { suffix: "_bucket", labels: { le: "+Inf" }, value: this.#flushes },
      { suffix: "_sum", value: this.#flushMs / MS_PER_S },
      { suffix: "_count", value: this.#flushes },
    ]);
  }
}

function gauges(all: readonly AccountStatistics[]): MetricFamily[] {
  const ages = all.map(({ oldestDirtyAgeMs }) => oldestDirtyAgeMs ?? 0);
  return [
    metric(
      "accounts",
      "gauge",
      "Open accounts, by the state of saving.",
      STATES.map((state) => ({
        labels: { state },
        value: sum(all, (stats) => Number(stats.state === state)),
      })),
    ),
    metric("dirty_items", "gauge", "Items that are not durable, by urgency.", [
      { labels: { urgency: "must" }, value: sum(all, ({ dirty }) => dirty.must) },
      { labels: { urgency: "may" }, value: sum(all, ({ dirty }) => dirty.may) },
    ]),
    metric("oldest_dirty_age_seconds", "gauge", "Age of the oldest change that is not durable.", [
      { value: ages.reduce((oldest, age) => Math.max(oldest, age), 0) / MS_PER_S },
    ]),
    ...GAUGES.map(([name, help, of]) => metric(name, "gauge", help, [{ value: sum(all, of) }])),
  ];
}

/** Caches by name. The accounts of one release have the same few ones. */
function sizes(all: readonly AccountStatistics[]): MetricFamily[] {
  const { caches, dirty } = memoryOf(all);
  const named = Object.entries(caches);
  return [
    metric("dirty_bytes", "gauge", "Estimated bytes that are not durable.", [{ value: dirty.bytes }]),
    metric(
      "cache_entries",
      "gauge",
      "Entries in memory, by cache.",
      named.map(([cache, { entries }]) => ({ labels: { cache }, value: entries })),
    ),
    metric(
      "cache_bytes",
      "gauge",
      "Estimated bytes in memory, by cache.",
      named.map(([cache, { bytes }]) => ({ labels: { cache }, value: bytes })),
    ),
  ];
}

function metric(name: string, type: MetricType, help: string, samples: readonly Sample[]): MetricFamily {
  return { name: `holdfast_${name}`, type, help, samples };
}

function sum(all: readonly AccountStatistics[], of: (stats: AccountStatistics) => number): number {
  return all.reduce((total, stats) => total + of(stats), 0);
}
