/**
 * A record that is only counters, for tests of the Signal cache: what a session or sender key looks like to
 * it.
 */
import { CorruptError, WrongLengthError } from "../../../src/errors/mod.ts";
import type { LiveRecordCodec } from "../../../src/ratchet/live_record_codec.ts";
import { MAX_SKIPPED_MESSAGES } from "../../../src/ratchet/session_chain.ts";

/** One session, or one sender key. */
export interface CounterState {
  /** Names the session. */
  readonly start: string;
  /** Names the chain that it sends on. */
  readonly chain: string;
  /** Counter of its next message. */
  readonly next: number;
  /** The chain is closed. */
  readonly closed?: boolean;
}

/** Changes in place, as client libraries' records do. */
export class CounterRecord {
  current: CounterState | undefined;
  archive: CounterState[] = [];
  resumed: string | undefined;
  /** Something that is changed by receiving. */
  received = 0;
  /** What it does when it is stored. */
  fault: "none" | "throws" | "undecodable" = "none";
  /** Skipped message keys: dropped by `prune`. */
  litter = 0;

  static of(start: string, chain: string, next: number): CounterRecord {
    const record = new CounterRecord();
    record.current = { start, chain, next };
    return record;
  }

  copy(): CounterRecord {
    const copy = new CounterRecord();
    Object.assign(copy, this);
    copy.archive = [...this.archive];
    return copy;
  }

  /** Uses the key of the next message and says which it was. */
  send(count = 1): { chain: string; counter: number } {
    const { current } = this;
    if (current === undefined) throw new Error("send: no session");
    this.current = { ...current, next: current.next + count };
    return { chain: current.chain, counter: current.next + count - 1 };
  }

  /** A message of the peer, which has not moved on. */
  receive(): void {
    this.received += 1;
  }

  /** A message of the peer that moves the session to a new chain. */
  step(chain: string): void {
    if (this.current === undefined) throw new Error("step: no session");
    this.received += 1;
    this.current = { start: this.current.start, chain, next: 0 };
  }

  /** A new session. */
  begin(start: string, chain: string): void {
    if (this.current !== undefined) this.archive.unshift(this.current);
    this.current = { start, chain, next: 0 };
  }

  /** An archived session becomes the current one. */
  promote(index = 0): void {
    const [promoted] = this.archive.splice(index, 1);
    if (promoted === undefined) throw new Error("promote: no such session");
    if (this.current !== undefined) this.archive.unshift(this.current);
    this.current = promoted;
    this.resumed = promoted.chain;
  }

  /** The state of a chain, wherever it is. */
  state(chain: string): CounterState | undefined {
    return [this.current, ...this.archive].find((state) => state?.chain === chain);
  }
}

/** Where a toy record's states go when two records become one. */
function burned(state: CounterState, bound: number): CounterState {
  return { ...state, next: Math.max(state.next, bound) };
}

/** The codec of `CounterRecord`: JSON. */
export const counterCodec: LiveRecordCodec<CounterRecord> = {
  decode: (bytes) => {
    const text = new TextDecoder().decode(bytes);
    if (text.startsWith("short")) throw new WrongLengthError("decode toy record: a key is short");
    if (!text.startsWith("{")) throw new CorruptError("decode toy record: not one");
    const { current, archive, received } = JSON.parse(text);
    const record = new CounterRecord();
    record.current = current;
    record.archive = archive;
    record.received = received;
    return record;
  },
  encode: ({ current, archive, received, fault }) => {
    if (fault === "throws") throw new Error("encode toy record: told to throw");
    if (fault === "undecodable") return new TextEncoder().encode("garbage");
    if (current === undefined && archive.length === 0) return new Uint8Array(0);
    return new TextEncoder().encode(JSON.stringify({ current, archive, received }));
  },
  copy: (record) => record.copy(),
  sendingChain: ({ current, resumed }) =>
    current === undefined || current.closed === true
      ? undefined
      : { id: current.chain, next: current.next, isResumed: resumed === current.chain },
  fastForward: (record, chain, bound) => {
    const state = record.state(chain);
    if (state === undefined) throw new RangeError("fast-forward toy record: no such chain");
    if (bound - state.next > MAX_SKIPPED_MESSAGES) throw new RangeError("fast-forward toy record: too far");
    const burn = (state: CounterState): CounterState =>
      state.chain === chain ? burned(state, bound) : state;
    if (record.current !== undefined) record.current = burn(record.current);
    record.archive = record.archive.map(burn);
    if (record.resumed === chain) record.resumed = undefined;
  },
  close: (record) => {
    record.archive = record.archive.map((state) => ({ ...state, closed: true }));
    if (record.current === undefined) return;
    record.archive.unshift({ ...record.current, closed: true });
    record.current = undefined;
  },
  // `send` makes another object of the current state; `fastForward` does too.
  sendingMark: ({ current }) => current,
  closedChain: ({ current }) => (current?.closed === true ? current.chain : undefined),
  isNewStart: (before, after) => before.current?.start !== after.current?.start,
  absorb: (record, other, bound) => {
    const theirs = other.copy();
    const archive = theirs.archive.map((state) => burned(state, bound));
    const current = theirs.current === undefined ? undefined : burned(theirs.current, bound);
    if (record.current === undefined) {
      record.current = current;
      record.resumed = current?.chain;
      record.archive = [...record.archive, ...archive];
    } else record.archive = [...(current === undefined ? [] : [current]), ...record.archive, ...archive];
  },
  prune: (record) => {
    record.litter = 0;
  },
};

/** The same for sender keys: a new chain is always a new sender key. */
export const counterSenderKeyCodec: LiveRecordCodec<CounterRecord> = {
  ...counterCodec,
  isNewStart: () => true,
};

/** The stored form of a record. */
export function stored(record: CounterRecord): Uint8Array {
  return counterCodec.encode(record);
}
