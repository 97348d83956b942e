/** Compares the storage messages with an independent implementation: the protobuf.js code of Baileys. */
import { proto } from "baileys";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decodeAdvKeyIndexList,
  decodeAdvSignedDeviceIdentity,
  encodeAdvKeyIndexList,
  encodeAdvSignedDeviceIdentity,
} from "./adv.ts";
import { decodePreKey, decodeSignedPreKey, encodePreKey, encodeSignedPreKey } from "./pre_key.ts";
import { decodeSenderKeyRecord, encodeSenderKeyRecord } from "./sender_key_record.ts";
import { decodeSessionRecord, encodeSessionRecord } from "./session_record.ts";
import {
  decodeSyncKey,
  decodeSyncKeyFingerprint,
  encodeSyncKey,
  encodeSyncKeyFingerprint,
} from "./sync_key.ts";

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

const chain = fc.record({
  senderRatchetKey: bytes(33),
  senderRatchetKeyPrivate: bytes(32),
  chainKey: fc.record({ index: uint32, key: bytes(32) }),
  messageKeys: fc.array(
    fc.record({ index: uint32, cipherKey: bytes(32), macKey: bytes(32), iv: bytes(16) }),
    { maxLength: 3 },
  ),
});

const session = fc.record({
  sessionVersion: fc.constant(3),
  localIdentityPublic: bytes(33),
  remoteIdentityPublic: bytes(33),
  rootKey: bytes(32),
  previousCounter: uint32,
  senderChain: chain,
  receiverChains: fc.array(chain, { maxLength: 5 }),
  pendingKeyExchange: fc.record({
    sequence: uint32,
    localBaseKey: bytes(33),
    localIdentityKeyPrivate: bytes(32),
  }),
  pendingPreKey: fc.record({
    preKeyId: uint32,
    signedPreKeyId: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    baseKey: bytes(33),
  }),
  remoteRegistrationId: uint32,
  localRegistrationId: uint32,
  needsRefresh: fc.boolean(),
  aliceBaseKey: bytes(33),
});

const senderKeyState = fc.record({
  senderKeyId: uint32,
  senderChainKey: fc.record({ iteration: uint32, seed: bytes(32) }),
  senderSigningKey: fc.record({ public: bytes(32), private: bytes(32) }),
  senderMessageKeys: fc.array(fc.record({ iteration: uint32, seed: bytes(32) }), { maxLength: 3 }),
});

describe("record codecs against Baileys' protobuf code", () => {
  test("agree on session records", () => {
    fc.assert(
      fc.property(
        fc.record({ currentSession: session, previousSessions: fc.array(session, { maxLength: 2 }) }),
        (record) => {
          const theirs = new Uint8Array(proto.RecordStructure.encode(record).finish());
          const ours = encodeSessionRecord(decodeSessionRecord(theirs));
          const read = proto.RecordStructure.toObject(proto.RecordStructure.decode(ours), { arrays: true });
          expect(JSON.stringify(read)).toBe(
            JSON.stringify(
              proto.RecordStructure.toObject(proto.RecordStructure.decode(theirs), { arrays: true }),
            ),
          );
          expect(decodeSessionRecord(theirs).currentSession?.pendingPreKey?.signedPreKeyId).toBe(
            record.currentSession.pendingPreKey.signedPreKeyId,
          );
        },
      ),
      { numRuns: 30 },
    );
  });

  test("agree on sender key records", () => {
    fc.assert(
      fc.property(fc.array(senderKeyState, { maxLength: 5 }), (senderKeyStates) => {
        const theirs = new Uint8Array(proto.SenderKeyRecordStructure.encode({ senderKeyStates }).finish());
        const ours = encodeSenderKeyRecord(decodeSenderKeyRecord(theirs));
        expect(proto.SenderKeyRecordStructure.decode(ours).toJSON()).toEqual(
          proto.SenderKeyRecordStructure.decode(theirs).toJSON(),
        );
      }),
      { numRuns: 50 },
    );
  });

  test("agree on pre-keys", () => {
    const preKey = { id: 77, publicKey: new Uint8Array(32).fill(1), privateKey: new Uint8Array(32).fill(2) };
    const theirs = proto.PreKeyRecordStructure.decode(encodePreKey(preKey));
    expect(theirs.id).toBe(77);
    expect([...(theirs.publicKey ?? [])]).toEqual([5, ...preKey.publicKey]);
    expect(decodePreKey(proto.PreKeyRecordStructure.encode(theirs).finish())).toEqual(preKey);
    const raw = proto.PreKeyRecordStructure.encode(preKey).finish();
    expect(decodePreKey(raw)).toEqual(preKey);

    const signed = { ...preKey, signature: new Uint8Array(64).fill(3), timestamp: 1_700_000_000_123 };
    const theirSigned = proto.SignedPreKeyRecordStructure.decode(encodeSignedPreKey(signed));
    expect(Number(theirSigned.timestamp)).toBe(signed.timestamp);
    expect(decodeSignedPreKey(proto.SignedPreKeyRecordStructure.encode(theirSigned).finish())).toEqual(
      signed,
    );
  });

  test("agree on the proof of linking and the key index list", () => {
    const account = {
      details: Uint8Array.of(1, 2, 3),
      accountSignatureKey: new Uint8Array(32).fill(4),
      accountSignature: new Uint8Array(64).fill(5),
      deviceSignature: new Uint8Array(64).fill(6),
    };
    const theirs = proto.ADVSignedDeviceIdentity.decode(encodeAdvSignedDeviceIdentity(account));
    expect(decodeAdvSignedDeviceIdentity(proto.ADVSignedDeviceIdentity.encode(theirs).finish())).toEqual(
      account,
    );

    const list = {
      rawId: 9,
      timestamp: 1_700_000_000,
      currentIndex: 5,
      validIndexes: [0, 3, 300],
      isHosted: true,
    };
    const theirList = proto.ADVKeyIndexList.decode(encodeAdvKeyIndexList(list));
    expect(theirList.validIndexes).toEqual([0, 3, 300]);
    expect(theirList.accountType).toBe(proto.ADVEncryptionType.HOSTED);
    expect(decodeAdvKeyIndexList(proto.ADVKeyIndexList.encode(theirList).finish())).toEqual(list);
  });

  test("agree on app-state sync keys with their fingerprint", () => {
    const fingerprint = { rawId: 12, currentIndex: 0, deviceIndexes: [0, 1, 500] };
    const key = {
      keyData: new Uint8Array(32).fill(1),
      fingerprint: encodeSyncKeyFingerprint(fingerprint),
      timestamp: 1_700_000_000_000,
    };
    const theirs = proto.Message.AppStateSyncKeyData.decode(encodeSyncKey(key));
    expect(theirs.fingerprint?.deviceIndexes).toEqual([0, 1, 500]);
    const back = decodeSyncKey(proto.Message.AppStateSyncKeyData.encode(theirs).finish());
    expect(back).toEqual(key);
    expect(decodeSyncKeyFingerprint(back.fingerprint)).toEqual(fingerprint);
  });
});
