/**
 * Numbers to watch: metrics of accounts in the text format of Prometheus (`AccountMetrics`), their events
 * (`accountEvents`, `onAccountEvent`), and what their caches hold (`memoryReport`). `Account.stats` has the
 * numbers of one account.
 *
 * Nothing of it has a key, the name of an account or of a user.
 *
 * @example
 * ```ts
 * import { openAccount } from "@holdfast/store";
 * import { memoryBackend } from "@holdfast/store/memory";
 * import { AccountMetrics, METRICS_TYPE } from "@holdfast/store/metrics";
 *
 * const metrics = new AccountMetrics();
 * await using account = await openAccount({ backend: memoryBackend() });
 * metrics.add(account);
 * const scrape = () => new Response(metrics.text(), { headers: { "content-type": METRICS_TYPE } });
 * if (scrape().status !== 200) throw new Error("a scrape is answered");
 * ```
 *
 * @module
 */
export type { AccountStatistics } from "../account/mod.ts";
export {
  type AccountEvent,
  type AccountEventListener,
  type AccountEventsOptions,
  AccountMetrics,
  accountEvents,
  METRICS_TYPE,
  type MemoryReport,
  type MetricFamily,
  type MetricType,
  memoryReport,
  onAccountEvent,
  type Sample,
} from "../metrics/mod.ts";
