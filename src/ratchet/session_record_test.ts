import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { RecordStructureSchema } from "../../test/support/proto/holdfast/v1/signal_storage_pb.ts";
import { sameBytes } from "../bytes/mod.ts";
import { CorruptError, WrongLengthError } from "../errors/mod.ts";
import { decodeSessionRecord } from "../records/mod.ts";
import { SessionChain } from "./session_chain.ts";
import { SessionRecord } from "./session_record.ts";
import { sessionRecordCodec } from "./session_record_codec.ts";
import { SessionState } from "./session_state.ts";

/** A public key identified by a number. */
function publicKey(name: number): Uint8Array {
  const key = new Uint8Array(33).fill(name & 0xff);
  key[0] = 5;
  key[1] = name >>> 8;
  return key;
}

function sendingChain(name: number, index = 0): SessionChain {
  const ratchetKey = publicKey(name);
  const chainKey = new Uint8Array(32).fill(name);
  return SessionChain.create({ ratchetKey, ratchetKeyPrivate: new Uint8Array(32), chainKey, index });
}

function receivingChain(name: number): SessionChain {
  return SessionChain.create({ ratchetKey: publicKey(name), chainKey: new Uint8Array(32) });
}

/** A session whose base key and sending chain are identified by a number. */
function session(name: number, index = 0): SessionState {
  const state = new SessionState();
  state.remoteIdentityPublic = publicKey(1);
  state.rootKey = new Uint8Array(32).fill(2);
  state.aliceBaseKey = publicKey(name);
  state.senderChain = sendingChain(name, index);
  return state;
}

/** Sessions identified by their numbers; the last one is current. */
function recordOf(...names: number[]): SessionRecord {
  const record = new SessionRecord();
  for (const name of names) record.startSession(session(name));
  return record;
}

/** Numbers of the archived sessions, newest first, after encoding and decoding. */
function archivedNames(record: SessionRecord): (number | undefined)[] {
  const stored = SessionRecord.decode(record.encode());
  return Array.from({ length: stored.archivedCount }, (_, i) => nameOf(stored.archived(i)));
}

function nameOf(state: SessionState | undefined): number | undefined {
  const key = state?.aliceBaseKey;
  return key === undefined ? undefined : (key[1] ?? 0) * 256 + (key[2] ?? 0);
}

describe("SessionRecord", () => {
  test("archives the previous session in front when one starts", () => {
    const record = recordOf(1, 2, 3);
    expect(nameOf(record.current)).toBe(3);
    expect(archivedNames(record)).toEqual([2, 1]);
    record.archiveCurrent();
    expect(record.current).toBeUndefined();
    expect(archivedNames(record)).toEqual([3, 2, 1]);
    record.archiveCurrent();
    expect(archivedNames(record)).toEqual([3, 2, 1]);
  });

  test("keeps the 40 newest archived sessions", () => {
    const names = Array.from({ length: 50 }, (_, i) => i + 1);
    const record = recordOf(...names);
    expect(record.archivedCount).toBe(40);
    expect(archivedNames(record)).toEqual(names.slice(9, 49).reverse());
  });

  test("swaps the current and an archived session on promote", () => {
    const record = recordOf(1, 2, 3);
    record.promote(1);
    expect(nameOf(record.current)).toBe(1);
    expect(archivedNames(record)).toEqual([3, 2]);
    expect(() => record.promote(2)).toThrow(RangeError);
    expect(() => record.promote(-1)).toThrow(RangeError);
    expect(() => record.archived(0.5)).toThrow(RangeError);
    record.archiveCurrent();
    record.promote(2);
    expect(nameOf(record.current)).toBe(2);
    expect(archivedNames(record)).toEqual([1, 3]);
  });

  test("promotes an archived session with the changes of its reader", () => {
    const record = recordOf(1, 2);
    const trial = record.archived(0);
    trial.putReceiverChain(receivingChain(9));
    trial.previousCounter = 5;
    expect(record.archived(0).receiverChains.length).toBe(0);
    record.promote(0, trial);
    trial.previousCounter = 6;
    expect(record.current?.previousCounter).toBe(5);
    expect(record.current?.receiverChain(publicKey(9))?.next).toBe(0);
  });

  test("resumes an archived chain until a fast-forward or a new chain", () => {
    const record = recordOf(1, 2);
    expect(sessionRecordCodec.sendingChain(record)).toEqual({
      id: sendingChain(2).id,
      next: 0,
      isResumed: false,
    });
    record.promote(0);
    const { id } = sendingChain(1);
    expect(sessionRecordCodec.sendingChain(record.copy())).toEqual({ id, next: 0, isResumed: true });
    const stepped = record.copy();
    (stepped.current as SessionState).senderChain = sendingChain(3);
    expect(stepped.isResumed).toBe(false);
    record.fastForward(id, 0);
    expect(record.isResumed).toBe(false);

    const other = recordOf(1, 2);
    const trial = other.archived(0);
    trial.senderChain = sendingChain(4);
    other.promote(0, trial);
    expect(other.isResumed).toBe(false);
  });

  test("burns the keys below the bound on any chain", () => {
    const record = recordOf(1, 2);
    const expected = sendingChain(2).fastForward(7);
    record.fastForward(expected.id, 7);
    expect(record.sendingChain?.next).toBe(7);
    expect(record.sendingChain?.chainKey).toEqual(expected.chainKey);
    record.fastForward(expected.id, 3);
    expect(record.sendingChain?.next).toBe(7);

    record.fastForward(sendingChain(1).id, 5);
    expect(record.archived(0).senderChain?.next).toBe(5);
    expect(record.archived(0).senderChain?.chainKey).toEqual(sendingChain(1).fastForward(5).chainKey);
    expect(record.sendingChain?.next).toBe(7);

    expect(() => record.fastForward("no chain", 1)).toThrow(RangeError);
    expect(() => record.fastForward(expected.id, 2_008)).toThrow(RangeError);
    expect(record.sendingChain?.next).toBe(7);
    record.fastForward(expected.id, 2_007);
    expect(record.sendingChain?.next).toBe(2_007);
  });

  test("does not send after close and still receives", () => {
    const record = recordOf(1, 2);
    record.current?.putReceiverChain(receivingChain(8));
    const key = record.sendingChain?.chainKey;
    record.close();
    expect(record.current).toBeUndefined();
    expect(sessionRecordCodec.sendingChain(record)).toBeUndefined();
    expect(archivedNames(record)).toEqual([2, 1]);

    const closed = SessionRecord.decode(record.encode()).archived(0);
    expect(closed.receiverChain(publicKey(8))?.chainKey).toBeDefined();
    expect(closed.senderChain?.ratchetKeyPrivate).toBeDefined();
    expect(closed.senderChain?.chainKey).toBeUndefined();
    // Other clients see 32 bytes that are not the chain key.
    const stored = decodeSessionRecord(record.encode()).previousSessions[0]?.senderChain?.chainKey;
    expect(stored?.closed).toBe(true);
    expect(stored?.key?.length).toBe(32);
    expect(stored?.key).not.toEqual(key);

    for (const name of [2, 1]) {
      record.promote(archivedNames(record).indexOf(name));
      expect(nameOf(record.current)).toBe(name);
      expect(record.sendingChain).toBeUndefined();
      expect(() => record.fastForward(sendingChain(name).id, 1)).toThrow(RangeError);
    }
    new SessionRecord().close();
  });

  test("closes archived sessions without a current one, and skips damage", () => {
    const record = SessionRecord.decode(Uint8Array.of(...recordOf(1).encode(), 0x12, 2, 0x0a, 9));
    record.archiveCurrent();
    record.close();
    expect(record.archived(0).senderChain?.isClosed).toBe(true);
    expect(record.encode().slice(-4)).toEqual(Uint8Array.of(0x12, 2, 0x0a, 9));
  });

  test("closes archived chains too far behind, and skips damage", () => {
    const record = new SessionRecord();
    record.startSession(session(1, 2_500));
    record.startSession(session(2, 10));
    record.startSession(session(3, 600));
    record.archiveCurrent();
    record.burnArchived(2_100);
    expect([0, 1, 2].map((i) => record.archived(i).senderChain?.next)).toEqual([2_100, 10, 2_500]);
    expect([0, 1, 2].map((i) => record.archived(i).senderChain?.chainKey !== undefined)).toEqual([
      true,
      false,
      true,
    ]);

    const damaged = SessionRecord.decode(Uint8Array.of(...recordOf(1).encode(), 0x12, 2, 0x0a, 9));
    damaged.archiveCurrent();
    damaged.burnArchived(3);
    expect(damaged.archived(0).senderChain?.next).toBe(3);
    expect(() => damaged.archived(1)).toThrow(CorruptError);
    expect(() => damaged.promote(1)).toThrow(CorruptError);
    expect(damaged.encode().slice(-4)).toEqual(Uint8Array.of(0x12, 2, 0x0a, 9));
    expect(damaged.current).toBeUndefined();
  });

  test("joins the records of two addresses", () => {
    const lid = recordOf(1, 2);
    const pn = recordOf(3, 4);
    const before = pn.encode();
    lid.absorb(pn, 6);
    expect(pn.encode()).toEqual(before);
    expect(nameOf(lid.current)).toBe(2);
    expect(lid.sendingChain?.next).toBe(0);
    expect(archivedNames(lid)).toEqual([4, 1, 3]);
    expect([0, 1, 2].map((i) => lid.archived(i).senderChain?.next)).toEqual([6, 0, 6]);

    const closed = recordOf(1);
    closed.close();
    closed.absorb(pn, 6);
    expect(nameOf(closed.current)).toBe(4);
    expect(sessionRecordCodec.sendingChain(closed)).toEqual({
      id: sendingChain(4).id,
      next: 6,
      isResumed: true,
    });
    expect(archivedNames(closed)).toEqual([1, 3]);

    const far = recordOf(1);
    far.absorb(pn, 5_000);
    expect(far.archived(0).senderChain?.chainKey).toBeUndefined();
  });

  test("makes copies that are independent, also after reads", () => {
    const record = recordOf(1, 2);
    const early = record.current as SessionState;
    const copy = record.copy();
    const bytes = record.encode();
    early.previousCounter = 3;
    expect(record.current?.previousCounter).toBe(3);
    expect(copy.encode()).toEqual(bytes);
    const late = copy.current as SessionState;
    late.previousCounter = 4;
    late.putReceiverChain(receivingChain(7));
    copy.archiveCurrent();
    expect(record.current?.previousCounter).toBe(3);
    expect(record.current?.receiverChains.length).toBe(0);
    expect(record.archivedCount).toBe(1);
  });

  test("shares no memory with callers", () => {
    const bytes = recordOf(1, 2).encode();
    const kept = bytes.slice();
    // `slice` of a Buffer returns a view.
    const record = SessionRecord.decode(Buffer.from(bytes.buffer));
    bytes.fill(0xff);
    expect(record.encode()).toEqual(kept);
    record.encode().fill(0xff);
    expect(record.encode()).toEqual(kept);

    const rootKey = new Uint8Array(32).fill(3);
    const ratchetKey = publicKey(4);
    const state = session(1);
    state.rootKey = rootKey;
    state.putReceiverChain(SessionChain.create({ ratchetKey, chainKey: rootKey }));
    rootKey.fill(9);
    ratchetKey.fill(9);
    expect(state.rootKey?.[0]).toBe(3);
    expect(state.receiverChain(publicKey(4))?.chainKey?.[0]).toBe(3);
    const started = new SessionRecord();
    started.startSession(state);
    state.previousCounter = 8;
    expect(started.current?.previousCounter).toBe(0);
  });

  test("drops the oldest receiving chain for a sixth", () => {
    const state = session(1);
    for (let name = 10; name < 16; name++) state.putReceiverChain(receivingChain(name));
    const firstBytes = () => state.receiverChains.map((chain) => chain.ratchetKey[2]);
    expect(firstBytes()).toEqual([11, 12, 13, 14, 15]);
    state.putReceiverChain(receivingChain(12).fastForward(4));
    expect(firstBytes()).toEqual([11, 12, 13, 14, 15]);
    expect(state.receiverChain(publicKey(12))?.next).toBe(4);
  });

  test("checks values of callers", () => {
    const state = session(1);
    expect(() => Object.assign(state, { rootKey: new Uint8Array(31) })).toThrow(RangeError);
    expect(() => Object.assign(state, { rootKey: "text" })).toThrow(TypeError);
    expect(() => Object.assign(state, { aliceBaseKey: new Uint8Array(33) })).toThrow(RangeError);
    expect(() => Object.assign(state, { previousCounter: -1 })).toThrow(RangeError);
    expect(() => Object.assign(state, { remoteRegistrationId: 2 ** 32 })).toThrow(RangeError);
    expect(() => Object.assign(state, { senderChain: receivingChain(1) })).toThrow(RangeError);
    expect(() =>
      Object.assign(state, { pendingPreKey: { signedPreKeyId: 2 ** 31, baseKey: publicKey(1) } }),
    ).toThrow(RangeError);
    expect(() => new SessionRecord().startSession(new SessionState())).toThrow(/root key is missing/);
    expect(() => SessionRecord.decode("text" as unknown as Uint8Array)).toThrow(TypeError);
  });

  test("keeps a blank session and does not archive it", () => {
    const bytes = Uint8Array.of(0x0a, 2, 0x22, 0);
    const record = SessionRecord.decode(bytes);
    expect(record.encode()).toEqual(bytes);
    expect(record.current?.rootKey).toBeUndefined();
    expect(record.sendingChain).toBeUndefined();
    record.startSession(session(1));
    expect(record.archivedCount).toBe(0);
  });

  function stored(init: object): Uint8Array {
    return toBinary(RecordStructureSchema, create(RecordStructureSchema, init));
  }

  const WHOLE = { rootKey: new Uint8Array(32), remoteIdentityPublic: publicKey(1) };
  const SENDER = {
    senderRatchetKey: publicKey(2),
    senderRatchetKeyPrivate: new Uint8Array(32),
    chainKey: { key: new Uint8Array(32) },
  };

  test.each<[string, object]>([
    ["a short root key", { ...WHOLE, rootKey: new Uint8Array(31) }],
    ["an empty root key beside a chain", { ...WHOLE, rootKey: new Uint8Array(0), senderChain: SENDER }],
    ["an empty remote identity", { ...WHOLE, remoteIdentityPublic: new Uint8Array(0) }],
    ["a short local identity", { ...WHOLE, localIdentityPublic: new Uint8Array(32) }],
    ["a long base key", { ...WHOLE, aliceBaseKey: new Uint8Array(34) }],
    [
      "an empty private key to send with",
      { ...WHOLE, senderChain: { ...SENDER, senderRatchetKeyPrivate: new Uint8Array(0) } },
    ],
    [
      "an empty ratchet key to send with",
      { ...WHOLE, senderChain: { ...SENDER, senderRatchetKey: new Uint8Array(0) } },
    ],
    [
      "a short chain key",
      { ...WHOLE, receiverChains: [{ ...SENDER, chainKey: { key: new Uint8Array(16) } }] },
    ],
    [
      "an empty ratchet key to receive with",
      { ...WHOLE, receiverChains: [{ senderRatchetKey: new Uint8Array(0) }] },
    ],
    ["a long iv", { ...WHOLE, senderChain: { ...SENDER, messageKeys: [{ iv: new Uint8Array(17) }] } }],
    ["a short seed", { ...WHOLE, senderChain: { ...SENDER, messageKeys: [{ seed: new Uint8Array(1) }] } }],
    ["a short pending base key", { ...WHOLE, pendingPreKey: { baseKey: new Uint8Array(32) } }],
  ])("rejects %s, current or archived", (_, init) => {
    expect(() => SessionRecord.decode(stored({ currentSession: init }))).toThrow(WrongLengthError);
    const archived = SessionRecord.decode(stored({ previousSessions: [init] }));
    expect(() => archived.archived(0)).toThrow(WrongLengthError);
  });

  test.each<[string, object]>([
    ["a public key of another type", { ...WHOLE, aliceBaseKey: new Uint8Array(33) }],
    ["no root key beside a chain", { remoteIdentityPublic: publicKey(1), senderChain: SENDER }],
    ["no remote identity", { rootKey: new Uint8Array(32) }],
    ["a sixth receiving chain", { ...WHOLE, receiverChains: new Array(6).fill(SENDER) }],
    [
      "2,001 message keys",
      { ...WHOLE, receiverChains: [{ ...SENDER, messageKeys: new Array(2_001).fill({ index: 1 }) }] },
    ],
  ])("rejects %s as damage", (_, init) => {
    expect(() => SessionRecord.decode(stored({ currentSession: init }))).toThrow(CorruptError);
  });

  test("accepts empty keys on closed chains", () => {
    const closed = { senderRatchetKey: publicKey(2), chainKey: { index: 3, key: new Uint8Array(0) } };
    const noneToSend = { senderRatchetKey: new Uint8Array(0), senderRatchetKeyPrivate: new Uint8Array(0) };
    const bytes = stored({
      currentSession: {
        ...WHOLE,
        receiverChains: [closed],
        senderChain: noneToSend,
        aliceBaseKey: new Uint8Array(0),
      },
    });
    const record = SessionRecord.decode(bytes);
    expect(record.current?.receiverChain(publicKey(2))?.chainKey).toBeUndefined();
    expect(() => record.current?.receiverChain(publicKey(2))?.messageSeed()).toThrow(RangeError);
    expect(record.current?.aliceBaseKey).toBeUndefined();
    expect(record.sendingChain).toBeUndefined();
    expect(record.encode()).toEqual(bytes);
  });

  test("accepts a record at its limits and rejects one beyond", () => {
    const keys = new Array(2_000).fill({ index: 1 });
    const chains = new Array(5).fill({ ...SENDER, messageKeys: keys });
    const archive = (count: number) => stored({ previousSessions: new Array(count).fill(WHOLE) });
    const full = stored({ currentSession: { ...WHOLE, receiverChains: chains } });
    expect(SessionRecord.decode(full).encode()).toEqual(full);
    expect(SessionRecord.decode(archive(40)).archivedCount).toBe(40);
    expect(() => SessionRecord.decode(archive(41))).toThrow(CorruptError);
    const emptyOnes = new Uint8Array(200_000).map((_, at) => (at % 2 === 0 ? 0x12 : 0));
    expect(() => SessionRecord.decode(emptyOnes)).toThrow(CorruptError);
  });
});

describe("SessionRecord.decode", () => {
  test("keeps views of owned bytes little larger than the session", () => {
    const bytes = recordOf(1).encode();
    expect(SessionRecord.decode(bytes, { owned: true }).current?.rootKey?.buffer).toBe(bytes.buffer);
    expect(SessionRecord.decode(bytes).current?.rootKey?.buffer).not.toBe(bytes.buffer);
  });

  // Otherwise a key in use would keep all of that memory.
  test("copies the current session out of much larger memory", () => {
    const alone = recordOf(5).encode().length;
    const withArchive = recordOf(1, 2, 3, 4, 5).encode();
    const shared = new Uint8Array(65_536);
    shared.set(recordOf(5).encode());
    for (const bytes of [withArchive, shared.subarray(0, alone)]) {
      const rootKey = SessionRecord.decode(bytes, { owned: true }).current?.rootKey;
      expect(rootKey?.buffer.byteLength).toBeLessThanOrEqual(alone);
    }
  });

  /** A session with every part. */
  function wholeRecord(): SessionRecord {
    const state = session(300, 7);
    state.sessionVersion = 3;
    state.localIdentityPublic = publicKey(4);
    state.previousCounter = 300;
    state.localRegistrationId = 70_000;
    state.remoteRegistrationId = 80_000;
    state.needsRefresh = true;
    state.pendingPreKey = { preKeyId: 9, signedPreKeyId: 8, baseKey: publicKey(5) };
    const skipped = { index: 1, seed: new Uint8Array(32).fill(6) };
    for (const name of [11, 12]) state.putReceiverChain(receivingChain(name).withMessageKeys([skipped]));
    const record = new SessionRecord();
    record.startSession(state);
    return record;
  }

  function readAll({ current }: SessionRecord): unknown {
    if (current === undefined) return undefined;
    const { senderChain, receiverChains, parts } = current;
    return [parts, senderChain?.parts, receiverChains.map((chain) => chain.parts), current.pendingPreKey];
  }

  test("decodes the parts that it has checked, whatever the bytes are", () => {
    const bytes = wholeRecord().encode();
    let decoded = 0;
    for (let at = 0; at < bytes.length; at += 1) {
      for (const change of [0x01, 0x08, 0x80]) {
        const changed = new Uint8Array(bytes);
        changed[at] = (changed[at] as number) ^ change;
        let record: SessionRecord;
        try {
          record = SessionRecord.decode(changed);
        } catch (error) {
          expect(error instanceof CorruptError || error instanceof WrongLengthError).toBe(true);
          continue;
        }
        decoded += 1;
        readAll(record);
        const encoded = record.encode();
        expect(sameBytes(SessionRecord.decode(encoded).encode(), encoded)).toBe(true);
      }
    }
    expect(decoded).toBeGreaterThan(bytes.length / 2);
  });

  test("keeps the sending chain when other parts are read or changed", () => {
    const record = SessionRecord.decode(wholeRecord().encode());
    const { current } = record;
    const chain = current?.senderChain;
    expect(chain?.next).toBe(7);
    const copy = record.copy();
    expect(current?.previousCounter).toBe(300);
    expect(current?.senderChain).toBe(chain);
    expect(copy.current?.senderChain).toBe(chain);
    if (copy.current !== undefined) copy.current.rootKey = new Uint8Array(32).fill(9);
    expect(copy.current?.senderChain).toBe(chain);
    expect(current?.rootKey).toEqual(new Uint8Array(32).fill(2));
    expect(copy.current?.rootKey).toEqual(new Uint8Array(32).fill(9));
  });
});
