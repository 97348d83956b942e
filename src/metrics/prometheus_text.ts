/** The sort of a metric. */
export type MetricType = "counter" | "gauge" | "histogram";

/** One line of a metric. */
export interface Sample {
  /** Behind the metric's name: `_bucket`, `_sum` and `_count` of a histogram. */
  readonly suffix?: string | undefined;
  /** Labels by name, in the order in which they are written. Values are escaped. Defaults to none. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** The value. Infinities are written as `+Inf` and `-Inf`. */
  readonly value: number;
}

/** A metric with its lines. */
export interface MetricFamily {
  /** The name, without the suffixes of a histogram's lines. */
  readonly name: string;
  /** The sort of the metric. */
  readonly type: MetricType;
  /** One line of help, which is escaped. */
  readonly help: string;
  /** The lines, in order. */
  readonly samples: readonly Sample[];
}

/** The media type of the text. */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Writes metrics in the text format of Prometheus, version 0.0.4. */
export function prometheusText(families: readonly MetricFamily[]): string {
  let text = "";
  for (const { name, type, help, samples } of families) {
    text += `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
    for (const { suffix = "", labels = {}, value } of samples)
      text += `${name}${suffix}${labelsText(labels)} ${numberText(value)}\n`;
  }
  return text;
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}
