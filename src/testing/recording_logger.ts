import type { LogFields, Logger, LogLevel } from "../ports/mod.ts";

/** Limit of kept entries, which bounds the memory of long property tests. The oldest are dropped first. */
const MAX_ENTRIES = 10_000;

/** One call of `log`. */
export interface LogEntry {
  /** Level of the entry. */
  readonly level: LogLevel;
  /** Message of the entry. */
  readonly message: string;
  /** A copy of its fields. */
  readonly fields: LogFields;
}

/** A logger that keeps its last 10,000 entries for inspection by a test. */
export class RecordingLogger implements Logger {
  readonly #entries: LogEntry[] = [];

  /** Keeps the entry. The oldest one is dropped beyond 10,000. */
  log(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (this.#entries.length === MAX_ENTRIES) this.#entries.shift();
    this.#entries.push({ level, message, fields: { ...fields } });
  }

  /** All kept entries, oldest first. */
  get entries(): readonly LogEntry[] {
    return this.#entries;
  }

  /** Messages of one level, oldest first. */
  messages(level: LogLevel): string[] {
    return this.#entries.filter((entry) => entry.level === level).map((entry) => entry.message);
  }

  /** All kept entries as one text, for searching secrets. */
  get text(): string {
    return this.#entries
      .map((entry) => `${entry.level} ${entry.message} ${JSON.stringify(entry.fields)}`)
      .join("\n");
  }

  /** Forgets all entries. */
  clear(): void {
    this.#entries.length = 0;
  }
}
