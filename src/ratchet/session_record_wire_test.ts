/**
 * Compares the hand-written codec of session records with an oracle: the protobuf runtime and its generated
 * code.
 */

import { fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesOf, publicKey, sessionRecordBytes } from "../../test/support/arbitraries/record_arbitraries.ts";
import { dose } from "../../test/support/dose.ts";
import {
  type RecordStructure,
  RecordStructureSchema,
  type SessionStructure,
  type SessionStructure_Chain,
  SessionStructureSchema,
} from "../../test/support/proto/holdfast/v1/signal_storage_pb.ts";
import { sameBytes } from "../bytes/mod.ts";
import { CorruptError, StoreError, WrongLengthError } from "../errors/mod.ts";
import { delimitedSize, WireWriter } from "../protobuf/mod.ts";
import { decodeSessionRecord } from "../records/mod.ts";
import { encodeSession } from "./_session_codec.ts";
import { SessionChain } from "./session_chain.ts";
import { SessionRecord } from "./session_record.ts";
import { SessionState } from "./session_state.ts";

/** Records that are damaged, in 30 ways each. */
const DAMAGED_RECORDS = dose({ short: 15, long: 50 });

/** Records that are cut at each length. */
const CUT_RECORDS = dose({ short: 2, long: 4 });

/** `toEqual` is slow for byte arrays. */
function expectBytes(actual: Uint8Array | undefined, expected: Uint8Array | undefined): void {
  if (actual === undefined || expected === undefined || !sameBytes(actual, expected)) {
    expect(actual).toEqual(expected);
  }
}

/** Encodes a session with every chain rebuilt from its parts, so that no encoded chain is copied. */
function sessionWrittenAnew(session: SessionState): Uint8Array {
  const again = (chain: SessionChain) => new SessionChain({ ...chain.parts, encoded: undefined });
  const { senderChain, receiverChains, ...parts } = session.parts;
  return encodeSession({
    ...parts,
    senderChain: senderChain === undefined ? undefined : again(senderChain),
    receiverChains: receiverChains.map(again),
  });
}

/** Encodes the record with every chain of the current session rebuilt. */
function writtenAnew(record: SessionRecord): Uint8Array {
  if (record.current === undefined) return record.encode();
  const fields = (session: Uint8Array): Uint8Array => {
    const writer = new WireWriter(delimitedSize(session.length));
    writer.bytesField(0x0a, session);
    return writer.bytes;
  };
  const copied = fields(encodeSession(record.current.parts));
  const anew = fields(sessionWrittenAnew(record.current));
  return Uint8Array.of(...anew, ...record.encode().subarray(copied.length));
}

/**
 * The runtime's decoded record, after `decodeSessionRecord` has accepted the bytes: the runtime alone ignores
 * some damage.
 */
function readByOracle(bytes: Uint8Array): RecordStructure {
  decodeSessionRecord(bytes);
  return fromBinary(RecordStructureSchema, bytes);
}

function keyBytes(key: Uint8Array | undefined): Uint8Array {
  return key ?? new Uint8Array(0);
}

function expectSameChain(ours: SessionChain | undefined, theirs: SessionStructure_Chain | undefined): void {
  expect(ours === undefined).toBe(theirs === undefined);
  if (ours === undefined || theirs === undefined) return;
  expectBytes(ours.ratchetKey, theirs.senderRatchetKey);
  expectBytes(keyBytes(ours.ratchetKeyPrivate), theirs.senderRatchetKeyPrivate);
  expect(ours.next).toBe(theirs.chainKey?.index ?? 0);
  expect(keyBytes(ours.chainKey)).toEqual(
    theirs.chainKey?.closed ? new Uint8Array(0) : keyBytes(theirs.chainKey?.key),
  );
  expect(ours.messageKeyCount).toBe(theirs.messageKeys.length);
  for (const key of theirs.messageKeys) {
    // The first of two keys with one index counts.
    const first = theirs.messageKeys.find(({ index }) => index === key.index);
    const { cipherKey, macKey, iv, seed } = ours.messageKey(key.index) ?? {};
    expectBytes(keyBytes(cipherKey), first?.cipherKey);
    expectBytes(keyBytes(macKey), first?.macKey);
    expectBytes(keyBytes(iv), first?.iv);
    expectBytes(keyBytes(seed), first?.seed);
  }
}

function expectSameSession(ours: SessionState, theirs: SessionStructure): void {
  expect(ours.sessionVersion ?? 0).toBe(theirs.sessionVersion);
  expectBytes(keyBytes(ours.localIdentityPublic), theirs.localIdentityPublic);
  expectBytes(keyBytes(ours.remoteIdentityPublic), theirs.remoteIdentityPublic);
  expectBytes(keyBytes(ours.rootKey), theirs.rootKey);
  expect(ours.previousCounter).toBe(theirs.previousCounter);
  expectSameChain(ours.senderChain, theirs.senderChain);
  expect(ours.receiverChains.length).toBe(theirs.receiverChains.length);
  for (const [i, chain] of ours.receiverChains.entries()) expectSameChain(chain, theirs.receiverChains[i]);
  expect(ours.pendingPreKey === undefined).toBe(theirs.pendingPreKey === undefined);
  expect(ours.pendingPreKey?.preKeyId ?? 0).toBe(theirs.pendingPreKey?.preKeyId ?? 0);
  expect(ours.pendingPreKey?.signedPreKeyId).toBe(theirs.pendingPreKey?.signedPreKeyId);
  expect(ours.pendingPreKey?.baseKey).toEqual(theirs.pendingPreKey?.baseKey);
  expect(ours.remoteRegistrationId ?? 0).toBe(theirs.remoteRegistrationId);
  expect(ours.localRegistrationId ?? 0).toBe(theirs.localRegistrationId);
  expect(ours.needsRefresh).toBe(theirs.needsRefresh);
  expectBytes(keyBytes(ours.aliceBaseKey), theirs.aliceBaseKey);
}

describe("SessionRecord codec against the protobuf runtime", () => {
  test("reads the oracle's records and writes the same bytes", () => {
    fc.assert(
      fc.property(sessionRecordBytes(), (bytes) => {
        const record = SessionRecord.decode(bytes);
        const oracle = readByOracle(bytes);
        expect(record.current === undefined).toBe(oracle.currentSession === undefined);
        if (record.current && oracle.currentSession) expectSameSession(record.current, oracle.currentSession);
        expect(record.archivedCount).toBe(oracle.previousSessions.length);
        for (const [i, archived] of oracle.previousSessions.entries()) {
          expectSameSession(record.archived(i), archived);
          expectBytes(sessionWrittenAnew(record.archived(i)), toBinary(SessionStructureSchema, archived));
        }
        expectBytes(record.encode(), bytes);
        expectBytes(record.copy().encode(), bytes);
        expectBytes(writtenAnew(record), bytes);
        expectBytes(SessionRecord.decode(bytes, { owned: true }).encode(), bytes);
      }),
      { numRuns: 60 },
    );
  });

  test("writes records that the oracle reads", () => {
    const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
    const messageKey = fc.record(
      { index: uint32, cipherKey: bytesOf(32), macKey: bytesOf(32), iv: bytesOf(16), seed: bytesOf(32) },
      { requiredKeys: ["index"], noNullPrototype: true },
    );
    const chain = fc
      .record({
        ratchetKey: publicKey(),
        ratchetKeyPrivate: bytesOf(32),
        chainKey: bytesOf(32),
        index: uint32,
      })
      .chain((init) =>
        fc.array(messageKey, { maxLength: 5 }).map((keys) => SessionChain.create(init).withMessageKeys(keys)),
      );
    const session = fc
      .record({
        sessionVersion: uint32,
        localIdentityPublic: publicKey(),
        remoteIdentityPublic: publicKey(),
        rootKey: bytesOf(32),
        previousCounter: uint32,
        senderChain: fc.option(chain, { nil: undefined }),
        receiverChains: fc.array(chain, { maxLength: 6 }),
        pendingPreKey: fc.option(
          fc.record({
            preKeyId: fc.option(uint32, { nil: undefined }),
            signedPreKeyId: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
            baseKey: publicKey(),
          }),
          { nil: undefined },
        ),
        remoteRegistrationId: uint32,
        localRegistrationId: uint32,
        needsRefresh: fc.boolean(),
        aliceBaseKey: publicKey(),
      })
      .map(({ receiverChains, ...fields }) => {
        const state = Object.assign(new SessionState(), fields);
        for (const receiver of receiverChains) state.putReceiverChain(receiver);
        return state;
      });
    fc.assert(
      fc.property(fc.array(session, { minLength: 1, maxLength: 4 }), (sessions) => {
        const record = new SessionRecord();
        for (const state of sessions) record.startSession(state);
        const oracle = readByOracle(record.encode());
        const [current, ...archived] = [...sessions].reverse() as [SessionState, ...SessionState[]];
        expectSameSession(current, oracle.currentSession as SessionStructure);
        expect(oracle.previousSessions.length).toBe(archived.length);
        for (const [i, state] of archived.entries())
          expectSameSession(state, oracle.previousSessions[i] as SessionStructure);
        expectBytes(toBinary(RecordStructureSchema, oracle), record.encode());
      }),
      { numRuns: 25 },
    );
  });

  /** Decodes everything, including archived sessions. */
  function decodeWhole(bytes: Uint8Array): SessionRecord {
    const record = SessionRecord.decode(bytes);
    for (let i = 0; i < record.archivedCount; i++) record.archived(i);
    return record;
  }

  function attempt<T>(work: () => T): T | StoreError {
    try {
      return work();
    } catch (error) {
      if (error instanceof StoreError) return error;
      throw error;
    }
  }

  /**
   * Checks that the oracle does not make: limits, a repeated single message, required keys, and a key of an
   * invalid length before another one in the same field.
   */
  const STRICTER =
    /too many|two |out of range|of an unknown type|is missing|bytes, expected|has two|illegal field number/;

  /**
   * @returns The result of our codec, which must not accept bytes that the oracle rejects, except in parts
   * that it does not decode.
   */
  function expectAgreement(bytes: Uint8Array): "refused" | "read" {
    const ours = attempt(() => decodeWhole(bytes));
    const theirs = attempt(() => readByOracle(bytes));
    if (ours instanceof StoreError) {
      expect(ours).toSatisfy((error) => error instanceof CorruptError || error instanceof WrongLengthError);
      if (!(theirs instanceof StoreError)) expect(ours.message).toMatch(STRICTER);
      return "refused";
    }
    // The oracle decodes parts that our codec passes through; all other parts must be well-formed.
    if (!(theirs instanceof StoreError)) {
      const reread = fromBinary(RecordStructureSchema, writtenAnew(ours));
      expectBytes(toBinary(RecordStructureSchema, reread), toBinary(RecordStructureSchema, theirs));
    }
    return "read";
  }

  test("rejects damaged bytes, or agrees on their meaning", () => {
    const outcomes = { refused: 0, read: 0 };
    const damage = fc.record({
      at: fc.nat(),
      change: fc.oneof(
        fc.record({ kind: fc.constant("flip" as const), value: fc.integer({ min: 1, max: 255 }) }),
        fc.record({ kind: fc.constant("cut" as const), value: fc.integer({ min: 1, max: 8 }) }),
        fc.record({ kind: fc.constant("insert" as const), value: fc.integer({ min: 0, max: 255 }) }),
      ),
    });
    const damages = fc.array(damage, { minLength: 1, maxLength: 2 });
    fc.assert(
      fc.property(
        sessionRecordBytes(2),
        fc.array(damages, { minLength: 30, maxLength: 30 }),
        (bytes, trials) => {
          for (const trial of trials) {
            const damaged = [...bytes];
            for (const { at, change } of trial) {
              const place = damaged.length === 0 ? 0 : at % damaged.length;
              if (change.kind === "flip") damaged[place] = (damaged[place] ?? 0) ^ change.value;
              else if (change.kind === "cut") damaged.splice(place, change.value);
              else damaged.splice(place, 0, change.value);
            }
            outcomes[expectAgreement(Uint8Array.from(damaged))]++;
          }
        },
      ),
      { numRuns: DAMAGED_RECORDS },
    );
    // Both outcomes must be frequent.
    expect(outcomes.refused).toBeGreaterThan(3 * DAMAGED_RECORDS);
    expect(outcomes.read).toBeGreaterThan(3 * DAMAGED_RECORDS);
  });

  test("rejects bytes that end inside a field", () => {
    let refused = 0;
    fc.assert(
      fc.property(sessionRecordBytes(1), (bytes) => {
        for (let length = 0; length < bytes.length; length++) {
          const cut = bytes.subarray(0, length);
          // A cut inside parts that are not decoded is found by the lengths around it.
          if (attempt(() => readByOracle(cut)) instanceof StoreError) {
            expect(expectAgreement(cut)).toBe("refused");
            refused += 1;
          } else expectAgreement(cut);
        }
      }),
      { numRuns: CUT_RECORDS },
    );
    expect(refused).toBeGreaterThan(25 * CUT_RECORDS);
  });

  test("rejects arbitrary bytes, or agrees on their meaning", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => void expectAgreement(bytes)),
      { numRuns: dose({ short: 1_000, long: 3_000 }) },
    );
  });
});
