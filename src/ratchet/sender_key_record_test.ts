import { createRequire } from "node:module";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { senderKeyRecordBytes } from "../../test/support/arbitraries/record_arbitraries.ts";
import {
  type SenderKeyRecordStructure,
  SenderKeyRecordStructureSchema,
} from "../../test/support/proto/holdfast/v1/signal_storage_pb.ts";
import { sameBytes } from "../bytes/mod.ts";
import { CorruptError, StoreError, WrongLengthError } from "../errors/mod.ts";
import { decodeSenderKeyRecord } from "../records/mod.ts";
import { SenderKeyRecord } from "./sender_key_record.ts";
import { senderKeyRecordCodec } from "./sender_key_record_codec.ts";
import { SenderKeyState } from "./sender_key_state.ts";

function publicKey(name: number): Uint8Array {
  return new Uint8Array(33).fill(name).fill(5, 0, 1);
}

function state(keyId: number, own = false, iteration = 0): SenderKeyState {
  return SenderKeyState.create({
    keyId,
    iteration,
    seed: new Uint8Array(32).fill(keyId),
    signingPublic: publicKey(keyId),
    signingPrivate: own ? new Uint8Array(32).fill(keyId) : undefined,
  });
}

function recordOf(...states: SenderKeyState[]): SenderKeyRecord {
  const record = new SenderKeyRecord();
  for (const one of states) record.putState(one);
  return record;
}

function keyIds(record: SenderKeyRecord): number[] {
  return SenderKeyRecord.decode(record.encode()).states.map(({ keyId }) => keyId);
}

/** Encodes the record with every state rebuilt from its parts, so that no encoded state is copied. */
function writtenAnew(record: SenderKeyRecord): Uint8Array {
  const copy = record.copy();
  for (const { parts } of record.states) copy.putState(new SenderKeyState({ ...parts, encoded: undefined }));
  return copy.encode();
}

function uniqueIds(record: SenderKeyRecord): boolean {
  return new Set(record.states.map(({ id }) => id)).size === record.states.length;
}

/**
 * The runtime's decoded record, after `decodeSenderKeyRecord` has accepted the bytes: the runtime alone
 * ignores some damage.
 */
function readByOracle(bytes: Uint8Array): SenderKeyRecordStructure {
  decodeSenderKeyRecord(bytes);
  return fromBinary(SenderKeyRecordStructureSchema, bytes);
}

describe("SenderKeyRecord codec against the protobuf runtime", () => {
  test("reads the oracle's records and writes the same bytes", () => {
    fc.assert(
      fc.property(senderKeyRecordBytes(), (bytes) => {
        const record = SenderKeyRecord.decode(bytes);
        const oracle = readByOracle(bytes);
        expect(sameBytes(record.encode(), bytes)).toBe(true);
        if (uniqueIds(record)) expect(sameBytes(writtenAnew(record), bytes)).toBe(true);
        expect(record.states.length).toBe(oracle.senderKeyStates.length);
        for (const [i, theirs] of oracle.senderKeyStates.entries()) {
          const ours = record.states[i] as SenderKeyState;
          expect(ours.keyId).toBe(theirs.senderKeyId);
          expect(ours.next).toBe(theirs.senderChainKey?.iteration);
          expect(ours.seed).toEqual(theirs.senderChainKey?.seed);
          expect(ours.signingPublic.subarray(-32)).toEqual(theirs.senderSigningKey?.public.subarray(-32));
          expect(ours.isOwn).toBe(theirs.senderSigningKey?.private.length === 32);
          expect(ours.messageKeyCount).toBe(theirs.senderMessageKeys.length);
          for (const { iteration } of theirs.senderMessageKeys) {
            const first = theirs.senderMessageKeys.find((key) => key.iteration === iteration);
            expect(ours.messageKey(iteration)).toEqual(first?.seed);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test("rejects damaged bytes, or agrees on their meaning", () => {
    const outcomes = { refused: 0, read: 0 };
    const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }), fc.boolean()), {
      minLength: 30,
      maxLength: 30,
    });
    fc.assert(
      fc.property(senderKeyRecordBytes(), flips, (bytes, changes) => {
        for (const [at, value, cut] of changes) {
          const place = at % (bytes.length + 1);
          const damaged = cut
            ? bytes.slice(0, place)
            : bytes.map((byte, i) => (i === place ? byte ^ value : byte));
          outcomes[agreement(damaged)]++;
        }
      }),
      { numRuns: 50 },
    );
    expect(outcomes.refused).toBeGreaterThan(100);
    expect(outcomes.read).toBeGreaterThan(100);
  });
});

function agreement(bytes: Uint8Array): "refused" | "read" {
  const attempt = <T>(work: () => T): T | StoreError => {
    try {
      return work();
    } catch (error) {
      if (error instanceof StoreError) return error;
      throw error;
    }
  };
  const ours = attempt(() => SenderKeyRecord.decode(bytes));
  const theirs = attempt(() => readByOracle(bytes));
  if (ours instanceof StoreError) {
    if (!(theirs instanceof StoreError))
      expect(ours.message).toMatch(
        /too many|has two|out of range|of an unknown type|bytes, expected|illegal field number/,
      );
    return "refused";
  }
  if (theirs instanceof StoreError) {
    // Fields of other clients are kept unchanged.
    expect(theirs.message).toMatch(/field 10[01] has the wrong wire type/);
    return "read";
  }
  if (uniqueIds(ours)) {
    const reread = readByOracle(writtenAnew(ours));
    const same = (message: typeof theirs) => toBinary(SenderKeyRecordStructureSchema, message);
    expect(sameBytes(same(reread), same(theirs))).toBe(true);
  }
  return "read";
}

describe("SenderKeyRecord", () => {
  test("puts new states first, keeps known places, drops a sixth", () => {
    const record = recordOf(state(1), state(2), state(3));
    expect(keyIds(record)).toEqual([3, 2, 1]);
    record.putState(state(2).fastForward(4));
    expect(keyIds(record)).toEqual([3, 2, 1]);
    expect(record.state(2)?.next).toBe(4);
    for (let keyId = 4; keyId < 7; keyId++) record.putState(state(keyId));
    expect(keyIds(record)).toEqual([6, 5, 4, 3, 2]);
  });

  test("sends only with the newest state, if it is our own", () => {
    expect(senderKeyRecordCodec.sendingChain(recordOf(state(1, true), state(2)))).toBeUndefined();
    const own = recordOf(state(1, true), state(2, true, 6));
    const { id } = state(2, true);
    expect(senderKeyRecordCodec.sendingChain(own)).toEqual({ id, next: 6, isResumed: false });
    senderKeyRecordCodec.fastForward(own, id, 9);
    expect(own.sendingState?.next).toBe(9);
    senderKeyRecordCodec.fastForward(own, id, 3);
    expect(own.sendingState?.next).toBe(9);
    expect(() => senderKeyRecordCodec.fastForward(own, id, 2_010)).toThrow(RangeError);
    expect(() => senderKeyRecordCodec.fastForward(own, "no chain", 1)).toThrow(RangeError);
    expect(() => recordOf(state(1)).fastForward(state(1).id, 1)).toThrow(RangeError);
  });

  test("steps as Baileys' sender chain", async () => {
    const resolve = createRequire(import.meta.url).resolve;
    const path = resolve("baileys").replace(/index\.js$/, "Signal/Group/sender-chain-key.js");
    const { SenderChainKey } = await import(path);
    let theirs = new SenderChainKey(3, Buffer.from(state(1).seed));
    for (let i = 0; i < 5; i++) theirs = theirs.getNext();
    const ours = state(1, true, 3).fastForward(8);
    expect(ours.next).toBe(theirs.getIteration());
    expect(ours.seed).toEqual(new Uint8Array(theirs.getSeed()));
    expect(ours.messageSeed()).toEqual(new Uint8Array(theirs.getSenderMessageKey().getSeed()));
  });

  test("drops only our own states on close", () => {
    const record = recordOf(state(1, true), state(2), state(3, true));
    senderKeyRecordCodec.close(record);
    expect(keyIds(record)).toEqual([2]);
    expect(senderKeyRecordCodec.sendingChain(record)).toBeUndefined();
  });

  test("drops skipped keys of our own states only", () => {
    const keys = [1, 2, 3].map((iteration) => ({ iteration, seed: new Uint8Array(32).fill(iteration) }));
    const record = recordOf(
      state(1, true, 9).withMessageKeys(keys),
      state(2, false, 9).withMessageKeys(keys),
    );
    const read = senderKeyRecordCodec.decode(record.encode());
    expect(read.states.map((one) => one.messageKeyCount)).toEqual([3, 0]);
    expect(record.states.map((one) => one.messageKeyCount)).toEqual([3, 3]);
    const other = read.state(2) as SenderKeyState;
    expect(other.messageKey(2)).toEqual(new Uint8Array(32).fill(2));
    expect(other.withoutMessageKey(2).messageKey(2)).toBeUndefined();
    expect(other.withoutMessageKey(2).messageKeyCount).toBe(2);
    const many = Array.from({ length: 2_001 }, (_, iteration) => ({ iteration, seed: new Uint8Array(32) }));
    expect(state(1).withMessageKeys(many).messageKey(0)).toBeUndefined();
    expect(state(1).withMessageKeys(many).messageKeyCount).toBe(2_000);
  });
});
describe("SenderKeyRecord.absorb", () => {
  const skipped = (...iterations: number[]) =>
    iterations.map((iteration) => ({ iteration, seed: new Uint8Array(32).fill(iteration) }));

  test("puts this record's states first and keeps at most five", () => {
    const lid = recordOf(state(1), state(2));
    lid.absorb(recordOf(state(3), state(4), state(5), state(6)));
    expect(keyIds(lid)).toEqual([2, 1, 6, 5, 4]);
  });

  test("keeps the lower iteration and all skipped keys of a peer's key", () => {
    const lid = recordOf(state(7, false, 10).withMessageKeys(skipped(2, 4, 7)));
    const pn = recordOf(state(7, false, 5).withMessageKeys(skipped(1, 2)));
    for (const [record, other] of [
      [lid.copy(), pn],
      [pn.copy(), lid],
    ] as const) {
      record.absorb(other);
      const [merged, ...more] = record.states;
      expect([merged?.next, more.length]).toEqual([5, 0]);
      // The chain derives message 7.
      expect([1, 2, 4, 7].map((at) => merged?.messageKey(at)?.[0])).toEqual([1, 2, 4, undefined]);
      expect(merged?.seed).toEqual(state(7, false, 5).seed);
    }
    expect(pn.state(7)?.messageKeyCount).toBe(2);
  });

  test("skips a peer's key ahead where its receivers would not follow", () => {
    const start = state(7);
    const far = start.skipTo(1_900).withoutMessageKeys();
    const record = recordOf(far);
    record.absorb(recordOf(start));
    const [merged] = record.states;
    expect([merged?.next, merged?.messageKeyCount]).toEqual([900, 900]);
    expect(merged?.messageKey(500)).toEqual(start.fastForward(500).messageSeed());
    expect(merged?.fastForward(1_900).seed).toEqual(far.seed);
    const farther = far.skipTo(3_800).withoutMessageKeys();
    const other = recordOf(start.withMessageKeys(skipped(3)));
    other.absorb(recordOf(farther));
    expect([other.states[0]?.next, other.states[0]?.messageKey(3)?.[0]]).toEqual([3_800, 3]);
  });

  test("keeps the greater iteration of our own key", () => {
    for (const [mine, theirs] of [
      [4, 9],
      [9, 4],
    ] as const) {
      const record = recordOf(state(7, true, mine));
      record.absorb(recordOf(state(7, true, theirs)));
      expect(record.states.map(({ next }) => next)).toEqual([9]);
    }
  });

  test("keeps this record's own key of two", () => {
    const record = recordOf(state(1, true, 3));
    record.absorb(recordOf(state(8), state(2, true, 9)));
    expect(keyIds(record)).toEqual([1, 8]);
    expect(record.sendingState?.next).toBe(3);
  });

  test("sends with the own key that only the other record has", () => {
    const record = recordOf(state(1));
    record.absorb(recordOf(state(2), state(3, true, 6)));
    expect(keyIds(record)).toEqual([3, 1, 2]);
    expect(record.sendingState?.next).toBe(6);
  });

  test("keeps both of two keys with one id and different signing keys", () => {
    const other = new SenderKeyState({ ...state(1).parts, signingPublic: publicKey(9), encoded: undefined });
    const record = recordOf(state(1));
    record.absorb(recordOf(other));
    expect(record.states.map(({ id }) => id)).toEqual([state(1).id, other.id]);
  });
});

describe("SenderKeyRecord.copy and decode", () => {
  test("share no mutable memory between copies and callers", () => {
    const seed = new Uint8Array(32).fill(1);
    const record = recordOf(SenderKeyState.create({ keyId: 1, seed, signingPublic: publicKey(1) }));
    seed.fill(9);
    expect(record.state(1)?.seed[0]).toBe(1);
    const bytes = record.encode();
    const kept = bytes.slice();
    const read = SenderKeyRecord.decode(Buffer.from(bytes.buffer));
    bytes.fill(0xff);
    const copy = read.copy();
    copy.putState(state(2));
    expect(read.encode()).toEqual(kept);
    read.putState(state(3));
    expect(keyIds(copy)).toEqual([2, 1]);
  });

  test.each<[string, Partial<Record<"seed" | "signingPublic" | "signingPrivate", Uint8Array>>]>([
    ["a short seed", { seed: new Uint8Array(31) }],
    ["an empty seed", { seed: new Uint8Array(0) }],
    ["a long signing key", { signingPublic: new Uint8Array(34) }],
    ["a short private signing key", { signingPrivate: new Uint8Array(31) }],
  ])("reject %s", (_, part) => {
    const broken = new SenderKeyState({ ...state(1).parts, ...part });
    expect(() => SenderKeyRecord.decode(recordOf(broken).encode())).toThrow(WrongLengthError);
  });

  test("reject a sixth state, 2,001 message keys and other key types", () => {
    const one = recordOf(state(1)).encode();
    const six = new Uint8Array(Buffer.concat(new Array(6).fill(one)));
    expect(() => SenderKeyRecord.decode(six)).toThrow(CorruptError);
    expect(SenderKeyRecord.decode(six.subarray(one.length)).states.length).toBe(5);
    const { parts } = state(1).withMessageKeys([{ iteration: 1, seed: new Uint8Array(32) }]);
    const full = (count: number) =>
      recordOf(
        new SenderKeyState({ ...parts, messageKeys: new Array(count).fill(parts.messageKeys[0]) }),
      ).encode();
    expect(SenderKeyRecord.decode(full(2_000)).states[0]?.messageKeyCount).toBe(2_000);
    expect(() => SenderKeyRecord.decode(full(2_001))).toThrow(CorruptError);
    const otherType = new SenderKeyState({ ...parts, signingPublic: new Uint8Array(33) });
    expect(() => SenderKeyRecord.decode(recordOf(otherType).encode())).toThrow(CorruptError);
    expect(() => SenderKeyRecord.decode("text" as unknown as Uint8Array)).toThrow(TypeError);
  });
});
