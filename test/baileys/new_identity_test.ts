/**
 * Credentials of a newly linked device on an account that was never paired, as people save them to try again
 * (Baileys#1890): nothing of the former identity is used any more, and the account goes on with the new one.
 */
import { initAuthCreds } from "baileys";
import { describe, expect, test } from "vitest";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { createDevice } from "../../src/device/mod.ts";
import { fakeHost } from "../../src/testing/mod.ts";
import { openPeer } from "./holdfast_peer.ts";

const ANNA = "15550000001:1@s.whatsapp.net";
const BEN = "15550000002@s.whatsapp.net";
const GROUP = "120363000000000001@g.us";

/** A collection of two mutations, in Baileys' form. */
function collection(version: number) {
  const indexValueMap = { MQ: { valueMac: Buffer.from([1]) }, Mg: { valueMac: Buffer.from([2]) } };
  return { version, hash: Buffer.alloc(128, version), indexValueMap };
}

async function talk() {
  const database = new MemoryDatabase();
  const anna = await openPeer(ANNA, memoryBackend({ database }));
  const ben = await openPeer(BEN, memoryBackend());
  await anna.peer.greet(ben.peer, 1);
  await ben.peer.receive(anna.peer, await anna.peer.send(ben.peer, "1"));
  await anna.peer.receive(ben.peer, await ben.peer.send(anna.peer, "2"));
  await anna.peer.sendToGroup(GROUP, "3");
  await anna.keys.set({ "app-state-sync-version": { regular: collection(7) } });
  await anna.keys.set({ "sender-key-memory": { [GROUP]: { [BEN]: true } } });
  return { database, anna, ben };
}

describe("credentials with another identity", () => {
  test("take the state of the former one away, and the account goes on", async () => {
    const { database, anna, ben } = await talk();
    const { creds } = anna.peer;
    const [firstBefore, nextBefore] = [creds.firstUnuploadedPreKeyId, creds.nextPreKeyId];
    Object.assign(creds, initAuthCreds());
    await anna.saveCreds();

    expect(await anna.peer.repository.validateSession(BEN)).toMatchObject({ exists: false });
    await expect(anna.peer.send(ben.peer, "4")).rejects.toThrow();
    expect(await anna.keys.get("sender-key-memory", [GROUP])).toEqual({});
    const ids = Array.from({ length: nextBefore + 31 }, (_, index) => String(index + 1));
    const stored = Object.keys(await anna.keys.get("pre-key", ids)).map(Number);
    // Ids of before are not used again, and there is a new stock.
    expect(Math.min(...stored)).toBe(nextBefore);
    expect(stored).toHaveLength(32);
    expect(creds.firstUnuploadedPreKeyId).toBe(nextBefore);
    expect(creds.nextPreKeyId).toBe(nextBefore + 32);
    expect(firstBefore).toBeLessThan(nextBefore);

    // App state starts again, without a copy of the previous one.
    expect(await anna.keys.get("app-state-sync-version", ["regular"])).toEqual({});
    await anna.keys.set({ "app-state-sync-version": { regular: collection(1) } });
    expect((await anna.account.store.getVersion("regular")).indexValueMap.size).toBe(2);

    await anna.peer.greet(ben.peer, 2);
    expect(await ben.peer.receive(anna.peer, await anna.peer.send(ben.peer, "5"))).toBe("5");
    expect(await anna.peer.receive(ben.peer, await ben.peer.send(anna.peer, "6"))).toBe("6");
    const publicKey = creds.signedIdentityKey.public;
    await anna.account.close();

    const again = await openPeer(ANNA, memoryBackend({ database }));
    expect(again.peer.creds.signedIdentityKey.public).toEqual(publicKey);
    expect(await again.peer.repository.validateSession(BEN)).toMatchObject({ exists: true });
    expect(await ben.peer.receive(again.peer, await again.peer.send(ben.peer, "7"))).toBe("7");
    await again.account.close();
    await ben.account.close();
  });

  test("are followed by the mirror when the account is given them elsewhere", async () => {
    const { anna, ben } = await talk();
    const device = await createDevice(fakeHost({ seed: 9 }));
    Object.assign(anna.peer.creds, { lastAccountSyncTimestamp: 7 });
    await anna.account.store.save(device);
    const { creds } = anna.peer;
    expect(new Uint8Array(creds.signedIdentityKey.public)).toEqual(device.identityKey.publicKey);
    expect(creds.lastAccountSyncTimestamp).toBeUndefined();
    creds.platform = "android";
    await anna.saveCreds();
    const saved = anna.account.device.getDeviceSnapshot();
    expect([saved.platform, saved.identityKey]).toEqual(["android", device.identityKey]);
    await anna.peer.greet(ben.peer, 2);
    expect(await ben.peer.receive(anna.peer, await anna.peer.send(ben.peer, "4"))).toBe("4");
    await anna.account.close();
    await ben.account.close();
  });
});
