/** A strict reader of the text format of Prometheus, version 0.0.4. */

/** One line. */
export interface ParsedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric. */
export interface ParsedFamily {
  readonly type: string;
  readonly help: string;
}

/** What a text has. */
export interface ParsedMetrics {
  readonly families: ReadonlyMap<string, ParsedFamily>;
  readonly samples: readonly ParsedSample[];
}

const HELP = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) ((?:[^\\\n]|\\\\|\\n)+)$/;
const TYPE = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)$/;
const SAMPLE =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{([^{}]*)\})? (\+Inf|-Inf|NaN|[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?)$/;
const LABELS =
  /^[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"(?:,[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*")*$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"/g;

/**
 * Reads a text. Each metric has its help and its type in front of its lines, which stand together; counters
 * end with `_total`; a histogram has growing buckets up to `+Inf`, which is its count.
 *
 * @throws {Error} At the first line that is not valid.
 */
export function parsePrometheus(text: string): ParsedMetrics {
  if (!text.endsWith("\n")) throw new Error("the text does not end with a line");
  const families = new Map<string, ParsedFamily>();
  const samples: ParsedSample[] = [];
  const seen = new Set<string>();
  let current: string | undefined;
  let help: RegExpExecArray | undefined;
  for (const line of text.slice(0, -1).split("\n")) {
    const found = HELP.exec(line);
    if (found !== null) {
      if (help !== undefined) throw new Error(`help without type: ${line}`);
      help = found;
      continue;
    }
    const type = TYPE.exec(line);
    if (type !== null) {
      const [, name = "", kind = ""] = type;
      if (help?.[1] !== name || families.has(name)) throw new Error(`type: ${line}`);
      if ((kind === "counter") !== name.endsWith("_total")) throw new Error(`name of a counter: ${line}`);
      families.set(name, { type: kind, help: help[2] ?? "" });
      current = name;
      help = undefined;
      continue;
    }
    const [, name, labelText, value] = SAMPLE.exec(line) ?? [];
    if (name === undefined || value === undefined || current === undefined || help !== undefined)
      throw new Error(`line: ${line}`);
    if (labelText !== undefined && !LABELS.test(labelText)) throw new Error(`labels: ${line}`);
    const isPart = families.get(current)?.type === "histogram" && /_(bucket|sum|count)$/.test(name);
    if ((isPart ? name.replace(/_(bucket|sum|count)$/, "") : name) !== current)
      throw new Error(`place: ${line}`);
    const series = `${name}{${labelText ?? ""}}`;
    if (seen.has(series)) throw new Error(`twice: ${line}`);
    seen.add(series);
    const labels = Object.fromEntries([...(labelText ?? "").matchAll(LABEL)].map(([, key, of]) => [key, of]));
    samples.push({ name, labels, value: value === "+Inf" ? Number.POSITIVE_INFINITY : Number(value) });
  }
  if (help !== undefined) throw new Error("help at the end");
  for (const [name, { type }] of families) if (type === "histogram") checkHistogram(name, samples);
  return { families, samples };
}

function checkHistogram(name: string, samples: readonly ParsedSample[]): void {
  const buckets = samples.filter((sample) => sample.name === `${name}_bucket`);
  const bounds = buckets.map(({ labels }) =>
    labels.le === "+Inf" ? Number.POSITIVE_INFINITY : Number(labels.le),
  );
  for (const [index, { value }] of buckets.entries()) {
    const before = buckets[index - 1];
    if (before !== undefined && (value < before.value || !((bounds[index] ?? 0) > (bounds[index - 1] ?? 0))))
      throw new Error(`${name}: buckets do not grow`);
  }
  const count = samples.find((sample) => sample.name === `${name}_count`)?.value;
  const isWhole = bounds.at(-1) === Number.POSITIVE_INFINITY && buckets.at(-1)?.value === count;
  if (!isWhole || !samples.some((sample) => sample.name === `${name}_sum`))
    throw new Error(`${name}: not a whole histogram`);
}
