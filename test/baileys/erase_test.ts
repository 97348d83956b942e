/** `account.erase()` deletes the account and ends every object over it. */
import { describe, expect, test } from "vitest";
import { ClosedError, openAccount } from "../../mod.ts";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { baileysAuthState } from "../../src/baileys/mod.ts";
import { BackendError } from "../../src/errors/mod.ts";
import { SessionRecord } from "../../src/ratchet/mod.ts";
import { signalCache } from "../../src/signal/mod.ts";
import { pairedCreds } from "../support/whatsapp/mod.ts";

const ADDRESS = "100000000000001@lid.0";

describe("Account.erase", () => {
  test("ends the Baileys mirror, and a late save changes nothing", async () => {
    const database = new MemoryDatabase();
    const account = await openAccount({ backend: memoryBackend({ database }) });
    const { state, saveCreds } = await baileysAuthState(account);
    Object.assign(state.creds, pairedCreds({ pn: "15550000001" }));
    await saveCreds();
    const { identityKey } = account.device.getDeviceSnapshot();
    await account.erase();

    state.creds.platform = "late";
    await expect(saveCreds()).rejects.toThrow(ClosedError);
    await expect(state.keys.set({ "device-list": { "1": ["0"] } })).rejects.toThrow(ClosedError);
    await expect(state.keys.get("pre-key", ["1"])).rejects.toThrow(ClosedError);
    await expect(account.store.load()).rejects.toThrow(ClosedError);
    await expect(account.flush()).rejects.toThrow(ClosedError);
    await expect(account.erase()).rejects.toThrow(ClosedError);

    const next = await openAccount({ backend: memoryBackend({ database }) });
    expect(next.device.isRegistered).toBe(false);
    expect(next.device.getDeviceSnapshot().identityKey).not.toEqual(identityKey);
    expect(await next.store.getDevices("1")).toBeUndefined();
    await next.close();
  });

  test("drops unflushed state and ends the Signal cache", async () => {
    const database = new MemoryDatabase();
    const account = await openAccount({ backend: memoryBackend({ database }), saverIntervalMs: "manual" });
    const cache = signalCache(account);
    await cache.identities.put(ADDRESS, new Uint8Array(32).fill(1));
    await account.erase();
    await expect(cache.identities.put(ADDRESS, new Uint8Array(32).fill(2))).rejects.toThrow(ClosedError);
    await expect(cache.sessions.put(ADDRESS, new SessionRecord())).rejects.toThrow(ClosedError);
    const next = await openAccount({ backend: memoryBackend({ database }) });
    expect(await next.store.loadIdentity(ADDRESS)).toBeUndefined();
    await next.close();
  });

  test("drops what changes while the account is being deleted", async () => {
    const database = new MemoryDatabase();
    const backend = memoryBackend({ database });
    const account = await openAccount({ backend, saverIntervalMs: "manual" });
    const { commit } = backend;
    backend.commit = (writes, options) => {
      account.device.processCommand({ kind: "setPushName", pushName: "late" });
      return commit.call(backend, writes, options);
    };
    await account.erase();
    const next = await openAccount({ backend: memoryBackend({ database }) });
    expect(next.device.getDeviceSnapshot().pushName).toBe("");
    await next.close();
  });

  test("leaves the account open when the deletion fails", async () => {
    const backend = memoryBackend({ database: new MemoryDatabase() });
    const account = await openAccount({ backend, saverIntervalMs: "manual" });
    const commit = backend.commit.bind(backend);
    backend.commit = async () => {
      throw new BackendError("commit: connection lost");
    };
    await expect(account.erase()).rejects.toThrow("connection lost");
    backend.commit = commit;
    account.device.processCommand({ kind: "setPushName", pushName: "still here" });
    await account.flush();
    expect((await account.store.load())?.pushName).toBe("still here");
    await account.close();
  });
});
