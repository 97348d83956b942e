/** `migrateSession` from the phone number to the LID, compared with Baileys' own. */
import { makeLibSignalRepository } from "baileys/lib/Signal/libsignal.js";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openAccount } from "../../mod.ts";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import type { KeyStore } from "../../src/baileys/mod.ts";
import { directory } from "../../src/directory/mod.ts";
import { type HoldfastPeer, openPeer, peerOf } from "./holdfast_peer.ts";
import { messageKeyName } from "./signal_peer.ts";

const ANNA = "15550000001@s.whatsapp.net";
const BEN = "15550000002@s.whatsapp.net";
const BEN_LID = "100000000000002@lid";
const MANUAL = { saverIntervalMs: "manual", housekeeping: false } as const;

beforeEach(() => {
  // libsignal prints whole sessions.
  for (const method of ["info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

interface World {
  readonly annas: HoldfastPeer;
  readonly bens: HoldfastPeer;
  readonly database: MemoryDatabase;
}

/** Two peers that have exchanged messages under Ben's phone number. */
async function world(): Promise<World> {
  const database = new MemoryDatabase();
  const annas = await openPeer(ANNA, memoryBackend({ database }), MANUAL);
  const bens = await openPeer(BEN, memoryBackend(), MANUAL);
  await meet(annas, bens, 1);
  return { annas, bens, database };
}

async function meet(annas: HoldfastPeer, bens: HoldfastPeer, preKeyId: number): Promise<void> {
  const { peer: anna } = annas;
  const { peer: ben } = bens;
  await anna.greet(ben, preKeyId);
  expect(await ben.receive(anna, await anna.send(ben, "hello"))).toBe("hello");
  expect(await anna.receive(ben, await ben.send(anna, "hi"))).toBe("hi");
}

/** Stored addresses with a session or an identity. */
async function addresses({ account }: HoldfastPeer): Promise<string[]> {
  await account.flush();
  const found = await account.store.listSignalAddresses(["15550000002", "100000000000002"]);
  return found.map(({ kind, address }) => `${kind} ${address}`).sort();
}

describe("migrateSession", () => {
  test("moves sessions and identities in one commit", async () => {
    const { annas, bens } = await world();
    const { peer: anna } = annas;
    await bens.peer.greet(anna, anna.creds.firstUnuploadedPreKeyId);
    await anna.receive(bens.peer, await bens.peer.send(anna, "with an identity"));
    const sent = [await anna.send(bens.peer, "1")];
    await annas.account.flush();
    const { commits } = annas.account.stats();
    expect(await anna.repository.migrateSession(BEN, BEN_LID)).toEqual({ migrated: 1, skipped: 0, total: 1 });
    expect(annas.account.stats().commits - commits).toBe(1);
    expect(await annas.account.lid.getLid("15550000002")).toBe("100000000000002");
    expect(await addresses(annas)).toEqual([
      "identity 100000000000002@lid.0",
      "session 100000000000002@lid.0",
    ]);
    expect(await anna.repository.migrateSession(BEN, BEN_LID)).toEqual({ migrated: 0, skipped: 0, total: 0 });
    sent.push(await anna.send(bens.peer, "2"));
    for (const [n, frame] of sent.entries()) expect(await bens.peer.receive(anna, frame)).toBe(`${n + 1}`);
    expect(new Set(sent.map(messageKeyName)).size).toBe(2);
  });

  test("keeps the LID's session and reads messages of the phone number's", async () => {
    const { annas, bens, database } = await world();
    let { peer: anna } = annas;
    const late = await bens.peer.send(anna, "late");
    // Anna starts a session with Ben's LID without knowing the mapping.
    const byLid = { ...bens, peer: Object.create(bens.peer, { jid: { value: BEN_LID } }) };
    await meet(annas, byLid, 2);
    const info = await anna.repository.getSessionInfo(BEN_LID);
    await anna.repository.lidMapping.storeLIDPNMappings([{ lid: BEN_LID, pn: BEN }]);
    expect(await anna.repository.getSessionInfo(BEN_LID)).toEqual(info);
    // The account was not closed.
    const again = await openPeer(ANNA, memoryBackend({ database }), MANUAL);
    anna = again.peer;
    expect(await anna.repository.getSessionInfo(BEN_LID)).toEqual(info);
    expect(await bens.peer.receive(anna, await anna.send(bens.peer, "on"))).toBe("on");
    expect(await anna.receive(bens.peer, late)).toBe("late");
    expect(await bens.peer.receive(anna, await anna.send(bens.peer, "and on"))).toBe("and on");
    expect(await anna.receive(bens.peer, await bens.peer.send(anna, "still"))).toBe("still");
  });

  test("returns the same as Baileys when nothing migrates", async () => {
    const { annas } = await world();
    const { repository } = annas.peer;
    const nothing = { migrated: 0, skipped: 0, total: 0 };
    expect(await repository.migrateSession("", BEN_LID)).toEqual(nothing);
    expect(await repository.migrateSession(BEN, ANNA)).toEqual(nothing);
    expect(await repository.migrateSession(BEN_LID, BEN_LID)).toEqual({ ...nothing, total: 1 });
    await repository.migrateSession(BEN, BEN_LID);
    expect(await repository.migrateSession(BEN, BEN_LID)).toEqual(nothing);
  });

  test("waits for a running encryption", async () => {
    const account = await openAccount({ ...MANUAL, backend: memoryBackend() });
    /** Runs once, between the read and the write of a session. */
    let afterRead: (() => Promise<void>) | undefined;
    const peer = await peerOf(ANNA, account, (auth, logger) => {
      const get = async (type: string, ids: string[]): Promise<unknown> => {
        const found = await (auth.keys as unknown as KeyStore).get(type, ids);
        const then = type === "session" ? afterRead : undefined;
        if (then !== undefined) afterRead = undefined;
        await then?.();
        return found;
      };
      // biome-ignore lint/suspicious/noExplicitAny: the values of Baileys' keys are typed by its own map.
      return makeLibSignalRepository({ ...auth, keys: { ...auth.keys, get: get as any } }, logger);
    });
    const bens = await openPeer(BEN, memoryBackend(), MANUAL);
    await meet(peer, bens, 1);
    const { learn } = directory(account);
    let learnt: Promise<unknown> | undefined;
    afterRead = async () => {
      const mapping = { lid: "100000000000002", phoneNumber: "15550000002" };
      learnt = learn([mapping], { source: "usync" });
      for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    };
    const frames = [await peer.peer.send(bens.peer, "0")];
    expect(learnt).toBeDefined();
    await learnt;
    for (const text of ["1", "2"]) frames.push(await peer.peer.send(bens.peer, text));
    expect(new Set(frames.map(messageKeyName)).size).toBe(3);
    for (const [n, frame] of frames.entries()) expect(await bens.peer.receive(peer.peer, frame)).toBe(`${n}`);
    expect(await addresses(peer)).toEqual(["session 100000000000002@lid.0"]);
  });
});
