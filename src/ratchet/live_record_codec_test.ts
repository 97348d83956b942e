/** The cache with real records, the real engine and a real backend, which other tests replace by models. */
import { describe, expect, test } from "vitest";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import { type Backend, CommitQueue } from "../backend/mod.ts";
import { SignalStoreCache } from "../signal/signal_store_cache.ts";
import { fakeHost } from "../testing/mod.ts";
import { WriteBehind } from "../write_behind/mod.ts";
import { liveSenderKeyCodec, liveSessionCodec } from "./live_record_codec.ts";
import { SenderKeyRecord } from "./sender_key_record.ts";
import { SenderKeyState } from "./sender_key_state.ts";
import { SessionChain } from "./session_chain.ts";
import { SessionRecord } from "./session_record.ts";
import { SessionState } from "./session_state.ts";

const PEER = "100000000000002:2@lid.0";
const OURS = "120363000000000001@g.us:100000000000001:1@lid.0";

interface Incarnation {
  readonly backend: Backend;
  readonly cache: SignalStoreCache<SessionRecord, SenderKeyRecord>;
}

/**
 * One incarnation of a process over the database. It is never closed: the next incarnation starts after a
 * crash.
 */
async function live(database: MemoryDatabase, seed: number): Promise<Incarnation> {
  const host = fakeHost({ seed });
  const backend = memoryBackend({ database, clock: host.clock });
  const engine = new WriteBehind({ committer: await CommitQueue.take(backend, host), host });
  const cache = new SignalStoreCache({
    reads: backend,
    engine,
    host,
    sessionCodec: liveSessionCodec,
    senderKeyCodec: liveSenderKeyCodec,
    isOwnSenderKey: (name) => name === OURS,
  });
  engine.addFlushable(cache.flushable);
  return { backend, cache };
}

function publicKey(name: number): Uint8Array {
  return new Uint8Array(33).fill(name).fill(5, 0, 1);
}

/** A session whose sending chain has used the counters below `index`. */
function sessionAt(index: number): SessionRecord {
  const state = new SessionState();
  state.remoteIdentityPublic = publicKey(1);
  state.rootKey = new Uint8Array(32).fill(2);
  state.aliceBaseKey = publicKey(3);
  state.senderChain = SessionChain.create({
    ratchetKey: publicKey(4),
    ratchetKeyPrivate: new Uint8Array(32),
    chainKey: new Uint8Array(32).fill(5),
    index,
  });
  const record = new SessionRecord();
  record.startSession(state);
  return record;
}

/** Our own sender key after `iteration` messages. */
function senderKeyAt(iteration: number): SenderKeyRecord {
  const record = new SenderKeyRecord();
  record.putState(
    SenderKeyState.create({
      keyId: 7,
      iteration,
      seed: new Uint8Array(32).fill(6),
      signingPublic: publicKey(8),
      signingPrivate: new Uint8Array(32).fill(9),
    }),
  );
  return record;
}

describe("SignalStoreCache over a real backend", () => {
  test("burns a session's keys after a crash", async () => {
    const database = new MemoryDatabase();
    const { backend, cache } = await live(database, 1);
    let bound = 0;
    for (let index = 1; index <= 20; index += 1) {
      await cache.sessions.put(PEER, sessionAt(index));
      await cache.publishable([PEER]);
      bound = (await backend.loadSessionRow(PEER))?.lease?.reservedUntil ?? 0;
      expect(bound).toBeGreaterThanOrEqual(index);
    }
    const after = await live(database, 2);
    const loaded = await after.cache.sessions.load(PEER);
    expect(loaded?.sendingChain?.next).toBe(bound);
  });

  test("burns keys of our own sender key after a crash", async () => {
    const database = new MemoryDatabase();
    const { backend, cache } = await live(database, 1);
    await cache.senderKeys.put(OURS, senderKeyAt(1));
    await cache.publishable([OURS]);
    const bound = (await backend.loadSenderKeyRow(OURS))?.lease?.reservedUntil ?? 0;
    expect(bound).toBeGreaterThanOrEqual(1);
    const after = await live(database, 2);
    const loaded = await after.cache.senderKeys.load(OURS);
    expect(liveSenderKeyCodec.sendingChain(loaded ?? new SenderKeyRecord())?.next).toBe(bound);
  });

  test("burns nothing after a clean close", async () => {
    const database = new MemoryDatabase();
    const { cache } = await live(database, 1);
    for (let index = 1; index <= 40; index += 1) {
      await cache.sessions.put(PEER, sessionAt(index));
      await cache.publishable([PEER]);
    }
    await cache.releaseLeases();
    const after = await live(database, 2);
    expect((await after.cache.sessions.load(PEER))?.sendingChain?.next).toBe(40);
  });

  test("rejects a record that goes back on its chain", async () => {
    const { cache } = await live(new MemoryDatabase(), 1);
    await cache.sessions.put(PEER, sessionAt(5));
    await expect(cache.sessions.put(PEER, sessionAt(4))).rejects.toThrow();
    expect((await cache.sessions.load(PEER))?.sendingChain?.next).toBe(5);
  });
});
