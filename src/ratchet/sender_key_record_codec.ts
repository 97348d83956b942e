import type { RecordCodec } from "./record_codec.ts";
import { SenderKeyRecord } from "./sender_key_record.ts";

/** Codec for cached `SenderKeyRecord`s. `decode` drops skipped message keys of our own states. */
export const senderKeyRecordCodec: RecordCodec<SenderKeyRecord> = {
  decode: (bytes) => {
    const record = SenderKeyRecord.decode(bytes);
    record.pruneOwnMessageKeys();
    return record;
  },
  encode: (record, allocate) => record.encode(allocate),
  copy: (record) => record.copy(),
  sendingChain: (record) => {
    const state = record.sendingState;
    return state === undefined ? undefined : { id: state.id, next: state.next, isResumed: false };
  },
  fastForward: (record, chainId, bound) => record.fastForward(chainId, bound),
  close: (record) => record.close(),
};
