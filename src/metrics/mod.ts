/**
 * Numbers to watch: events of an account, what its caches hold, and metrics in the text format of Prometheus.
 *
 * @module
 */
export {
  type AccountEvent,
  type AccountEventListener,
  type AccountEventsOptions,
  accountEvents,
  onAccountEvent,
} from "./account_events.ts";
export { AccountMetrics } from "./account_metrics.ts";
export { type MemoryReport, memoryReport } from "./memory_report.ts";
export {
  METRICS_TYPE,
  type MetricFamily,
  type MetricType,
  prometheusText,
  type Sample,
} from "./prometheus_text.ts";
