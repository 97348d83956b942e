/**
 * Counts the keys of a chain that are skipped because a client ended, with and without closing its account.
 */

import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import type { Backend, SignalCacheReads } from "../../src/backend/mod.ts";
import { liveSenderKeyCodec, liveSessionCodec } from "../../src/ratchet/mod.ts";
import type { Durability } from "../../src/signal/mod.ts";
import { SignalStoreCache } from "../../src/signal/mod.ts";
import { fakeHost, SeededRandom } from "../../src/testing/mod.ts";
import { WriteBehind } from "../../src/write_behind/mod.ts";
import { accountClient, inFolder, type Message, Peers } from "./conversation.ts";

const DURABILITIES: readonly Durability[] = ["strict", "relaxed"];

const RESTARTS = 40;

/**
 * Number of unused keys on the one chain on which a client sends over 40 openings of different lengths, each
 * closed.
 */
export function keysBurnedByClosing(): Promise<number> {
  return inFolder(async () => {
    let burned = 0;
    for (const durability of DURABILITIES) burned += await burnedByRestarts(durability);
    return burned;
  });
}

/** Number of messages of an opening: mostly few, sometimes enough for the greatest lease. */
function lengthOf(opening: number): number {
  return opening % 10 === 0 ? 100 : 1 + (opening % 7);
}

async function burnedByRestarts(durability: Durability): Promise<number> {
  const database = new MemoryDatabase();
  const peers = await Peers.make(1);
  const random = new SeededRandom(40);
  const counters: number[] = [];
  const chains = new Set<string>();
  for (let opening = 1; opening <= RESTARTS; opening++) {
    const client = await accountClient(memoryBackend({ database }), { durability, opening });
    if (opening === 1) {
      // The peer has answered, so the client stays on one chain from here on.
      await peers.carry(client, { peer: 0, isSent: true, afterMs: 0 });
      await peers.carry(client, { peer: 0, isSent: false, afterMs: 0 });
    }
    for (let sent = 0; sent < lengthOf(opening); sent++) {
      // Most messages follow at once; after some there is a pause, in which the account releases its leases.
      const afterMs = random.below(8) === 0 ? 10_000 + random.below(60_000) : random.below(1_000);
      const name = await peers.carry(client, { peer: 0, isSent: true, afterMs });
      const [chain = "", counter] = name?.split("#") ?? [];
      chains.add(chain);
      counters.push(Number(counter));
    }
    await client.close();
  }
  if (chains.size !== 1) throw new Error(`the client sent on ${chains.size} chains`);
  return Math.max(...counters) + 1 - counters.length;
}

/** Messages of one conversation in which the client may crash. */
const MESSAGES = 1_500;

/**
 * The maximum number of keys that one crash costs at any point of a conversation. Only commits change the
 * stored state.
 */
export function mostKeysBurnedByCrash(): Promise<number> {
  return inFolder(async () => {
    let most = 0;
    for (const durability of DURABILITIES) {
      const peers = await Peers.make(1);
      const backend = memoryBackend();
      const watched = afterEachCommit(backend, async () => {
        most = Math.max(most, await burnedByReopening(backend, peers.addressOf(0)));
      });
      const client = await accountClient(watched, { durability });
      for (const message of restless(MESSAGES)) await peers.carry(client, message);
      await client.close();
    }
    return most;
  });
}

/** Runs of up to 200 messages in one direction, fast and slow, with pauses. */
function* restless(count: number): Generator<Message> {
  const random = new SeededRandom(64);
  let isSent = true;
  for (let left = count; left > 0; ) {
    const run = Math.min(left, 1 + (random.below(3) === 0 ? random.below(200) : random.below(6)));
    const paceMs = random.pick([0, 50, 1_000, 3_000]);
    for (let message = 0; message < run; message++) {
      yield { peer: 0, isSent, afterMs: random.below(40) === 0 ? random.below(120_000) : paceMs };
    }
    isSent = !isSent;
    left -= run;
  }
}

/** The same backend, with a callback after each commit and before its answer. */
function afterEachCommit(backend: Backend, then: () => Promise<void>): Backend {
  const commit: Backend["commit"] = async (writes, options) => {
    const changed = await backend.commit(writes, options);
    await then();
    return changed;
  };
  return new Proxy(backend, {
    get(target, name) {
      if (name === "commit") return commit;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

/**
 * Number of keys that a cache of another incarnation burns when it reads the session of an address. Writes
 * nothing.
 */
async function burnedByReopening(reads: SignalCacheReads, address: string): Promise<number> {
  const host = fakeHost({ seed: 99 });
  const engine = new WriteBehind({ committer: memoryBackend(), host });
  const cache = new SignalStoreCache({
    reads,
    engine,
    host,
    sessionCodec: liveSessionCodec,
    senderKeyCodec: liveSenderKeyCodec,
    isOwnSenderKey: () => false,
  });
  await cache.sessions.load(address);
  return cache.stats.burnedKeys;
}
