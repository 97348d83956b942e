import process from "node:process";

/** A progress line: updated in place on a terminal, else printed after every tenth of the work. */
export class ProgressLine {
  #shownTenth = 0;
  #open = false;

  /** Shows the progress, `done` of `total`, with details. */
  show(done: number, total: number, details: string): void {
    const tenth = Math.floor((10 * done) / total);
    const counts = `${formatCount(done)}/${formatCount(total)} messages`;
    const text = `  ${bar(done / total)} ${counts} · ${details}`;
    if (process.stdout.isTTY) {
      const width = process.stdout.columns || 80;
      const shown = width < text.length ? `  ${counts} · ${details}` : text;
      process.stdout.write(`\r\u001b[2K${shown.slice(0, width - 1)}`);
      this.#open = true;
    } else if (tenth > this.#shownTenth) {
      this.#shownTenth = tenth;
      process.stdout.write(`${text}\n`);
    }
  }

  /** Prints a separate line below the progress. */
  say(text: string): void {
    process.stdout.write(`${this.#open ? "\n" : ""}${text}\n`);
    this.#open = false;
  }
}

/** A count with thousands separated. */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** Bytes in a readable unit. */
export function formatBytes(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`;
  if (bytes < 1_048_576) return `${(bytes / 1_024).toFixed(1)} KiB`;
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}

function bar(fraction: number): string {
  const filled = Math.round(20 * Math.min(1, Math.max(0, fraction)));
  return `${"█".repeat(filled)}${"░".repeat(20 - filled)}`;
}
