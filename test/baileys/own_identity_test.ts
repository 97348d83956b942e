/**
 * Credentials of another device on a paired account, as clients save them after "logged out". They are
 * refused, since the sessions and pre-keys belong to the stored identity.
 */
import { Curve, initAuthCreds } from "baileys";
import { describe, expect, test } from "vitest";
import { IdentityConflictError, openAccount } from "../../mod.ts";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { baileysAuthState } from "../../src/baileys/mod.ts";
import { createDevice } from "../../src/device/mod.ts";
import { fakeHost } from "../../src/testing/mod.ts";
import { pairedCreds } from "../support/whatsapp/mod.ts";

async function openPaired() {
  const database = new MemoryDatabase();
  const account = await openAccount({ backend: memoryBackend({ database }) });
  const auth = await baileysAuthState(account);
  Object.assign(auth.state.creds, pairedCreds({ pn: "15550000001" }));
  await auth.saveCreds();
  return { database, account, ...auth };
}

describe("a paired account with credentials of another identity", () => {
  test("refuses saveCreds and keeps what is stored", async () => {
    const { account, database, state, saveCreds } = await openPaired();
    const before = account.device.getDeviceSnapshot();
    Object.assign(state.creds, initAuthCreds());
    await expect(saveCreds()).rejects.toThrow(IdentityConflictError);
    await expect(saveCreds()).rejects.toThrow("erase it or open another account");
    expect(account.device.getDeviceSnapshot()).toBe(before);
    await account.close();
    const again = await openAccount({ backend: memoryBackend({ database }) });
    expect(again.device.getDeviceSnapshot().identityKey).toEqual(before.identityKey);
    await again.close();
  });

  test("refuses the stores and commitWith", async () => {
    const { account } = await openPaired();
    const { pn } = account.device.getDeviceSnapshot();
    const device = { ...(await createDevice(fakeHost({ seed: 7 }))), pn };
    await expect(account.store.save(device)).rejects.toThrow(IdentityConflictError);
    await expect(account.store.commit([{ kind: "device.save", device }])).rejects.toThrow(
      IdentityConflictError,
    );
    await expect(account.commitWith([{ kind: "device.save", device }])).rejects.toThrow(
      IdentityConflictError,
    );
    expect((await account.store.load())?.identityKey).not.toEqual(device.identityKey);
    await account.close();
  });

  test("still takes other changes of the device", async () => {
    const { account, state, saveCreds } = await openPaired();
    state.creds.platform = "android";
    state.creds.noiseKey = Curve.generateKeyPair() as typeof state.creds.noiseKey;
    await saveCreds();
    expect(account.device.getDeviceSnapshot().platform).toBe("android");
    await account.close();
  });
});
