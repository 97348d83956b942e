/**
 * Pre-key ids in ring order under real Baileys calls. A key that another client stored under a high id does
 * no harm. The counters wrap around before Baileys, which counts with `id + 1`, leaves the range of ids.
 */

import { Curve, getNextPreKeys } from "baileys";
import { describe, expect, test } from "vitest";
import { openAccount } from "../../mod.ts";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { type BaileysAuthState, baileysAuthState } from "../../src/baileys/mod.ts";
import { MAX_KEY_ID } from "../../src/bytes/mod.ts";
import { encodePreKey } from "../../src/records/mod.ts";

function record(id: number): Uint8Array {
  const { public: publicKey, private: privateKey } = Curve.generateKeyPair();
  return encodePreKey({ id, publicKey: new Uint8Array(publicKey), privateKey: new Uint8Array(privateKey) });
}

/** Opens a device with counters at `next` and with pre-keys of other clients under `strays`. */
async function openAt(next: number, strays: readonly number[]) {
  const account = await openAccount({ backend: memoryBackend({ database: new MemoryDatabase() }) });
  // Two steps: a counter cannot move by half of the ring at once.
  for (const id of [next > 2 ** 23 ? 2 ** 22 : 1, next > 2 ** 23 ? 2 ** 23 : 1, next]) {
    account.device.processCommand({
      kind: "setPreKeyWatermarks",
      nextPreKeyId: id,
      firstUnuploadedPreKeyId: id,
    });
  }
  for (const id of strays) await account.store.storePreKey(id, record(id), true);
  return { account, auth: await baileysAuthState(account) };
}

/** Uploads pre-keys as the socket does. Returns the uploaded ids. */
async function upload({ state, saveCreds }: BaileysAuthState, count: number): Promise<number[]> {
  const { update, preKeys } = await getNextPreKeys(state as Parameters<typeof getNextPreKeys>[0], count);
  Object.assign(state.creds, update);
  await saveCreds();
  return Object.keys(preKeys).map(Number);
}

describe("baileysAuthState with pre-keys of another client", () => {
  for (const stray of [8_000_000, 9_000_001, MAX_KEY_ID - 25, MAX_KEY_ID]) {
    test(`continues from its counter beside a pre-key ${stray}`, async () => {
      const { account, auth } = await openAt(31, [stray]);
      for (const first of [31, 61, 91]) {
        const ids = await upload(auth, 30);
        expect(ids).toEqual(Array.from({ length: 30 }, (_, index) => first + index));
      }
      expect(account.device.getDeviceSnapshot().nextPreKeyId).toBeLessThan(200);
      await account.close();
    });
  }

  test("skips an id that is taken shortly ahead", async () => {
    const { account, auth } = await openAt(31, [40]);
    const before = await account.store.loadPreKey(40);
    const ids = await upload(auth, 812);
    expect(ids).toHaveLength(812);
    expect(ids).not.toContain(40);
    expect(await account.store.loadPreKey(40)).toEqual(before);
    await account.close();
  });

  test("does not follow a key that is stored under an id far from the counter", async () => {
    const { account, auth } = await openAt(31, []);
    await auth.state.keys.set({ "pre-key": { "8000000": Curve.generateKeyPair() } });
    expect(account.device.getDeviceSnapshot().nextPreKeyId).toBeLessThan(100);
    await account.close();
  });
});

describe("baileysAuthState at the end of the ids", () => {
  test("wraps around and keeps every upload whole", async () => {
    const { account, auth } = await openAt(MAX_KEY_ID - 5_000, []);
    const seen = new Set<number>();
    for (let round = 0; round < 12; round += 1) {
      const ids = await upload(auth, 812);
      expect(ids).toHaveLength(812);
      for (const id of ids) {
        expect(id).toBeLessThan(MAX_KEY_ID);
        expect(seen.has(id)).toBe(false);
        seen.add(id);
      }
    }
    expect(seen.has(1)).toBe(true);
    const { nextPreKeyId } = account.device.getDeviceSnapshot();
    expect(auth.state.creds.nextPreKeyId).toBe(nextPreKeyId);
    await account.close();
  });

  test("wraps to the first run without a stored key", async () => {
    const { account, auth } = await openAt(MAX_KEY_ID - 100, [1, 500]);
    const ids = await upload(auth, 812);
    expect(Math.min(...ids)).toBe(501);
    await account.close();
  });

  test("refuses a counter that is too far away and keeps the old one", async () => {
    const { account, auth } = await openAt(31, []);
    const { creds } = auth.state;
    const { nextPreKeyId } = creds;
    expect(() => Object.assign(creds, { nextPreKeyId: 2 ** 23 + 1_000 })).toThrow(RangeError);
    expect(creds.nextPreKeyId).toBe(nextPreKeyId);
    await account.close();
  });
});
