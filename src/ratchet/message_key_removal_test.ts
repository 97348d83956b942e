import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sessionRecordBytes } from "../../test/support/arbitraries/record_arbitraries.ts";
import { dose } from "../../test/support/dose.ts";
import {
  RecordStructureSchema,
  SenderKeyRecordStructureSchema,
  type SessionStructure,
} from "../../test/support/proto/holdfast/v1/signal_storage_pb.ts";
import { CorruptError } from "../errors/mod.ts";
import { withoutSenderMessageKeys, withoutSessionMessageKeys } from "./message_key_removal.ts";

const RECORDS = dose({ short: 60, long: 2_000 });

function clear(session: SessionStructure): void {
  const chains = [session.senderChain, ...session.receiverChains, ...(session.node?.moreChains ?? [])];
  for (const chain of chains) if (chain !== undefined) chain.messageKeys = [];
}

describe("withoutSessionMessageKeys", () => {
  test("removes every message key and nothing else, as the protobuf runtime does", () => {
    let changed = 0;
    fc.assert(
      fc.property(sessionRecordBytes(), (bytes) => {
        const record = fromBinary(RecordStructureSchema, bytes);
        const before = toBinary(RecordStructureSchema, record);
        for (const session of [record.currentSession, ...record.previousSessions, ...record.moreSessions]) {
          if (session !== undefined) clear(session);
        }
        const stripped = withoutSessionMessageKeys(before);
        const again = toBinary(RecordStructureSchema, fromBinary(RecordStructureSchema, stripped));
        expect(again).toEqual(toBinary(RecordStructureSchema, record));
        if (stripped === before) return;
        changed += 1;
        expect(withoutSessionMessageKeys(stripped)).toBe(stripped);
      }),
      { numRuns: RECORDS },
    );
    expect(changed).toBeGreaterThan(0);
  });

  test("refuses bytes that are no message", () => {
    expect(() => withoutSessionMessageKeys(new Uint8Array([0x0a, 0x05, 1]))).toThrow(CorruptError);
    expect(() => withoutSenderMessageKeys(new Uint8Array([0xff]))).toThrow(CorruptError);
  });
});

test("withoutSenderMessageKeys keeps chains and signing keys", () => {
  const state = {
    senderKeyId: 7,
    senderChainKey: { iteration: 3, seed: new Uint8Array(32).fill(1) },
    senderSigningKey: { public: new Uint8Array(33).fill(2) },
  };
  const key = { iteration: 1, seed: new Uint8Array(32).fill(3) };
  const encode = (...senderMessageKeys: (typeof key)[]): Uint8Array => {
    const states = [state, { ...state, senderKeyId: 8 }].map((one) => ({ ...one, senderMessageKeys }));
    const record = create(SenderKeyRecordStructureSchema, { senderKeyStates: states });
    return toBinary(SenderKeyRecordStructureSchema, record);
  };
  const stripped = withoutSenderMessageKeys(encode(key, { ...key, iteration: 2 }));
  expect(stripped).toEqual(encode());
  expect(withoutSenderMessageKeys(stripped)).toBe(stripped);
});
