import { sameBytes } from "../bytes/mod.ts";
import type { RecordCodec } from "./record_codec.ts";
import type { SenderKeyRecord } from "./sender_key_record.ts";
import { senderKeyRecordCodec } from "./sender_key_record_codec.ts";
import type { SessionRecord } from "./session_record.ts";
import { sessionRecordCodec } from "./session_record_codec.ts";

/**
 * What the Signal cache has to know about the records of one of its stores: a `RecordCodec` whose records
 * send on one chain at most, and what happens to a record beside being read and written.
 *
 * `fastForward` is also called for a chain that the record sent on before the current one, if it still has
 * it.
 */
export interface LiveRecordCodec<T> extends RecordCodec<T> {
  /**
   * What tells quickly that nothing was sent: the same object as long as the record, and copies of it, send
   * on the same chain at the same counter, and another one as soon as they do not. `undefined` where there is
   * no such object.
   */
  sendingMark(record: T): object | undefined;

  /**
   * Names the chain that the current session would send on if it had not been closed; `undefined` where there
   * is none, and where the client cannot send on a closed chain. A record that sends on that chain again was
   * made by a client that did not look.
   */
  closedChain(record: T): string | undefined;

  /**
   * Whether what `after` sends on is a session or sender key of its own, and not the one that `before` sends
   * on, moved to a new chain. It is asked only when the chains differ.
   */
  isNewStart(before: T, after: T): boolean;

  /**
   * Takes in the states of the same peer's record under another address. What `record` sends on stays, and
   * the states of `other` join behind it. `other` is left as it is.
   *
   * - Sessions: the sending chains of `other` are burned up to `bound`.
   * - Sender keys: two states of one key become one, of our own key the one with the greater iteration. Of
   *   two own keys that of `record` stays and that of `other` is dropped: see `SenderKeyRecord.absorb`.
   */
  absorb(record: T, other: T, bound: number): void;

  /** Drops what must not pile up in memory. Called with each put, on the record that is taken over. */
  prune(record: T): void;
}

/** `SessionRecord` as the cached object. */
export const liveSessionCodec: LiveRecordCodec<SessionRecord> = {
  ...sessionRecordCodec,
  sendingMark: (record) => record.current?.senderChain,
  closedChain: (record) => {
    const chain = record.current?.senderChain;
    return chain?.isClosed === true ? chain.id : undefined;
  },
  isNewStart: (before, after) => !sameKey(before.current?.aliceBaseKey, after.current?.aliceBaseKey),
  absorb: (record, other, bound) => record.absorb(other, bound),
  prune: () => {},
};

/** `SenderKeyRecord` as the cached object. Skipped message keys of our own states are dropped. */
export const liveSenderKeyCodec: LiveRecordCodec<SenderKeyRecord> = {
  ...senderKeyRecordCodec,
  sendingMark: (record) => record.sendingState,
  closedChain: () => undefined,
  isNewStart: () => true,
  absorb: (record, other) => record.absorb(other),
  prune: (record) => record.pruneOwnMessageKeys(),
};

function sameKey(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && sameBytes(a, b));
}
