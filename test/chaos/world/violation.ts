import type { ChaosCounts } from "./counts.ts";

/** Decisions of a run that are kept to be printed. */
const KEPT_LINES = 60;

/** What a run did, line by line: its end, and a number that says whether two runs did the same. */
export class Trace {
  readonly #lines: string[] = [];
  #hash = 0x811c9dc5;
  readonly #told: ((line: string) => void) | undefined;

  /** @param told Told of every line and note, to follow a run. */
  constructor(told?: (line: string) => void) {
    this.#told = told;
  }

  /** What differs between equal runs, such as keys: told, and otherwise forgotten. */
  note(line: string): void {
    this.#told?.(line);
  }

  add(line: string): void {
    this.#told?.(line);
    if (this.#lines.length === KEPT_LINES) this.#lines.shift();
    this.#lines.push(line);
    for (let at = 0; at < line.length; at += 1) {
      this.#hash = Math.imul(this.#hash ^ line.charCodeAt(at), 0x01000193);
    }
  }

  /** The last lines, oldest first. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Equal for equal runs. */
  get digest(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }
}

/** Something that must never happen did. The message says what, where, and how to see it again. */
export class ChaosViolation extends Error {
  readonly seed: number;
  readonly step: number;
  /** What went wrong, without the trace. */
  readonly reason: string;
  /** What the run did until then. */
  readonly counts: ChaosCounts;
  /** How many numbers were drawn before each step, from step 1 on. */
  readonly starts: readonly number[];

  constructor(
    reason: string,
    run: {
      readonly seed: number;
      readonly step: number;
      readonly trace: Trace;
      readonly counts: ChaosCounts;
      readonly starts: readonly number[];
      readonly replay: string;
    },
    options?: ErrorOptions,
  ) {
    const trace = run.trace.lines.map((line) => `  ${line}`).join("\n");
    super(`seed ${run.seed}, step ${run.step}: ${reason}\n${trace}\nreplay: ${run.replay}`, options);
    this.seed = run.seed;
    this.step = run.step;
    this.reason = reason;
    this.counts = run.counts;
    this.starts = run.starts;
  }
}
