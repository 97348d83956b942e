/** The directory and Baileys' state and repository can be opened in any order. */
import { makeLibSignalRepository } from "baileys/lib/Signal/libsignal.js";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Account, openAccount } from "../../mod.ts";
import { memoryBackend } from "../../src/adapters/memory/mod.ts";
import { directory } from "../../src/directory/mod.ts";
import { signalCache, signalCacheStats } from "../../src/signal/mod.ts";
import { type HoldfastPeer, openPeer, peerOf } from "./holdfast_peer.ts";
import { silenceLibsignal } from "./lid_world.ts";

const ANNA = "15550000001@s.whatsapp.net";
const BEN = "15550000002@s.whatsapp.net";
const BEN_LID = "100000000000002";
const LEARNT = [{ lid: BEN_LID, phoneNumber: "15550000002" }];
const MANUAL = { saverIntervalMs: "manual", housekeeping: false } as const;

beforeEach(silenceLibsignal);
afterEach(() => {
  vi.restoreAllMocks();
});

async function accountOf(jid: string, account: Account): Promise<HoldfastPeer> {
  return await peerOf(jid, account, makeLibSignalRepository);
}

describe("opening order", () => {
  test("moves Baileys' sessions when the directory was opened first", async () => {
    const account = await openAccount({ ...MANUAL, backend: memoryBackend() });
    const { learn } = directory(account);
    expect(signalCacheStats(account)).toBeUndefined();
    const { peer: anna } = await accountOf(ANNA, account);
    const { peer: ben } = await openPeer(BEN, memoryBackend(), MANUAL);
    await anna.greet(ben, 1);
    await ben.receive(anna, await anna.send(ben, "hello"));
    await anna.receive(ben, await ben.send(anna, "hi"));
    await learn(LEARNT, { source: "usync" });
    await account.flush();
    const moved = await account.store.listSignalAddresses([BEN_LID]);
    expect(moved.map(({ kind, address }) => `${kind} ${address}`)).toContain(`session ${BEN_LID}@lid.0`);
    expect(await ben.receive(anna, await anna.send(ben, "to your LID"))).toBe("to your LID");
  });

  test("refuses state that is open in another form, and names the remedy", async () => {
    const account = await openAccount({ ...MANUAL, backend: memoryBackend() });
    signalCache(account);
    await expect(accountOf(ANNA, account)).rejects.toThrow("open the client's state");
  });
});
