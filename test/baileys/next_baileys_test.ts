/** The next Baileys: a state is copied out of an account and into one by the listings of its keys. */
import type { AuthenticationCreds } from "baileys";
import { makeLibSignalRepository } from "baileys/lib/Signal/libsignal.js";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openAccount } from "../../mod.ts";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { type BaileysAuthState, baileysAuthState } from "../../src/baileys/mod.ts";
import { CorruptError } from "../../src/errors/mod.ts";
import { openPeer, peerOf } from "./holdfast_peer.ts";
import { copyState, type NextState, nextRepository, TYPES, textState } from "./next_baileys.ts";
import { SignalPeer } from "./signal_peer.ts";

const ANNA = "15550000001@s.whatsapp.net";
const BEN = "15550000002@s.whatsapp.net";
const GROUP = "120363000000000001@g.us";
const MANUAL = { saverIntervalMs: "manual", housekeeping: false } as const;

beforeEach(() => {
  // libsignal prints whole sessions.
  for (const method of ["info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** The state fits the next types without a cast of its keys. */
function nextOf({ state }: BaileysAuthState): NextState {
  return { creds: state.creds as unknown as AuthenticationCreds, keys: state.keys };
}

/** A peer over a state of texts, with Baileys' own repository. */
function stockPeer(jid: string, state: NextState): SignalPeer {
  return new SignalPeer({ jid, creds: state.creds, keys: state.keys });
}

async function talk(anna: SignalPeer, ben: SignalPeer, text: string): Promise<void> {
  expect(await ben.receive(anna, await anna.send(ben, text))).toBe(text);
  expect(await anna.receive(ben, await ben.send(anna, `${text} too`))).toBe(`${text} too`);
  const { message, senderKey } = await anna.sendToGroup(GROUP, text);
  await ben.learnSenderKey(GROUP, anna, senderKey);
  expect(await ben.receiveFromGroup(GROUP, anna, message)).toBe(text);
}

/** Values of the types that no conversation makes. */
const OTHERS = {
  "sender-key-memory": { [GROUP]: { [BEN]: true, [ANNA]: false } },
  "app-state-sync-key": { AAAAAPwQ: { keyData: Buffer.alloc(32, 1), timestamp: "7" } },
  "app-state-sync-version": {
    regular: {
      version: 7,
      hash: Buffer.alloc(128, 7),
      indexValueMap: { MQ: { valueMac: Buffer.from([1]) } },
    },
  },
  "lid-mapping": { "15550000003": "100000000000003", "100000000000003_reverse": "15550000003" },
  "device-list": { "15550000004": ["0", "3"] },
  tctoken: { "100000000000003@lid": { token: Buffer.alloc(9, 9), timestamp: "7" } },
};

async function listed(state: NextState): Promise<Map<string, unknown>> {
  const values = new Map<string, unknown>();
  for (const type of TYPES) {
    for await (const [id, value] of state.keys.list?.(type) ?? []) values.set(`${type} ${id}`, value);
  }
  return values;
}

describe("a conversation goes on", () => {
  test("from a state of texts to an account, and back", async () => {
    const bens = await openPeer(BEN, memoryBackend(), MANUAL);
    const stock = textState();
    const preKey = { public: bens.peer.creds.signedIdentityKey.public, private: Buffer.alloc(32, 3) };
    await stock.keys.set({ "pre-key": { 5: preKey }, ...OTHERS } as never);
    const before = stockPeer(ANNA, stock);
    await before.greet(bens.peer, bens.peer.creds.firstUnuploadedPreKeyId);
    await talk(before, bens.peer, "on texts");

    const database = new MemoryDatabase();
    const account = await openAccount({ backend: memoryBackend({ database }), ...MANUAL });
    const state = await baileysAuthState(account);
    const moved = await copyState(stock, nextOf(state), 2);
    await state.saveCreds();
    // The index of tokens and the stock of pre-keys are the account's own.
    expect(moved.missing).toEqual([]);
    const own = moved.unexpected.filter((id) => id !== "tctoken __index");
    expect(own.every((id) => id.startsWith("pre-key "))).toBe(true);
    expect(moved.copied).toMatchObject({ session: 1, "sender-key": 1, "pre-key": 1, "lid-mapping": 2 });
    const { make } = nextRepository(makeLibSignalRepository);
    const here = await peerOf(ANNA, account, make);
    expect(here.peer.creds.signedIdentityKey.public).toEqual(stock.creds.signedIdentityKey.public);
    await talk(here.peer, bens.peer, "on the account");
    await account.close();

    const reopened = await openAccount({ backend: memoryBackend({ database }), ...MANUAL });
    const target = textState();
    const back = await copyState(nextOf(await baileysAuthState(reopened)), target, 2);
    expect(back).toMatchObject({ missing: [], unexpected: [] });
    await reopened.close();
    expect((await listed(target)).get("device-list 15550000004")).toEqual(["0", "3"]);
    expect((await listed(target)).get("app-state-sync-version regular")).toEqual(
      OTHERS["app-state-sync-version"].regular,
    );
    await talk(stockPeer(ANNA, target), bens.peer, "on texts again");
    await bens.account.close();
  });

  test("over a repository whose operations are in transactWith", async () => {
    const next = nextRepository(makeLibSignalRepository);
    const open = async (jid: string) =>
      await peerOf(jid, await openAccount({ backend: memoryBackend(), ...MANUAL }), next.make);
    const [anna, ben] = [await open(ANNA), await open(BEN)];
    await anna.peer.greet(ben.peer, ben.peer.creds.firstUnuploadedPreKeyId);
    await talk(anna.peer, ben.peer, "hello");
    expect(next.scopes.length).toBeGreaterThan(5);
    for (const { account } of [anna, ben]) await account.close();
  });
});

describe("list and listIds", () => {
  test("see what is in memory, each id once, with the values of get", async () => {
    const anna = await openPeer(ANNA, memoryBackend(), { ...MANUAL, signal: { durability: "relaxed" } });
    const ben = await openPeer(BEN, memoryBackend(), MANUAL);
    await anna.keys.set(OTHERS);
    await ben.peer.greet(anna.peer, anna.peer.creds.firstUnuploadedPreKeyId);
    expect(await anna.peer.receive(ben.peer, await ben.peer.send(anna.peer, "first"))).toBe("first");
    expect(await anna.account.store.getSession("15550000002@c.us.0")).toBeUndefined();
    for (const type of ["session", "identity-key"]) {
      const ids: string[] = [];
      for await (const id of anna.keys.listIds(type)) ids.push(id);
      expect(ids).toEqual(["15550000002.0"]);
    }
    await talk(anna.peer, ben.peer, "hello");
    for (const type of TYPES) {
      const ids: string[] = [];
      for await (const id of anna.keys.listIds(type)) ids.push(id);
      expect(ids.length, type).toBeGreaterThan(0);
      expect(new Set(ids).size, type).toBe(ids.length);
      const values: Record<string, unknown> = {};
      for await (const [id, value] of anna.keys.list(type)) values[id] = value;
      expect(values, type).toEqual(await anna.keys.get(type, ids));
      expect(Object.keys(values).sort(), type).toEqual([...ids].sort());
    }
    await anna.account.close();
    await ben.account.close();
  });

  test("list a value under the LID once the phone number's is known", async () => {
    const anna = await openPeer(ANNA, memoryBackend(), MANUAL);
    const ben = await openPeer(BEN, memoryBackend(), MANUAL);
    await anna.peer.greet(ben.peer, ben.peer.creds.firstUnuploadedPreKeyId);
    await anna.keys.set({ "lid-mapping": { "15550000002": "100000000000002" } });
    await anna.keys.set({ "lid-mapping": { "15550000004": "100000000000004" } });
    await anna.keys.set({ "lid-mapping": { "15550000004": "100000000000009" } });
    const ids = async (type: string): Promise<string[]> => {
      const all: string[] = [];
      for await (const id of anna.keys.listIds(type)) all.push(id);
      return all.sort();
    };
    expect(await ids("session")).toEqual(["100000000000002_1.0"]);
    expect(await ids("lid-mapping")).toEqual([
      "100000000000002_reverse",
      "100000000000004_reverse",
      "100000000000009_reverse",
      "15550000002",
      "15550000004",
    ]);
    await anna.account.close();
    await ben.account.close();
  });

  test("refuse other types, and damaged rows that get refuses", async () => {
    const database = new MemoryDatabase();
    const anna = await openPeer(ANNA, memoryBackend({ database }), MANUAL);
    const first = (ids: AsyncIterable<unknown>) => ids[Symbol.asyncIterator]().next();
    await expect(first(anna.keys.listIds("keys"))).rejects.toBeInstanceOf(TypeError);
    await anna.keys.set(OTHERS);
    await anna.account.flush();
    database.damage("default", "syncKey", "undecodable");
    await expect(first(anna.keys.list("app-state-sync-key"))).rejects.toBeInstanceOf(CorruptError);
    await anna.account.close();
  });
});
