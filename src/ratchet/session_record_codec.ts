import type { RecordCodec } from "./record_codec.ts";
import { SessionRecord } from "./session_record.ts";

/** Codec for cached `SessionRecord`s. */
export const sessionRecordCodec: RecordCodec<SessionRecord> = {
  decode: (bytes) => SessionRecord.decode(bytes, { owned: true }),
  encode: (record, allocate) => record.encode(allocate),
  copy: (record) => record.copy(),
  sendingChain: (record) => {
    const chain = record.sendingChain;
    return chain === undefined ? undefined : { id: chain.id, next: chain.next, isResumed: record.isResumed };
  },
  fastForward: (record, chainId, bound) => record.fastForward(chainId, bound),
  close: (record) => record.close(),
};
