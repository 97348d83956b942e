import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeBase64 } from "../../bytes/mod.ts";
import { CorruptError, WrongLengthError } from "../../errors/mod.ts";
import { decodeSessionRecord, encodeSessionRecord, type SessionStructure } from "../../records/mod.ts";
import { deriveKeys } from "./_message_key.ts";
import type { NodeChainJson, NodeRecordJson, NodeSessionJson } from "./node_session.ts";
import { recordToSession, sessionToRecord } from "./session.ts";

const LOCAL = { localIdentityPublic: new Uint8Array(33).fill(5), localRegistrationId: 77 };

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const base64 = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map(encodeBase64);
const time = fc.option(fc.integer({ min: 0, max: 2_000_000_000_000 }), { nil: undefined });
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const chain = fc.record<NodeChainJson>({
  chainKey: fc.record({ counter: fc.integer({ min: -1, max: 0xffff_fffe }), key: optional(base64(32)) }),
  chainType: fc.constantFrom(1, 2, 2, 2),
  messageKeys: fc.dictionary(uint32.map(String), fc.oneof(base64(32), base64(80)), {
    maxKeys: 4,
    noNullPrototype: true,
  }),
});

const spent = fc.record<NodeChainJson>({
  chainKey: fc.record({ counter: uint32.map((n) => n >>> 1), key: fc.constant(undefined) }),
  chainType: fc.constant(2),
  messageKeys: fc.constant({}),
});

const session = fc
  .record({
    registrationId: optional(uint32),
    ephemeral: fc.tuple(base64(33), base64(32)),
    lastRemote: fc.oneof(base64(33), fc.constant("")),
    previousCounter: fc.integer({ min: -1, max: 0xffff_ffff }),
    rootKey: base64(32),
    baseKeyType: optional(fc.constantFrom(1, 2)),
    closed: optional(fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: 2_000_000_000_000 }))),
    used: time,
    created: time,
    remoteIdentityKey: base64(33),
    chains: fc.array(fc.tuple(base64(33), fc.oneof(chain, spent)), { maxLength: 12 }),
    ownChain: optional(chain),
    lastChain: optional(chain),
    pending: optional(
      fc.record(
        {
          signedKeyId: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
          baseKey: base64(33),
          preKeyId: uint32,
        },
        { requiredKeys: ["signedKeyId", "baseKey"], noNullPrototype: true },
      ),
    ),
  })
  .map(
    (
      parts,
    ): Omit<NodeSessionJson, "indexInfo"> & { indexInfo: Omit<NodeSessionJson["indexInfo"], "baseKey"> } => ({
      registrationId: parts.registrationId,
      currentRatchet: {
        ephemeralKeyPair: { pubKey: parts.ephemeral[0], privKey: parts.ephemeral[1] },
        lastRemoteEphemeralKey: parts.lastRemote,
        previousCounter: parts.previousCounter,
        rootKey: parts.rootKey,
      },
      indexInfo: {
        baseKeyType: parts.baseKeyType,
        closed: parts.closed,
        used: parts.used,
        created: parts.created,
        remoteIdentityKey: parts.remoteIdentityKey,
      },
      _chains: Object.fromEntries([
        ...parts.chains,
        ...(parts.lastChain === undefined || parts.lastRemote === ""
          ? []
          : [[parts.lastRemote, parts.lastChain] as const]),
        ...(parts.ownChain === undefined ? [] : [[parts.ephemeral[0], parts.ownChain] as const]),
      ]),
      ...(parts.pending === undefined ? {} : { pendingPreKey: parts.pending }),
    }),
  );

function records(maxSessions: number): fc.Arbitrary<NodeRecordJson> {
  const entry = fc.tuple(base64(33), session);
  return fc.array(entry, { maxLength: maxSessions, size: "max" }).map((entries) => ({
    _sessions: Object.fromEntries(
      entries.map(([baseKey, parts]) => [baseKey, { ...parts, indexInfo: { ...parts.indexInfo, baseKey } }]),
    ),
    version: "v1",
  }));
}

describe("sessionToRecord and recordToSession", () => {
  test("round-trip any record of libsignal-node with its order", () => {
    fc.assert(
      fc.property(records(4), (record) => {
        const bytes = sessionToRecord(record, LOCAL);
        const back = recordToSession(bytes);
        expect(back).toEqual(record);
        expect(Object.keys(back._sessions)).toEqual(Object.keys(record._sessions));
        expect(sessionToRecord(back, LOCAL)).toEqual(bytes);
      }),
      { numRuns: 80 },
    );
  });

  test("round-trip more sessions than the standard archives", () => {
    fc.assert(
      fc.property(records(60), (record) => {
        const bytes = sessionToRecord(record, LOCAL);
        expect(decodeSessionRecord(bytes).previousSessions.length).toBeLessThanOrEqual(40);
        expect(recordToSession(bytes)).toEqual(record);
      }),
      { numRuns: 8 },
    );
  });
});

const ROOT = new Uint8Array(32).fill(9);

/** HKDF-SHA256 of 32 bytes of 7, computed with OpenSSL. */
const HKDF_OF_SEVENS =
  "64152aab8fed114c108d3418513c4bf2fdec64794cfa2d5ecfb285bc70954154" +
  "feba221c9e78f76f676c52637b9ee484e9895647db49fb7703bb87524a19c603" +
  "232c23ec778eb3b34460e9fb2be70fdf";

function key(length: number, fill: number): Uint8Array {
  return new Uint8Array(length).fill(fill);
}

/** A session of libsignal-node in the middle of a conversation. */
function sampleSession(part: Partial<NodeSessionJson> = {}, baseKey = key(33, 1)): NodeSessionJson {
  return {
    registrationId: 4711,
    currentRatchet: {
      ephemeralKeyPair: { pubKey: encodeBase64(key(33, 2)), privKey: encodeBase64(key(32, 3)) },
      lastRemoteEphemeralKey: encodeBase64(key(33, 11)),
      previousCounter: -1,
      rootKey: encodeBase64(ROOT),
    },
    indexInfo: {
      baseKey: encodeBase64(baseKey),
      baseKeyType: 2,
      closed: -1,
      used: 20,
      created: 10,
      remoteIdentityKey: encodeBase64(key(33, 4)),
    },
    _chains: {
      [encodeBase64(key(33, 2))]: {
        chainKey: { counter: -1, key: encodeBase64(key(32, 5)) },
        chainType: 1,
        messageKeys: {},
      },
      [encodeBase64(key(33, 11))]: {
        chainKey: { counter: 6, key: encodeBase64(key(32, 6)) },
        chainType: 2,
        messageKeys: { 4: encodeBase64(key(32, 7)) },
      },
    },
    ...part,
  };
}

function recordOf(...sessions: NodeSessionJson[]): NodeRecordJson {
  return {
    _sessions: Object.fromEntries(sessions.map((entry) => [entry.indexInfo.baseKey, entry])),
    version: "v1",
  };
}

describe("sessionToRecord", () => {
  test("writes the standard fields that other clients expect", () => {
    const pendingPreKey = { signedKeyId: 3, baseKey: encodeBase64(key(33, 1)), preKeyId: 8 };
    const { currentSession: current } = decodeSessionRecord(
      sessionToRecord(recordOf(sampleSession({ pendingPreKey })), LOCAL),
    );
    expect(current).toMatchObject({
      sessionVersion: 3,
      localIdentityPublic: key(33, 5),
      localRegistrationId: 77,
      remoteIdentityPublic: key(33, 4),
      remoteRegistrationId: 4711,
      rootKey: ROOT,
      previousCounter: 0,
      aliceBaseKey: key(33, 1),
      pendingPreKey: { preKeyId: 8, signedPreKeyId: 3, baseKey: key(33, 1) },
      senderChain: {
        senderRatchetKey: key(33, 2),
        senderRatchetKeyPrivate: key(32, 3),
        chainKey: { index: 0, key: key(32, 5) },
      },
    });
    expect(current?.receiverChains).toMatchObject([
      {
        senderRatchetKey: key(33, 11),
        chainKey: { index: 7, key: key(32, 6) },
        messageKeys: [{ index: 4, ...deriveKeys(key(32, 7)), seed: key(32, 7) }],
      },
    ]);
  });

  test("derives message keys as in the standard", () => {
    const keys = deriveKeys(key(32, 7));
    expect(Buffer.concat([keys.cipherKey, keys.macKey, keys.iv]).toString("hex")).toBe(HKDF_OF_SEVENS);
  });

  test("adds the prefix to a local identity", () => {
    const bytes = sessionToRecord(recordOf(sampleSession()), { ...LOCAL, localIdentityPublic: key(32, 8) });
    expect([...(decodeSessionRecord(bytes).currentSession?.localIdentityPublic ?? [])]).toEqual([
      5,
      ...key(32, 8),
    ]);
  });

  test("throws a RangeError for an invalid local identity", () => {
    const record = recordOf(sampleSession());
    expect(() => sessionToRecord(record, { ...LOCAL, localIdentityPublic: key(31, 5) })).toThrow(RangeError);
    expect(() => sessionToRecord(record, { ...LOCAL, localIdentityPublic: key(33, 6) })).toThrow(RangeError);
    expect(() => sessionToRecord(record, { ...LOCAL, localRegistrationId: -1 })).toThrow(RangeError);
  });

  test("archives closed sessions, the last closed one first", () => {
    const closedAt = (closed: number, fill: number) => {
      const entry = sampleSession({}, key(33, fill));
      return { ...entry, indexInfo: { ...entry.indexInfo, closed } };
    };
    const record = decodeSessionRecord(
      sessionToRecord(
        recordOf(closedAt(50, 21), closedAt(70, 22), closedAt(-1, 23), closedAt(60, 24)),
        LOCAL,
      ),
    );
    expect(record.currentSession?.aliceBaseKey?.[0]).toBe(23);
    expect(record.previousSessions.map(({ aliceBaseKey }) => aliceBaseKey?.[0])).toEqual([22, 24, 21]);

    const atOnce = recordOf(closedAt(50, 21), closedAt(50, 22), closedAt(50, 23));
    const { previousSessions } = decodeSessionRecord(sessionToRecord(atOnce, LOCAL));
    expect(previousSessions.map(({ aliceBaseKey }) => aliceBaseKey?.[0])).toEqual([23, 22, 21]);
  });

  /** A session with many receiving chains, after this many changes of direction. */
  function longTalk(turns: number): NodeSessionJson {
    const base = sampleSession();
    const name = (turn: number) =>
      encodeBase64(Uint8Array.from(key(33, 5), (fill, i) => (i < 3 ? (turn >> (8 * i)) & 255 : fill)));
    const chains = Array.from({ length: turns }, (_, turn): [string, NodeChainJson] => [
      name(turn),
      {
        chainKey: { counter: turn, ...(turn === turns - 1 ? { key: encodeBase64(key(32, 6)) } : {}) },
        chainType: 2,
        messageKeys: turn % 100 === 1 ? { 0: encodeBase64(key(32, 8)) } : {},
      },
    ]);
    return {
      ...base,
      currentRatchet: { ...base.currentRatchet, lastRemoteEphemeralKey: name(turns - 1) },
      _chains: Object.fromEntries([...chains, ...Object.entries(base._chains).slice(0, 1)]),
    };
  }

  test("writes the five newest receiving chains, and others privately", () => {
    const talk = longTalk(300);
    const bytes = sessionToRecord(recordOf(talk), LOCAL);
    const current = decodeSessionRecord(bytes).currentSession;
    expect(current?.receiverChains.map(({ chainKey }) => chainKey?.index)).toEqual([296, 297, 298, 299, 300]);
    expect(current?.node?.moreChains.length).toBe(3);
    expect(current?.node?.spentIndexes.length).toBe(292);
    expect(recordToSession(bytes)).toEqual(recordOf(talk));
  });

  test("keeps the newest 512 spent chains and all useful ones", () => {
    const talk = longTalk(900);
    const bytes = sessionToRecord(recordOf(talk), LOCAL);
    const [back] = Object.values(recordToSession(bytes)._sessions);
    const names = Object.keys(back?._chains ?? {});
    const isSpent = (one: NodeChainJson) =>
      one.chainKey.key === undefined && Object.keys(one.messageKeys).length === 0;
    const kept = Object.entries(talk._chains).filter(([, one]) => !isSpent(one));
    for (const [name, one] of kept) expect(back?._chains[name]).toEqual(one);
    expect(names.length).toBe(512 + 4 + kept.length);
    expect(bytes.length).toBeLessThan(22_000);
    expect(recordToSession(sessionToRecord(recordToSession(bytes), LOCAL))).toEqual(recordToSession(bytes));
  });

  test("keeps the newest 2,000 skipped message keys of a chain", () => {
    const talk = sampleSession();
    const [, last] = Object.keys(talk._chains);
    const messageKeys = Object.fromEntries(
      Array.from({ length: 2_003 }, (_, i) => [String(i), encodeBase64(key(80, i))]),
    );
    const many = {
      ...talk,
      _chains: { ...talk._chains, [last ?? ""]: { chainKey: { counter: 2_003 }, chainType: 2, messageKeys } },
    };
    const [back] = Object.values(recordToSession(sessionToRecord(recordOf(many), LOCAL))._sessions);
    const indexes = Object.keys(back?._chains[last ?? ""]?.messageKeys ?? {});
    expect([indexes.length, indexes[0], indexes.at(-1)]).toEqual([2_000, "3", "2002"]);
  });

  test("writes a secret placeholder key for closed receiving chains", () => {
    const talk = longTalk(2);
    const bytes = sessionToRecord(recordOf(talk), LOCAL);
    const closed = decodeSessionRecord(bytes).currentSession?.receiverChains[0]?.chainKey;
    expect(closed?.closed).toBe(true);
    expect(closed?.key?.length).toBe(32);
    expect(new Set(closed?.key).size).toBeGreaterThan(8);
    const other = sampleSession({
      currentRatchet: { ...talk.currentRatchet, rootKey: encodeBase64(key(32, 10)) },
      _chains: talk._chains,
    });
    const elsewhere = decodeSessionRecord(sessionToRecord(recordOf(other), LOCAL)).currentSession
      ?.receiverChains[0]?.chainKey;
    expect(elsewhere?.key).not.toEqual(closed?.key);
    const [back] = Object.values(recordToSession(bytes)._sessions);
    expect(Object.values(back?._chains ?? {})[0]?.chainKey.key).toBeUndefined();
  });

  test("writes no placeholder key for the sending chain of an open session", () => {
    const talk = sampleSession();
    const [own] = Object.keys(talk._chains);
    const closed = {
      ...talk,
      _chains: { [own ?? ""]: { chainKey: { counter: 3 }, chainType: 1, messageKeys: {} } },
    };
    const bytes = sessionToRecord(recordOf(closed), LOCAL);
    expect(decodeSessionRecord(bytes).currentSession?.senderChain?.chainKey?.key).toBeUndefined();
    expect(recordToSession(bytes)).toEqual(recordOf(closed));
  });
});

/** A session of another client: standard fields only. */
function foreign(part: object = {}): SessionStructure {
  return {
    sessionVersion: 3,
    localIdentityPublic: key(33, 5),
    remoteIdentityPublic: key(33, 4),
    rootKey: ROOT,
    previousCounter: 2,
    senderChain: {
      senderRatchetKey: key(33, 2),
      senderRatchetKeyPrivate: key(32, 3),
      chainKey: { index: 4, key: key(32, 5) },
      messageKeys: [],
    },
    receiverChains: [
      { senderRatchetKey: key(33, 11), chainKey: { index: 1, key: key(32, 6) }, messageKeys: [] },
    ],
    remoteRegistrationId: 12,
    aliceBaseKey: key(33, 1),
    ...part,
  };
}

function toNode(
  current: SessionStructure | undefined,
  ...previousSessions: SessionStructure[]
): NodeSessionJson[] {
  const record = { currentSession: current, previousSessions, moreSessions: [] };
  return Object.values(recordToSession(encodeSessionRecord(record))._sessions);
}

describe("recordToSession", () => {
  test("opens another client's session, first and complete", () => {
    const [current, ...archive] = toNode(
      foreign(),
      foreign({ aliceBaseKey: key(33, 31) }),
      foreign({ aliceBaseKey: key(33, 32) }),
    );
    expect(current).toEqual({
      registrationId: 12,
      currentRatchet: {
        ephemeralKeyPair: { pubKey: encodeBase64(key(33, 2)), privKey: encodeBase64(key(32, 3)) },
        lastRemoteEphemeralKey: encodeBase64(key(33, 11)),
        previousCounter: 2,
        rootKey: encodeBase64(ROOT),
      },
      indexInfo: {
        baseKey: encodeBase64(key(33, 1)),
        baseKeyType: 2,
        closed: -1,
        used: 0,
        created: 0,
        remoteIdentityKey: encodeBase64(key(33, 4)),
      },
      _chains: {
        [encodeBase64(key(33, 11))]: {
          chainKey: { counter: 0, key: encodeBase64(key(32, 6)) },
          chainType: 2,
          messageKeys: {},
        },
        [encodeBase64(key(33, 2))]: {
          chainKey: { counter: 3, key: encodeBase64(key(32, 5)) },
          chainType: 1,
          messageKeys: {},
        },
      },
    });
    expect(archive.map(({ indexInfo }) => [indexInfo.closed, indexInfo.baseKey])).toEqual([
      [2, encodeBase64(key(33, 31))],
      [1, encodeBase64(key(33, 32))],
    ]);
  });

  test("marks a session that waits for an answer as ours", () => {
    const [current] = toNode(
      foreign({ pendingPreKey: { preKeyId: 5, signedPreKeyId: 1, baseKey: key(33, 1) } }),
    );
    expect(current?.indexInfo.baseKeyType).toBe(1);
    expect(current?.pendingPreKey).toEqual({
      preKeyId: 5,
      signedKeyId: 1,
      baseKey: encodeBase64(key(33, 1)),
    });
    const [without] = toNode(foreign({ pendingPreKey: { signedPreKeyId: 1 } }));
    expect(without?.pendingPreKey).toEqual({ signedKeyId: 1, baseKey: encodeBase64(key(33, 1)) });
  });

  test("closes a session that cannot send, after all others", () => {
    for (const senderChain of [
      undefined,
      {},
      { senderRatchetKey: key(33, 2), senderRatchetKeyPrivate: key(32, 3), chainKey: { index: 9 } },
    ]) {
      const [current, old] = toNode(foreign({ senderChain }), foreign({ aliceBaseKey: key(33, 31) }));
      expect([current?.indexInfo.closed, old?.indexInfo.closed]).toEqual([2, 1]);
    }
  });

  test("reads an absent registration id as 0, so that it is open", () => {
    const { remoteRegistrationId: _, ...rest } = foreign();
    expect(
      toNode(foreign({ ...rest, $typeName: undefined, remoteRegistrationId: undefined }))[0]?.registrationId,
    ).toBe(0);
  });

  test("uses the place of sessions that another client moved", () => {
    const open = sampleSession({}, key(33, 41));
    const old = sampleSession({}, key(33, 42));
    const used = { ...open.indexInfo, used: 900 };
    const record = decodeSessionRecord(
      sessionToRecord(
        recordOf({ ...open, indexInfo: used }, { ...old, indexInfo: { ...old.indexInfo, closed: 50 } }),
        LOCAL,
      ),
    );
    const [promoted] = record.previousSessions;
    const archived = record.currentSession;
    if (promoted === undefined || archived === undefined) throw new Error("no sessions");
    const [a, b] = toNode(promoted, archived, foreign({ aliceBaseKey: key(33, 43) })).slice(1);
    expect(a?.indexInfo).toMatchObject({ baseKey: encodeBase64(key(33, 41)), closed: 2, used: 900 });
    expect(b?.indexInfo).toMatchObject({ baseKey: encodeBase64(key(33, 42)), closed: -1, used: 900 });
  });

  test("drops private ratchet fields after a ratchet step", () => {
    const before = decodeSessionRecord(
      sessionToRecord(
        recordOf(
          sampleSession({
            currentRatchet: {
              ...sampleSession().currentRatchet,
              lastRemoteEphemeralKey: encodeBase64(key(33, 12)),
            },
          }),
        ),
        LOCAL,
      ),
    ).currentSession;
    if (before?.senderChain === undefined) throw new Error("no session");
    expect(toNode(before)[0]?.currentRatchet).toMatchObject({
      previousCounter: -1,
      lastRemoteEphemeralKey: encodeBase64(key(33, 12)),
    });
    // A ratchet step of another client: a new sending chain, one more receiving chain, and the session's
    // private fields.
    before.senderChain = foreign().senderChain as NonNullable<SessionStructure["senderChain"]>;
    before.previousCounter = 0;
    expect(toNode(before)[0]?.currentRatchet).toMatchObject({
      previousCounter: 0,
      lastRemoteEphemeralKey: encodeBase64(key(33, 11)),
    });
  });

  test("keeps two states of one session", () => {
    const states = toNode(foreign(), foreign({ previousCounter: 7 }), foreign({ previousCounter: 8 }));
    expect(states.map(({ currentRatchet }) => currentRatchet.previousCounter)).toEqual([2, 7, 8]);
    const record = recordToSession(
      encodeSessionRecord({ currentSession: foreign(), previousSessions: [foreign()], moreSessions: [] }),
    );
    expect(recordToSession(sessionToRecord(record, LOCAL))).toEqual(record);
  });

  test("keeps skipped message keys without seeds", () => {
    const messageKeys = [
      { index: 3, cipherKey: key(32, 1), macKey: key(32, 2), iv: key(16, 3) },
      { index: 5 },
    ];
    const chains = [{ senderRatchetKey: key(33, 11), chainKey: { index: 9, key: key(32, 6) }, messageKeys }];
    const record = encodeSessionRecord({
      currentSession: foreign({ receiverChains: chains }),
      previousSessions: [],
      moreSessions: [],
    });
    const back = decodeSessionRecord(sessionToRecord(recordToSession(record), LOCAL)).currentSession
      ?.receiverChains[0];
    expect(back?.messageKeys.length).toBe(1);
    expect(back?.messageKeys[0]).toMatchObject(messageKeys[0] ?? {});
  });

  test("ignores an empty structure", () => {
    expect(toNode(foreign({ rootKey: undefined }))).toEqual([]);
    expect(recordToSession(new Uint8Array(0))).toEqual({ _sessions: {}, version: "v1" });
    expect(sessionToRecord({ _sessions: {}, version: "v1" }, LOCAL)).toEqual(new Uint8Array(0));
  });

  test("rejects invalid structures", () => {
    expect(() => toNode(foreign({ sessionVersion: 2 }))).toThrow(CorruptError);
    expect(() => toNode(foreign({ remoteIdentityPublic: undefined }))).toThrow(CorruptError);
    expect(() => toNode(foreign({ aliceBaseKey: undefined, pendingPreKey: { signedPreKeyId: 1 } }))).toThrow(
      CorruptError,
    );
    expect(() => recordToSession(Uint8Array.of(0x0a, 5, 1))).toThrow(CorruptError);
    expect(() =>
      toNode(foreign({ node: { closed: 2n ** 60n } }), foreign({ node: { used: 2n ** 60n } })),
    ).toThrow(CorruptError);
  });
});

describe("sessionToRecord with other input", () => {
  test("reads JSON as text or bytes", () => {
    const record = recordOf(sampleSession());
    const bytes = sessionToRecord(record, LOCAL);
    expect(sessionToRecord(JSON.stringify(record), LOCAL)).toEqual(bytes);
    expect(sessionToRecord(Buffer.from(JSON.stringify(record)), LOCAL)).toEqual(bytes);
  });

  test("reads bytes in any of Baileys' encodings", () => {
    const text = JSON.stringify(recordOf(sampleSession()));
    const root = JSON.stringify(encodeBase64(ROOT));
    const expected = sessionToRecord(text, LOCAL);
    for (const value of [
      { type: "Buffer", data: encodeBase64(ROOT) },
      { type: "Buffer", data: [...ROOT] },
      { ...ROOT },
    ]) {
      expect(sessionToRecord(text.replace(root, JSON.stringify(value)), LOCAL)).toEqual(expected);
    }
  });

  test("applies the registration id of a record without version", () => {
    const { registrationId: _, ...bare } = sampleSession();
    const old = { _sessions: { [bare.indexInfo.baseKey]: bare }, registrationId: 31 };
    expect(Object.values(recordToSession(sessionToRecord(old, LOCAL))._sessions)[0]?.registrationId).toBe(31);
  });

  test.each<[string, unknown]>([
    ["nothing", undefined],
    ["a number", 1],
    ["an array", []],
    ["text that is not JSON", "{"],
    ["bytes that are not UTF-8", Uint8Array.of(0xff)],
    ["an unknown version", { ...recordOf(), version: "v2" }],
    ["a session that is not an object", { _sessions: { a: 1 }, version: "v1" }],
    ["a session under another name", { _sessions: { AAAA: sampleSession() }, version: "v1" }],
    [
      "a negative counter",
      recordOf(sampleSession({ currentRatchet: { ...sampleSession().currentRatchet, previousCounter: -2 } })),
    ],
    [
      "a signed pre-key id out of range",
      recordOf(sampleSession({ pendingPreKey: { signedKeyId: 2 ** 31, baseKey: encodeBase64(key(33, 1)) } })),
    ],
    [
      "a chain of an unknown type",
      recordOf(
        sampleSession({
          _chains: {
            [encodeBase64(key(33, 1))]: { chainKey: { counter: 0 }, chainType: 3, messageKeys: {} },
          },
        }),
      ),
    ],
    [
      "a message key without index",
      recordOf(
        sampleSession({
          _chains: {
            [encodeBase64(key(33, 1))]: { chainKey: { counter: 0 }, chainType: 2, messageKeys: { x: "" } },
          },
        }),
      ),
    ],
  ])("rejects %s", (_, value) => {
    expect(() => sessionToRecord(value, LOCAL)).toThrow(CorruptError);
  });

  test("distinguishes a key of a wrong length", () => {
    const bad = { ...sampleSession().currentRatchet, rootKey: encodeBase64(key(31, 9)) };
    expect(() => sessionToRecord(recordOf(sampleSession({ currentRatchet: bad })), LOCAL)).toThrow(
      WrongLengthError,
    );
    expect(() => sessionToRecord(recordOf(sampleSession({ currentRatchet: bad })), LOCAL)).toThrow(
      /^convert session: the root key is 31 bytes, expected 32$/,
    );
  });
});
