import { encodeUtf8 } from "../bytes/mod.ts";
import type { EventStream } from "./event_stream.ts";
import type { AccountRow, ConsoleEvents, FlushPoint, Happening, OpenState } from "./model.ts";

/** Rows that are read for one update. The others come with the next one. */
const MAX_ROWS = 250;

/** Bytes of one event of rows or of names: a part of what a stream holds for its reader. */
const MAX_EVENT_BYTES: number = 64 * 1_024;

/** Changes that wait for the next update of one stream. Older happenings are left out. */
const MAX_HAPPENINGS = 50;

/** What has changed of an account. */
export type Change =
  | { readonly kind: "row"; readonly account: string }
  | { readonly kind: "gone"; readonly account: string }
  | { readonly kind: "flush"; readonly account: string; readonly point: FlushPoint }
  | { readonly kind: "happening"; readonly account: string; readonly happening: Happening };

/** Where the updates read the present state. */
export interface LiveState {
  rows(names: readonly string[]): Promise<readonly AccountRow[]>;
  /** `null` for an account that is not open here. Asks no database. */
  open(name: string): OpenState | null;
  /** Names of accounts whose health has changed by itself since the last call, as one that is late. */
  changedByTime(): readonly string[];
}

interface Follower {
  readonly stream: EventStream;
  /** The one account that it follows; `undefined` for the list of all. */
  readonly account: string | undefined;
  flush: FlushPoint | undefined;
  happenings: Happening[];
  lastOpen: string | undefined;
}

/** Brings changes to the streams of the console: together, and each only in its last state. */
export class LiveUpdates {
  readonly #state: LiveState;
  readonly #followers = new Set<Follower>();
  readonly #changed = new Set<string>();
  readonly #gone = new Set<string>();

  constructor(state: LiveState) {
    this.#state = state;
  }

  /** Sends changes to a stream until it ends: call the result then. */
  follow(stream: EventStream, account: string | undefined): () => void {
    const follower: Follower = { stream, account, flush: undefined, happenings: [], lastOpen: undefined };
    this.#followers.add(follower);
    if (account !== undefined) this.#changed.add(account);
    return () => {
      this.#followers.delete(follower);
      if (this.#followers.size > 0) return;
      this.#changed.clear();
      this.#gone.clear();
    };
  }

  note(change: Change): void {
    if (this.#followers.size === 0) return;
    const { account } = change;
    if (change.kind === "gone") {
      this.#changed.delete(account);
      this.#gone.add(account);
    } else {
      this.#gone.delete(account);
      this.#changed.add(account);
    }
    for (const follower of this.#followers) {
      if (follower.account !== account) continue;
      if (change.kind === "flush") follower.flush = joined(follower.flush, change.point);
      else if (change.kind === "happening")
        follower.happenings = [...follower.happenings, change.happening].slice(-MAX_HAPPENINGS);
    }
  }

  /** Sends what has changed since the last call. A failure leaves the changes for the next one. */
  async send(): Promise<void> {
    if (this.#followers.size === 0) return;
    for (const name of this.#state.changedByTime()) this.#changed.add(name);
    const names = [...this.#changed].slice(0, MAX_ROWS);
    // Before the reads: what changes during them is read again by the next update.
    for (const name of names) this.#changed.delete(name);
    const rows = await this.#rows(names);
    if (this.#followers.size === 0) return;
    const left = new Set(names);
    for (const { name } of rows) left.delete(name);
    for (const name of left) if (!this.#changed.has(name)) this.#gone.add(name);
    const accounts = fitting(rows);
    for (const { name } of rows.slice(accounts.length)) this.#readAgain(name);
    const gone = fitting([...this.#gone].slice(0, MAX_ROWS));
    for (const name of gone) this.#gone.delete(name);
    const events: Pick<ConsoleEvents, "accounts" | "gone"> = { accounts, gone };
    for (const follower of this.#followers) this.#sendTo(follower, events);
  }

  async #rows(names: readonly string[]): Promise<readonly AccountRow[]> {
    if (names.length === 0) return [];
    try {
      return await this.#state.rows(names);
    } catch (error) {
      for (const name of names) this.#readAgain(name);
      throw error;
    }
  }

  #readAgain(name: string): void {
    if (this.#followers.size > 0 && !this.#gone.has(name)) this.#changed.add(name);
  }

  #sendTo(follower: Follower, events: Pick<ConsoleEvents, "accounts" | "gone">): void {
    const { account, stream, flush, happenings } = follower;
    const isMeant = (name: string): boolean => account === undefined || name === account;
    const accounts = events.accounts.filter(({ name }) => isMeant(name));
    const gone = events.gone.filter(isMeant);
    if (accounts.length > 0) stream.send("accounts", accounts);
    if (gone.length > 0) stream.send("gone", gone);
    if (account === undefined) return;
    const open = this.#state.open(account);
    const text = JSON.stringify(open);
    if (text !== follower.lastOpen) stream.send("open", open);
    follower.lastOpen = text;
    if (flush !== undefined) stream.send("flush", flush);
    for (const happening of happenings) stream.send("happening", happening);
    follower.flush = undefined;
    follower.happenings = [];
  }
}

/** The first ones, up to the bytes of an event, and at least one. */
function fitting<T>(items: readonly T[]): readonly T[] {
  let bytes = 0;
  const end = items.findIndex((item, index) => {
    bytes += encodeUtf8(JSON.stringify(item)).length + 1;
    return index > 0 && bytes > MAX_EVENT_BYTES;
  });
  return end < 0 ? items : items.slice(0, end);
}

/** Two points of the same update as one: the sum of what was saved, and the time of the slower one. */
function joined(before: FlushPoint | undefined, point: FlushPoint): FlushPoint {
  if (before === undefined) return point;
  return {
    atMs: point.atMs,
    tookMs: Math.max(before.tookMs, point.tookMs),
    items: before.items + point.items,
    rows: before.rows + point.rows,
  };
}
