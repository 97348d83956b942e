import { describe, expect, test } from "vitest";
import { OUR_KEY } from "../../test/support/signal/cache_world.ts";
import { FakeRows } from "../../test/support/signal/fake_rows.ts";
import { SignalStoreCache } from "../signal/signal_store_cache.ts";
import { fakeHost } from "../testing/mod.ts";
import { WriteBehind } from "../write_behind/mod.ts";
import { liveSenderKeyCodec, liveSessionCodec } from "./live_record_codec.ts";
import { SenderKeyRecord } from "./sender_key_record.ts";
import { SenderKeyState } from "./sender_key_state.ts";
import { SessionChain } from "./session_chain.ts";
import { SessionRecord } from "./session_record.ts";
import { SessionState } from "./session_state.ts";

const PEER = "100000000000001@lid.0";
const PHONE = "5511999990000@c.us.0";

type Cache = SignalStoreCache<SessionRecord, SenderKeyRecord>;

/** One incarnation of a cache of the real records. */
function open(rows: FakeRows, seed: number): { cache: Cache; engine: WriteBehind } {
  const host = fakeHost({ seed });
  const engine = new WriteBehind({ committer: rows, host });
  const cache = new SignalStoreCache({
    reads: rows,
    engine,
    host,
    sessionCodec: liveSessionCodec,
    senderKeyCodec: liveSenderKeyCodec,
    isOwnSenderKey: (name) => name === OUR_KEY,
  });
  engine.addFlushable(cache.flushable);
  return { cache, engine };
}

function publicKey(n: number): Uint8Array {
  const key = new Uint8Array(33).fill(n);
  key[0] = 5;
  return key;
}

function chainOf(n: number): SessionChain {
  return SessionChain.create({
    ratchetKey: publicKey(n),
    ratchetKeyPrivate: new Uint8Array(32).fill(n),
    chainKey: new Uint8Array(32).fill(n),
  });
}

function session(n: number): SessionState {
  const state = new SessionState();
  state.remoteIdentityPublic = publicKey(1);
  state.rootKey = new Uint8Array(32).fill(n);
  state.aliceBaseKey = publicKey(n);
  state.senderChain = chainOf(n);
  return state;
}

/** Sends `count` messages and returns their seeds. */
async function send(cache: Cache, address: string, count: number): Promise<string[]> {
  const seeds: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const record = await cache.sessions.load(address);
    const chain = record?.sendingChain;
    if (record?.current === undefined || chain === undefined) throw new Error("send: no session");
    seeds.push(String(chain.messageSeed()));
    record.current.senderChain = chain.fastForward(chain.next + 1);
    if ((await cache.sessions.put(address, record)).gated) await cache.publishable([address]);
  }
  return seeds;
}

describe("SignalStoreCache over real records", () => {
  test("repeats no message key over crashes", async () => {
    const rows = new FakeRows();
    const chain: string[] = [];
    for (let at = chainOf(7); chain.length < 600; at = at.fastForward(at.next + 1))
      chain.push(String(at.messageSeed()));
    const record = new SessionRecord();
    record.startSession(session(7));
    const first = open(rows, 1);
    await first.cache.sessions.put(PEER, record);
    await first.engine.flush();
    const seeds: string[] = [];
    for (let opening = 2; opening < 9; opening += 1)
      seeds.push(...(await send(open(rows, opening).cache, PEER, opening * 5)));
    expect(new Set(seeds).size).toBe(seeds.length);
    const places = seeds.map((seed) => chain.indexOf(seed));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places[0]).toBe(0);
  });

  test("burns the replaced session for a new base key, not for a step", async () => {
    const { cache } = open(new FakeRows(), 1);
    const record = new SessionRecord();
    record.startSession(session(7));
    await cache.sessions.put(PEER, record);
    await send(cache, PEER, 4);
    const stepped = (await cache.sessions.load(PEER)) as SessionRecord;
    if (stepped.current !== undefined) stepped.current.senderChain = chainOf(8);
    await cache.sessions.put(PEER, stepped);
    expect(cache.sessions.peek(PEER)?.archivedCount).toBe(0);
    await send(cache, PEER, 1);
    const begun = (await cache.sessions.load(PEER)) as SessionRecord;
    begun.startSession(session(9));
    await cache.sessions.put(PEER, begun);
    // Reservations were 1, 2, 4 on the first chain, and 8 on the second.
    expect(cache.sessions.peek(PEER)?.archived(0).senderChain?.next).toBe(8);
    const promoted = (await cache.sessions.load(PEER)) as SessionRecord;
    promoted.promote(0);
    expect(await cache.sessions.put(PEER, promoted)).toEqual({ gated: true });
  });

  test("joins real sessions on a move, with burned chains", async () => {
    const rows = new FakeRows();
    const { cache } = open(rows, 1);
    for (const [address, n] of [
      [PHONE, 7],
      [PEER, 8],
    ] as const) {
      const record = new SessionRecord();
      record.startSession(session(n));
      await cache.sessions.put(address, record);
    }
    await send(cache, PHONE, 4);
    await send(cache, PEER, 2);
    await cache.moveUser("5511999990000", "100000000000001");
    const joined = await open(rows, 2).cache.sessions.load(PEER);
    expect(joined?.sendingChain?.id).toBe(chainOf(8).id);
    expect(joined?.archived(0).senderChain?.next).toBe(7);
    expect(rows.sessions.has(PHONE)).toBe(false);
  });

  test("closes a session with too many burned keys, which receives", async () => {
    const rows = new FakeRows();
    const record = new SessionRecord();
    record.startSession(session(7));
    rows.sessions.set(PEER, {
      record: record.encode(),
      lease: { reservedUntil: 1_500, incarnation: "e".repeat(32), burned: 0 },
    });
    const { cache } = open(rows, 1);
    const closed = await cache.sessions.load(PEER);
    expect([closed?.current, closed?.archivedCount]).toEqual([undefined, 1]);
    expect(closed?.archived(0).senderChain?.chainKey).toBeUndefined();
    expect(closed?.archived(0).senderChain?.ratchetKeyPrivate).toHaveLength(32);
  });

  test("keeps no message key of our own sent messages", async () => {
    const rows = new FakeRows();
    const { cache, engine } = open(rows, 1);
    const own = SenderKeyState.create({
      keyId: 7,
      seed: new Uint8Array(32).fill(7),
      signingPublic: publicKey(7),
      signingPrivate: new Uint8Array(32).fill(7),
    });
    const record = new SenderKeyRecord();
    record.putState(own.withMessageKeys([{ iteration: 0, seed: new Uint8Array(32) }]).fastForward(2));
    expect(await cache.senderKeys.put(OUR_KEY, record)).toEqual({ gated: true });
    expect(cache.senderKeys.peek(OUR_KEY)?.sendingState?.messageKeyCount).toBe(0);
    await engine.flush();
    expect(rows.senderKeys.get(OUR_KEY)?.lease?.reservedUntil).toBe(2);
  });
});
