import { count } from "./report.ts";
import type { Terminal } from "./terminal.ts";

/** Time between two drawings, in milliseconds. */
const DRAW_MS = 100;

/** Time after which progress is shown at all: most commands end before. */
const FIRST_MS = 400;

/** Columns of the bar itself. */
const BAR_COLUMNS = 20;

/**
 * Progress of long work, on standard error: drawn over itself on a terminal. Where it is not, one line every
 * tenth of the work, and none where the whole is not known.
 */
export class ProgressBar {
  readonly #terminal: Terminal;
  readonly #what: string;
  readonly #total: number | undefined;
  readonly #startedAt = performance.now();
  #drawnAt = 0;
  #tenth = 0;
  #isDrawn = false;

  /** @param total Number of things, if it is known. */
  constructor(terminal: Terminal, what: string, total?: number) {
    this.#terminal = terminal;
    this.#what = what;
    this.#total = total;
  }

  /** Shows that `done` things are done. */
  show(done: number): void {
    const now = performance.now();
    if (now - this.#startedAt < FIRST_MS) return;
    if (this.#terminal.isLive) {
      if (now - this.#drawnAt < DRAW_MS) return;
      this.#drawnAt = now;
      this.#isDrawn = true;
      this.#terminal.err(`\r\u001b[2K${this.#line(done).slice(0, this.#terminal.columns - 1)}`);
      return;
    }
    const tenth = this.#total ? Math.floor((10 * done) / this.#total) : 0;
    if (tenth <= this.#tenth) return;
    this.#tenth = tenth;
    this.#terminal.err(`${this.#line(done)}\n`);
  }

  /** Removes it from the terminal. */
  end(): void {
    if (this.#isDrawn) this.#terminal.err("\r\u001b[2K");
    this.#isDrawn = false;
  }

  #line(done: number): string {
    if (!this.#total) return `${count(done)} ${this.#what}`;
    const filled = Math.round(BAR_COLUMNS * Math.min(1, done / this.#total));
    const bar = `${"█".repeat(filled)}${"░".repeat(BAR_COLUMNS - filled)}`;
    return `${bar} ${count(done)}/${count(this.#total)} ${this.#what}`;
  }
}
