import { type Signal, signal } from "@preact/signals";
import type { AccountRow, ConsoleEvents } from "../../src/console/model.ts";
import { Failure } from "../api/failure.ts";
import type { StreamEvent } from "../api/read_events.ts";
import type { Detail, Source } from "../api/source.ts";
import { ASK_ONE_BY_ONE_MS, Live } from "./live.ts";
import { Throttle } from "./throttle.ts";

/** How often the page is drawn anew while events arrive. */
const DRAW_MS = 400;

/** Points of the flush history and events of the time line that are kept. */
const MAX_HISTORY = 500;

/** How soon after an event that changes rows they are read again, and at least how often. */
const READ_AGAIN_MS = 1_500;
const READ_EVERY_MS = 60_000;

/** Events after which only the database knows what there is. */
const CHANGES_ROWS: ReadonlySet<string> = new Set([
  "opened",
  "closed",
  "quarantined",
  "restored",
  "backup",
  "backupFailed",
  "retired",
  "undone",
  "action",
]);

/** One account, kept up to date. */
export class AccountView {
  readonly name: string;
  readonly live: Live;
  readonly detail: Signal<Detail | undefined> = signal<Detail | undefined>(undefined);
  /** Whether there is no such account. */
  readonly isAbsent: Signal<boolean> = signal(false);
  readonly asOfMs: Signal<number | undefined> = signal<number | undefined>(undefined);
  readonly #source: Source;
  #next: Detail | undefined;
  #readAgain: ReturnType<typeof setTimeout> | undefined;
  readonly #readEvery: ReturnType<typeof setInterval> | undefined;
  readonly #closing = new AbortController();
  readonly #draw = new Throttle(() => {
    this.detail.value = this.#next;
  }, DRAW_MS);

  constructor(source: Source, name: string) {
    this.name = name;
    this.#source = source;
    this.live = new Live({
      refresh: async (signal) => await this.#read(signal),
      onEvent: (event) => this.#apply(event),
      askMs: source.asksOneByOne ? ASK_ONE_BY_ONE_MS : undefined,
      watch: source.info.live
        ? async (reader, signal) => await source.watch(name, reader, signal)
        : undefined,
    });
    if (source.info.live) this.#readEvery = setInterval(() => this.readSoon(0), READ_EVERY_MS);
  }

  /** Reads the account again, once for all that asks for it in a moment. */
  readSoon(afterMs: number = READ_AGAIN_MS): void {
    if (this.live.state.peek().kind === "paused") return;
    this.#readAgain ??= setTimeout(() => {
      this.#readAgain = undefined;
      // The stream tells when the connection is gone.
      this.#read(this.#closing.signal).catch(() => {});
    }, afterMs);
  }

  close(): void {
    this.#closing.abort();
    this.live.close();
    clearTimeout(this.#readAgain);
    clearInterval(this.#readEvery);
    this.#draw.stop();
  }

  async #read(signal: AbortSignal): Promise<void> {
    try {
      this.#next = await this.#source.account(this.name, signal);
      this.isAbsent.value = false;
      this.#drawSoon();
    } catch (error) {
      if (!(error instanceof Failure) || error.kind !== "absent") throw error;
      this.isAbsent.value = true;
    }
  }

  #drawSoon(): void {
    this.asOfMs.value = Date.now();
    this.#draw.call();
  }

  #apply({ event, data }: StreamEvent): void {
    const known = this.#next;
    if (known === undefined) return;
    switch (event as keyof ConsoleEvents) {
      case "accounts": {
        const row = (data as readonly AccountRow[]).find(({ name }) => name === this.name);
        if (row === undefined) return;
        this.#next = { ...known, reason: undefined, oldestDirtyAtMs: undefined, limits: undefined, ...row };
        break;
      }
      case "gone":
        if ((data as readonly string[]).includes(this.name)) this.readSoon(0);
        return;
      case "open":
        this.#next = { ...known, open: (data as ConsoleEvents["open"]) ?? undefined };
        break;
      case "flush":
        this.#next = { ...known, flushes: appended(known.flushes, data as ConsoleEvents["flush"]) };
        break;
      case "happening": {
        const happening = data as ConsoleEvents["happening"];
        this.#next = { ...known, timeline: appended(known.timeline, happening) };
        if (CHANGES_ROWS.has(happening.kind)) this.readSoon();
        break;
      }
      default:
        return;
    }
    this.#drawSoon();
  }
}

function appended<T>(history: readonly T[], newest: T): readonly T[] {
  return [...history.slice(1 - MAX_HISTORY), newest];
}
