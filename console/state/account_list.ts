import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { ConsoleEvents } from "../../src/console/model.ts";
import { isAborted } from "../api/failure.ts";
import type { StreamEvent } from "../api/read_events.ts";
import type { Row, Source } from "../api/source.ts";
import { type AskedTimes, HEALTH_ORDER, type HealthCounts } from "../words/health.ts";
import { ASK_ONE_BY_ONE_MS, Live } from "./live.ts";
import { Throttle } from "./throttle.ts";

/** How often the list is drawn anew while events arrive. */
const DRAW_MS = 400;

/** Accounts that are asked for their health at a time, where they are asked one by one. */
const INSPECTIONS = 6;

/** How far the list was read. */
export interface Reading {
  /** Whether all accounts were read once. */
  readonly isWhole: boolean;
  readonly read: number;
}

/** All accounts, kept up to date. */
export class AccountList {
  readonly live: Live;
  /** Grows with each change of the rows. */
  readonly version: Signal<number> = signal(0);
  readonly reading: Signal<Reading> = signal<Reading>({ isWhole: false, read: 0 });
  /** When the list was last known to be right, by the clock of this machine. */
  readonly asOfMs: Signal<number | undefined> = signal<number | undefined>(undefined);
  readonly counts: ReadonlySignal<HealthCounts>;
  /**
   * When the answers were given that the rows show, where accounts are asked one by one. They are not asked
   * again by themselves, so they may be old while the names are not.
   */
  readonly asked: ReadonlySignal<AskedTimes | undefined>;
  /** Grows when accounts came or went. */
  membership = 0;
  readonly #source: Source;
  #rows = new Map<string, Row>();
  /** Names that events have changed while the list is read. */
  #changed: Set<string> | undefined;
  readonly #inspected = new Set<string>();
  /** When an account answered last, by the clock of this machine. */
  readonly #answeredAtMs = new Map<string, number>();
  readonly #draw = new Throttle(() => {
    this.version.value += 1;
  }, DRAW_MS);

  constructor(source: Source) {
    this.#source = source;
    this.live = new Live({
      refresh: async (signal) => await this.#read(signal),
      onEvent: (event) => this.#apply(event),
      askMs: source.asksOneByOne ? ASK_ONE_BY_ONE_MS : undefined,
      watch: source.info.live
        ? async (reader, signal) => await source.watch(undefined, reader, signal)
        : undefined,
    });
    this.counts = computed(() => {
      this.version.value;
      const counts = Object.fromEntries(HEALTH_ORDER.map((health) => [health, 0])) as Record<
        keyof HealthCounts,
        number
      >;
      for (const { health } of this.#rows.values()) counts[health] += 1;
      return counts;
    });
    this.asked = computed(() => {
      this.version.value;
      let asked: AskedTimes | undefined;
      for (const [name, atMs] of this.#answeredAtMs) {
        if (!this.#rows.has(name)) continue;
        asked = {
          fromMs: Math.min(asked?.fromMs ?? atMs, atMs),
          toMs: Math.max(asked?.toMs ?? atMs, atMs),
        };
      }
      return asked;
    });
  }

  /** The rows now. */
  get rows(): ReadonlyMap<string, Row> {
    return this.#rows;
  }

  /** Asks for the health of accounts that was not asked yet, where they are asked one by one. */
  async inspect(names: readonly string[], signal: AbortSignal): Promise<void> {
    if (!this.#source.asksOneByOne) return;
    const waiting = names.filter((name) => !this.#inspected.has(name));
    const ask = async (): Promise<void> => {
      for (let name = waiting.shift(); name !== undefined && !signal.aborted; name = waiting.shift()) {
        const row = this.#rows.get(name);
        if (row === undefined) continue;
        this.#inspected.add(name);
        try {
          this.#rows.set(name, await this.#source.inspect(row, signal));
          this.#answeredAtMs.set(name, Date.now());
          this.#draw.call();
        } catch (error) {
          this.#inspected.delete(name);
          if (isAborted(error)) return;
          // What one account answers says nothing of the others.
        }
      }
    };
    await Promise.all(Array.from({ length: INSPECTIONS }, ask));
    // What was learnt puts the rows into another order.
    this.membership += 1;
    this.#draw.call();
  }

  /** Forgets what was asked, so that `inspect` asks again. */
  forgetInspections(): void {
    this.#inspected.clear();
  }

  async #read(signal: AbortSignal): Promise<void> {
    // At first rows are shown as they arrive. Later what is shown stays until all are there.
    const isFirst = !this.reading.value.isWhole;
    const rows = isFirst ? this.#rows : new Map<string, Row>();
    const changed = new Set<string>();
    this.#changed = changed;
    try {
      let after: string | undefined;
      do {
        const page = await this.#source.accounts(after, signal);
        for (const row of page.accounts) if (!changed.has(row.name)) rows.set(row.name, this.#kept(row));
        after = page.next;
        if (isFirst) this.#shown({ isWhole: false, read: rows.size });
      } while (after !== undefined);
    } finally {
      if (this.#changed === changed) this.#changed = undefined;
    }
    for (const name of changed) {
      const row = this.#rows.get(name);
      if (row === undefined) rows.delete(name);
      else rows.set(name, row);
    }
    if (rows.size !== this.#rows.size || isFirst) this.membership += 1;
    this.#rows = rows;
    this.#shown({ isWhole: true, read: rows.size });
  }

  /** What was asked of one account stays when the list is read again. */
  #kept(row: Row): Row {
    const known = this.#rows.get(row.name);
    return row.health === "unknown" && known !== undefined && known.health !== "deleting" ? known : row;
  }

  #shown(reading: Reading): void {
    this.reading.value = reading;
    this.membership += 1;
    if (reading.isWhole) this.asOfMs.value = Date.now();
    this.#draw.call();
  }

  #apply({ event, data }: StreamEvent): void {
    if (event === "accounts") {
      for (const row of data as ConsoleEvents["accounts"]) {
        if (!this.#rows.has(row.name)) this.membership += 1;
        this.#rows.set(row.name, row);
        this.#changed?.add(row.name);
      }
    } else if (event === "gone") {
      for (const name of data as ConsoleEvents["gone"]) {
        if (this.#rows.delete(name)) this.membership += 1;
        this.#changed?.add(name);
      }
    } else return;
    this.asOfMs.value = Date.now();
    this.#draw.call();
  }
}
