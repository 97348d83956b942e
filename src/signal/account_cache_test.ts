import { describe, expect, test } from "vitest";
import { openAccount } from "../account/mod.ts";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import type { SnapshotSink } from "../device/mod.ts";
import {
  liveSenderKeyCodec,
  liveSessionCodec,
  type SenderKeyRecord,
  SessionChain,
  SessionRecord,
  SessionState,
} from "../ratchet/mod.ts";
import { type FakeHost, fakeHost } from "../testing/mod.ts";
import { type SignalPolicy, type SignalStoreCache, signalCache } from "./mod.ts";

const PEER = "100000000000002:2@lid.0";
const PN_PEER = "5511999990000:2@c.us.0";

interface Opening {
  readonly seed?: number;
  readonly signal?: SignalPolicy;
  readonly snapshotSink?: SnapshotSink;
}

/** One database; each opening is a separate process. */
class World {
  readonly database = new MemoryDatabase();
  host: FakeHost = fakeHost();

  async open({ seed = 1, signal, snapshotSink }: Opening = {}) {
    this.host = fakeHost({ seed });
    const { database, host } = this;
    const backend = memoryBackend({ database, clock: host.clock });
    const account = await openAccount({ backend, host, signal, snapshotSink });
    return { account, cache: signalCache(account) };
  }

  async lease(address: string): Promise<number | undefined> {
    const row = await memoryBackend({ database: this.database }).loadSessionRow(address);
    return row?.lease?.reservedUntil;
  }
}

function publicKey(name: number): Uint8Array {
  return new Uint8Array(33).fill(name).fill(5, 0, 1);
}

function freshSession(): SessionState {
  const state = new SessionState();
  state.remoteIdentityPublic = publicKey(1);
  state.rootKey = new Uint8Array(32).fill(2);
  state.aliceBaseKey = publicKey(3);
  state.senderChain = SessionChain.create({
    ratchetKey: publicKey(4),
    ratchetKeyPrivate: new Uint8Array(32),
    chainKey: new Uint8Array(32).fill(5),
  });
  return state;
}

/** Sends one message on the session of an address and returns its counter. */
async function send(
  cache: SignalStoreCache<SessionRecord, SenderKeyRecord>,
  address: string,
): Promise<number> {
  return await cache.withAddress(address, async (canonical) => {
    const record = (await cache.sessions.load(canonical)) ?? new SessionRecord();
    if (record.sendingChain === undefined) record.startSession(freshSession());
    const chain = record.sendingChain as SessionChain;
    const counter = chain.next;
    if (record.current !== undefined) record.current.senderChain = chain.fastForward(counter + 1);
    const { gated } = await cache.sessions.put(canonical, record);
    if (gated) await cache.publishable([canonical]);
    return counter;
  });
}

describe("signalCache", () => {
  test("returns one cache per account and rejects other codecs", async () => {
    const { account, cache } = await new World().open();
    expect(signalCache(account)).toBe(cache);
    const same = { sessions: liveSessionCodec, senderKeys: liveSenderKeyCodec };
    expect(signalCache(account, same)).toBe(cache);
    const other = { ...same, sessions: { ...liveSessionCodec } };
    expect(() => signalCache(account, other)).toThrow(TypeError);
    await account.close();
  });

  test("stores exact counters in a pause, also without dirty entries", async () => {
    const world = new World();
    const { account, cache } = await world.open();
    for (let n = 0; n < 4; n += 1) await send(cache, PEER);
    expect(cache.stats.dirty).toBe(0);
    expect(await world.lease(PEER)).toBe(7);
    await world.host.scheduler.advance(8_000);
    expect(await world.lease(PEER)).toBe(4);
    const { commits } = account.stats();
    await world.host.scheduler.advance(600_000);
    expect(account.stats().commits).toBe(commits);
    // The process crashes here, and the next one burns nothing.
    expect(await send((await world.open({ seed: 2 })).cache, PEER)).toBe(4);
  });

  test("takes a snapshot of exact counters", async () => {
    const world = new World();
    const leases: (number | undefined)[] = [];
    const snapshotSink = async (): Promise<void> => {
      leases.push(await world.lease(PEER));
    };
    const { account, cache } = await world.open({ snapshotSink });
    for (let n = 0; n < 4; n += 1) await send(cache, PEER);
    expect(await world.lease(PEER)).toBe(7);
    await account.device.createSnapshot("export");
    expect(leases).toEqual([4]);
    await account.close();
  });

  test("writes one row per message of a chat with one message per pause", async () => {
    const world = new World();
    const { account, cache } = await world.open();
    await send(cache, PEER);
    await world.host.scheduler.advance(20_000);
    const before = account.stats().rowsWritten;
    for (let n = 0; n < 20; n += 1) {
      await send(cache, PEER);
      await world.host.scheduler.advance(20_000);
    }
    expect(account.stats().rowsWritten - before).toBe(20);
  });

  test("burns nothing after a close, and leased keys after a crash", async () => {
    const world = new World();
    const first = await world.open({ seed: 1 });
    for (let n = 0; n < 4; n += 1) await send(first.cache, PEER);
    await first.account.close();
    const second = await world.open({ seed: 2 });
    expect(await send(second.cache, PEER)).toBe(4);
    expect(await send(second.cache, PEER)).toBe(5);
    expect(await world.lease(PEER)).toBe(7);
    const third = await world.open({ seed: 3 });
    expect(await send(third.cache, PEER)).toBe(7);
  });

  test("keeps state under the LID of a mapped number, also hosted", async () => {
    const { account, cache } = await new World().open();
    const known = { lid: "100000000000002", phoneNumber: "5511999990000", createdAt: 1, updatedAt: 1 };
    await account.commitWith([{ kind: "lidMapping.put", entries: [{ ...known, learningSource: "usync" }] }]);
    const seen: string[] = [];
    for (const address of [PN_PEER, "5511999990000:99@hosted.0", "5511999990001@c.us.0", PEER]) {
      await cache.withAddress(address, async (canonical) => void seen.push(canonical));
    }
    expect(seen).toEqual([PEER, "100000000000002:99@hosted.lid.0", "5511999990001@c.us.0", PEER]);
    await account.close();
  });

  test("stores a restore epoch and closes older rows from then on", async () => {
    const world = new World();
    const before = await world.open({ seed: 1 });
    for (const address of [PEER, PN_PEER]) await send(before.cache, address);
    await before.account.close();
    const restored = await world.open({ seed: 2, signal: { restoreEpoch: 3 } });
    expect((await restored.cache.sessions.load(PEER))?.current).toBeUndefined();
    expect((await restored.cache.sessions.load(PEER))?.archivedCount).toBe(1);
    await restored.account.close();
    // Omitted or smaller: the greatest one applies.
    for (const signal of [{}, { restoreEpoch: 1 }]) {
      const later = await world.open({ seed: 3, signal });
      expect((await later.cache.sessions.load(PN_PEER))?.sendingChain).toBeUndefined();
      expect(later.account.signalPolicy.restoreEpoch).toBe(3);
      expect(await send(later.cache, PEER)).toBe(0);
      await later.cache.sessions.delete(PEER);
      await later.account.close();
    }
  });

  test("rejects a restore epoch out of range", async () => {
    for (const restoreEpoch of [-1, 1.5, 2 ** 32]) {
      await expect(new World().open({ signal: { restoreEpoch } })).rejects.toThrow(RangeError);
    }
  });

  test("throws for our own unreadable sender key only", async () => {
    const world = new World();
    const { account, cache } = await world.open();
    account.device.modifyDevice((draft) => {
      draft.pn = "5511999990009:7@s.whatsapp.net";
      draft.lid = "100000000000009:7@lid";
    });
    const group = "120363000000000001@g.us";
    const names = ["5511999990009:7@c.us.0", "100000000000009:7@lid.0", "100000000000009:8@lid.0"];
    for (const name of names) await account.store.putSenderKey(`${group}:${name}`, Uint8Array.of(0xff));
    const [byPn, byLid, other] = names.map((name) => cache.senderKeys.load(`${group}:${name}`));
    await expect(byPn).rejects.toThrow("our own sender key cannot be read");
    await expect(byLid).rejects.toThrow("our own sender key cannot be read");
    expect(await other).toBeUndefined();
    await account.close();
  });
});

describe("Account.close", () => {
  test("frees the memory of the account's Signal cache, also without a last flush", async () => {
    for (const isFailing of [false, true]) {
      const { account, cache } = await new World().open();
      await cache.sessions.load(PEER);
      const record = new SessionRecord();
      record.startSession(freshSession());
      await cache.sessions.put(PN_PEER, record);
      expect(cache.stats).toMatchObject({ sessions: 2, dirty: 1 });
      // The engine saves nothing any more.
      if (isFailing) account.writeBehind.abandon();
      await account.close().catch(() => {});
      await Promise.resolve();
      await Promise.resolve();
      expect(cache.stats).toMatchObject({ sessions: 0, dirty: 0, heapBytes: 0 });
    }
  });
});
