/** Cached sessions of libsignal-node in real conversations. */

import { WhisperMessage } from "libsignal/src/protobufs.js";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { dose } from "../../test/support/dose.ts";
import { type Ciphertext, LibraryPeer, type SessionCodec } from "../../test/support/signal/library_peer.ts";
import { CorruptError } from "../errors/mod.ts";
import { SeededRandom } from "../testing/mod.ts";
import { type LocalIdentity, type NodeRecordJson, sessionToRecord } from "./convert/mod.ts";
import { NodeSessionRecord, nodeSessionCodec } from "./node_session_record.ts";

/** Sessions stored as in the cache: each record is derived from the previous one. */
function cached(check: (record: NodeSessionRecord, peer: LibraryPeer) => void = () => {}) {
  let before: NodeSessionRecord | undefined;
  const codec: SessionCodec<NodeSessionRecord> = {
    store(json, peer) {
      before = NodeSessionRecord.of(json, before);
      check(before, peer);
      return before;
    },
    load: (record) => record.json,
  };
  return codec as SessionCodec<never>;
}

function localOf(peer: LibraryPeer): LocalIdentity {
  return { localIdentityPublic: peer.identity.pubKey, localRegistrationId: peer.registrationId };
}

function recordOf(peer: LibraryPeer, other: LibraryPeer): NodeSessionRecord {
  return peer.sessions.get(`${other.name}.0`) as NodeSessionRecord;
}

function keep(peer: LibraryPeer, other: LibraryPeer, record: NodeSessionRecord): void {
  peer.sessions.set(`${other.name}.0`, record);
}

function counterOf({ type, body }: Ciphertext): number {
  expect(type).toBe(1);
  return WhisperMessage.decode(body.subarray(1, body.length - 8)).counter;
}

/** Two peers that have answered each other. */
async function talking(codec = cached()): Promise<[LibraryPeer, LibraryPeer]> {
  const [alice, bob] = [new LibraryPeer("alice", codec), new LibraryPeer("bob", cached())];
  await alice.open(bob, 1);
  expect(await bob.decrypt(alice, await alice.encrypt(bob, "hello"))).toBe("hello");
  expect(await alice.decrypt(bob, await bob.encrypt(alice, "hi"))).toBe("hi");
  return [alice, bob];
}

beforeEach(() => {
  // libsignal-node logs whole sessions.
  for (const method of ["info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
  let now = 1_700_000_000_000;
  vi.spyOn(Date, "now").mockImplementation(() => ++now);
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe("NodeSessionRecord", () => {
  test.each(dose({ short: [1], long: [1, 2, 3] }))(
    "encodes as the converter does, and decodes again (seed %i)",
    async (seed) => {
      const random = new SeededRandom(seed);
      const shared = { local: undefined as LocalIdentity | undefined };
      const codec = nodeSessionCodec(() => shared.local as LocalIdentity);
      let closedAtMost = 0;
      const faults: unknown[] = [];
      const compare = (record: NodeSessionRecord, peer: LibraryPeer): void => {
        shared.local = localOf(peer);
        const bytes = codec.encode(record);
        expect(bytes).toEqual(sessionToRecord(record.json, shared.local));
        const back = codec.decode(bytes);
        expect(back.json).toEqual(record.json);
        expect(codec.sendingChain(back)).toEqual(codec.sendingChain(record));
        expect(codec.encode(codec.copy(back))).toEqual(bytes);
        closedAtMost = Math.max(closedAtMost, Object.keys(record.json._sessions).length - 1);
      };
      const check = (record: NodeSessionRecord, peer: LibraryPeer): void => {
        try {
          compare(record, peer);
        } catch (error) {
          faults.push(error);
        }
      };
      const [alice, bob] = await talking(cached(check));
      const mail: Ciphertext[] = [];
      for (let step = 0; step < 80; step += 1) {
        const act = random.below(12);
        if (act === 0) await alice.open(bob, 100 + step);
        else if (act === 1) await bob.open(alice, 100 + step);
        // When two sessions cross, libsignal-node itself cannot read everything.
        else if (act < 6)
          await bob.decrypt(alice, await alice.encrypt(bob, `${step}`)).catch(() => undefined);
        else if (act < 9) mail.push(await bob.encrypt(alice, `${step}`));
        const [letter] = mail.splice(random.below(Math.max(1, mail.length)), random.below(2));
        if (letter !== undefined) await alice.decrypt(bob, letter).catch(() => undefined);
      }
      expect(faults).toEqual([]);
      expect(closedAtMost).toBeGreaterThan(3);
    },
  );

  test("encodes more closed sessions than the standard archives", async () => {
    const [alice, bob] = await talking();
    const { json } = recordOf(alice, bob);
    const [[, session] = []] = Object.entries(json._sessions);
    const sessions: NodeRecordJson["_sessions"] = {};
    for (let n = 0; n < 43; n += 1) {
      const baseKey = Buffer.concat([Buffer.of(5), Buffer.alloc(32, n + 1)]).toString("base64");
      sessions[baseKey] = structuredClone(session) as NonNullable<typeof session>;
      Object.assign(sessions[baseKey]?.indexInfo ?? {}, { baseKey, closed: n === 42 ? -1 : n + 1 });
    }
    const codec = nodeSessionCodec(() => localOf(alice));
    const record = NodeSessionRecord.of({ ...json, _sessions: sessions });
    expect(codec.decode(codec.encode(record)).json).toEqual(record.json);
  });

  test("encodes again for another local identity", async () => {
    const [alice, bob] = await talking();
    await alice.open(bob, 2);
    const record = recordOf(alice, bob);
    const other = { ...localOf(alice), localRegistrationId: 77 };
    expect(record.encode(localOf(alice))).toEqual(sessionToRecord(record.json, localOf(alice)));
    expect(record.encode(other)).toEqual(sessionToRecord(record.json, other));
  });

  test("returns the open session's chain, the same until a send", async () => {
    const [alice, bob] = await talking();
    const codec = nodeSessionCodec(() => localOf(alice));
    const before = recordOf(alice, bob);
    expect(codec.sendingChain(before)).toEqual({ id: before.sending?.id, next: 0, isResumed: false });
    const mail = [await bob.encrypt(alice, "1"), await bob.encrypt(alice, "2")] as const;
    await alice.decrypt(bob, mail[1]);
    await alice.decrypt(bob, mail[0]);
    expect(codec.sendingMark(recordOf(alice, bob))).toBe(codec.sendingMark(before));
    await alice.encrypt(bob, "3");
    const after = recordOf(alice, bob);
    expect(codec.sendingMark(after)).not.toBe(codec.sendingMark(before));
    expect(after.sending).toEqual({ ...before.sending, next: 1 });
    expect(codec.isNewStart(before, after)).toBe(false);
    await alice.open(bob, 2);
    expect(codec.isNewStart(after, recordOf(alice, bob))).toBe(true);
  });

  test.each([1, 7, 64, 1_999])("continues after %i burned keys, and the peer reads on", async (burned) => {
    const [alice, bob] = await talking();
    const record = recordOf(alice, bob).copy();
    const chain = record.sending?.id ?? "";
    record.fastForward(chain, burned);
    expect(record.sending).toEqual({ id: chain, next: burned, isResumed: false });
    record.fastForward(chain, burned - 1);
    expect(record.sending?.next).toBe(burned);
    // No other copy has changed.
    expect(recordOf(alice, bob).sending?.next).toBe(0);
    keep(alice, bob, record);
    const message = await alice.encrypt(bob, "after");
    expect(counterOf(message)).toBe(burned);
    expect(await bob.decrypt(alice, message)).toBe("after");
    expect(await alice.decrypt(bob, await bob.encrypt(alice, "answer"))).toBe("answer");
  });

  test("rejects an invalid fast-forward and changes nothing", async () => {
    const [alice, bob] = await talking();
    const record = recordOf(alice, bob).copy();
    const { json } = record;
    expect(() => record.fastForward(record.sending?.id ?? "", 2_001)).toThrow(RangeError);
    expect(() => record.fastForward("another", 1)).toThrow(RangeError);
    const receiving = Object.entries(json._sessions).flatMap(([, { _chains }]) =>
      Object.keys(_chains).filter((id) => id !== record.sending?.id),
    );
    expect(receiving.length).toBeGreaterThan(0);
    for (const id of receiving) expect(() => record.fastForward(id, 1)).toThrow(RangeError);
    expect(record.json).toBe(json);
  });

  test("burns the chain of a closed session, not the open one", async () => {
    const [alice, bob] = await talking();
    const chain = recordOf(alice, bob).sending?.id ?? "";
    await alice.open(bob, 2);
    const record = recordOf(alice, bob).copy();
    const open = record.sending;
    record.fastForward(chain, 9);
    expect(record.sending).toEqual(open);
    const counters = Object.values(record.json._sessions).map(
      ({ _chains }) => _chains[chain]?.chainKey.counter,
    );
    expect(counters).toContain(8);
  });

  test("has no open session after close and still reads", async () => {
    const [alice, bob] = await talking();
    const codec = nodeSessionCodec(() => localOf(alice));
    const late = [await bob.encrypt(alice, "1"), await bob.encrypt(alice, "2")] as const;
    const record = recordOf(alice, bob).copy();
    codec.close(record);
    expect(codec.sendingChain(record)).toBeUndefined();
    keep(alice, bob, codec.decode(codec.encode(record)));
    expect(recordOf(alice, bob).json).toEqual(record.json);
    await expect(alice.encrypt(bob, "no")).rejects.toThrow("No open session");
    expect(await alice.decrypt(bob, late[1])).toBe("2");
    await alice.open(bob, 2);
    expect(await bob.decrypt(alice, await alice.encrypt(bob, "again"))).toBe("again");
    expect(await alice.decrypt(bob, late[0])).toBe("1");
    codec.close(codec.copy(NodeSessionRecord.of({ _sessions: {}, version: "v1" })));
  });

  test("closes the chains of closed sessions, too", async () => {
    const [alice, bob] = await talking();
    await alice.open(bob, 2);
    const record = recordOf(alice, bob).copy();
    const sending = () =>
      Object.values(record.json._sessions).map((session) => {
        return session._chains[session.currentRatchet.ephemeralKeyPair.pubKey]?.chainKey.key !== undefined;
      });
    expect(sending()).toEqual([true, true]);
    record.close();
    expect(sending()).toEqual([false, false]);
    expect(Object.values(record.json._sessions).map(({ indexInfo }) => indexInfo.closed === -1)).toEqual([
      false,
      false,
    ]);
  });

  test("appends sessions of another address and reads both", async () => {
    const [alice, bob] = await talking();
    const coming = recordOf(alice, bob);
    const late = await bob.encrypt(alice, "late");
    alice.sessions.clear();
    bob.sessions.clear();
    await alice.open(bob, 2);
    expect(await bob.decrypt(alice, await alice.encrypt(bob, "new"))).toBe("new");
    expect(await alice.decrypt(bob, await bob.encrypt(alice, "here"))).toBe("here");
    const record = recordOf(alice, bob).copy();
    const { sending } = record;
    record.absorb(coming, 12);
    expect(record.sending).toEqual(sending);
    const chain = coming.sending?.id ?? "";
    const sessions = Object.values(record.json._sessions);
    expect(sessions.map(({ indexInfo }) => indexInfo.closed === -1)).toEqual([true, false]);
    expect(sessions[1]?._chains[chain]?.chainKey.counter).toBe(11);
    expect(coming.sending?.next).toBe(0);
    const codec = nodeSessionCodec(() => localOf(alice));
    keep(alice, bob, codec.decode(codec.encode(record)));
    expect(await bob.decrypt(alice, await alice.encrypt(bob, "on"))).toBe("on");
    expect(await alice.decrypt(bob, late)).toBe("late");
  });

  test("continues the joined session, burned, unless too far behind", async () => {
    const [alice, bob] = await talking();
    const coming = recordOf(alice, bob);
    const empty = NodeSessionRecord.of({ _sessions: {}, version: "v1" });
    empty.absorb(coming, 5);
    expect(empty.sending).toEqual({ ...coming.sending, next: 5, isResumed: true });
    empty.fastForward(coming.sending?.id ?? "", 6);
    expect(empty.sending?.isResumed).toBe(false);
    keep(alice, bob, empty);
    expect(await bob.decrypt(alice, await alice.encrypt(bob, "on"))).toBe("on");
    const far = NodeSessionRecord.of({ _sessions: {}, version: "v1" });
    far.absorb(coming, 2_001);
    expect(far.sending).toBeUndefined();
  });

  test("stays small in a long conversation", async () => {
    const [alice, bob] = await talking();
    const codec = nodeSessionCodec(() => localOf(alice));
    const record = recordOf(alice, bob).copy();
    const { json } = record;
    codec.prune(record);
    expect(record.json).toBe(json);
    const [[name, session] = []] = Object.entries(json._sessions);
    if (name === undefined || session === undefined) throw new Error("no session");
    const spent = Array.from({ length: 1_000 }, (_, n) => {
      const id = Buffer.concat([Buffer.of(5), Buffer.alloc(32, n), Buffer.of(n >> 8)]).subarray(0, 33);
      id.writeUInt16BE(n, 1);
      return [id.toString("base64"), { chainKey: { counter: 3 }, chainType: 2, messageKeys: {} }] as const;
    });
    const _chains = { ...Object.fromEntries(spent), ...session._chains };
    const long = NodeSessionRecord.of({ ...json, _sessions: { [name]: { ...session, _chains } } }, record);
    const { sending } = long;
    codec.prune(long);
    expect(codec.sendingMark(long)).toBe(sending);
    const left = Object.keys(long.json._sessions[name]?._chains ?? {});
    expect(left).toEqual([...spent.slice(-512).map(([id]) => id), ...Object.keys(session._chains)]);
    expect(codec.decode(codec.encode(long)).json).toEqual(long.json);
    keep(alice, bob, long);
    expect(await alice.decrypt(bob, await bob.encrypt(alice, "on"))).toBe("on");
    expect(await bob.decrypt(alice, await alice.encrypt(bob, "and on"))).toBe("and on");
  });

  test("keeps two states of one session", async () => {
    const [alice, bob] = await talking();
    const older = recordOf(alice, bob);
    await alice.encrypt(bob, "1");
    const record = recordOf(alice, bob).copy();
    record.absorb(older, 1);
    const names = Object.keys(record.json._sessions);
    expect(names).toHaveLength(2);
    expect(record.sending?.next).toBe(1);
    const codec = nodeSessionCodec(() => localOf(alice));
    expect(codec.decode(codec.encode(record)).json).toEqual(record.json);
  });

  test.each([{ a: {} }, { a: { indexInfo: { closed: -1 } } }])(
    "rejects values that are not records",
    (_sessions) => {
      expect(() => NodeSessionRecord.of({ version: "v1", _sessions } as never)).toThrow(CorruptError);
    },
  );
});
