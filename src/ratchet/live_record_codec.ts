import { sameBytes } from "../bytes/mod.ts";
import { requireInstance } from "./_arguments.ts";
import type { RecordCodec } from "./record_codec.ts";
import { SenderKeyRecord } from "./sender_key_record.ts";
import { senderKeyRecordCodec } from "./sender_key_record_codec.ts";
import { SessionRecord } from "./session_record.ts";
import { sessionRecordCodec } from "./session_record_codec.ts";

/**
 * The operations of the Signal cache on the records of one store: a `RecordCodec` whose records send on at
 * most one chain, and further operations.
 *
 * `fastForward` is also called for a chain that the record sent on before the current one, if the record
 * still has it.
 */
export interface LiveRecordCodec<T> extends RecordCodec<T> {
  /**
   * A cheap check that nothing was sent: returns the same object while the record and its copies send on the
   * same chain at the same counter, and another one afterwards. `undefined` where there is no such object.
   */
  sendingMark(record: T): object | undefined;

  /**
   * Id of the closed sending chain of the current session; `undefined` when there is none, or when the client
   * cannot send on a closed chain. A record that sends on this chain again comes from a client that ignored
   * the closing.
   */
  closedChain(record: T): string | undefined;

  /**
   * Whether `after` sends with another session or sender key than `before`, instead of with the same one on a
   * new chain. Called only when the chains differ.
   */
  isNewStart(before: T, after: T): boolean;

  /**
   * Adds the states of the same peer's record under another address behind those of `record`, which keeps its
   * sending chain. `other` is not changed.
   *
   * - Sessions: the keys of `other`'s sending chains are burned up to `bound`.
   * - Sender keys: two states of one key are merged; for our own key the greater iteration stays. Of two
   *   different own keys that of `record` stays and that of `other` is dropped: see `SenderKeyRecord.absorb`.
   */
  absorb(record: T, other: T, bound: number): void;

  /** Drops data that must not accumulate in memory. Called for the record of each put. */
  prune(record: T): void;

  /**
   * Called first with the value of each put. A value that is no record could never be written.
   *
   * @throws {TypeError} When it is not a record of this codec.
   */
  requireRecord?(value: unknown): void;
}

/** Codec for cached `SessionRecord`s. */
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
  requireRecord: (value) => requireInstance("put session", "SessionRecord", SessionRecord, value),
};

/** Codec for cached `SenderKeyRecord`s. Drops skipped message keys of our own states. */
export const liveSenderKeyCodec: LiveRecordCodec<SenderKeyRecord> = {
  ...senderKeyRecordCodec,
  sendingMark: (record) => record.sendingState,
  closedChain: () => undefined,
  isNewStart: () => true,
  absorb: (record, other) => record.absorb(other),
  prune: (record) => record.pruneOwnMessageKeys(),
  requireRecord: (value) => requireInstance("put sender key", "SenderKeyRecord", SenderKeyRecord, value),
};

function sameKey(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && sameBytes(a, b));
}
