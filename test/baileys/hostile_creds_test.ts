/** Unusual credentials, and saves at unusual times. */
import { initAuthCreds } from "baileys";
import { describe, expect, test } from "vitest";
import { openAccount } from "../../mod.ts";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import type { Write } from "../../src/backend/mod.ts";
import { baileysAuthState } from "../../src/baileys/mod.ts";
import { BackendError } from "../../src/errors/mod.ts";
import { FaultPlan, fakeHost, faultyCommitter } from "../../src/testing/mod.ts";

describe("baileysAuthState with unusual credentials", () => {
  test("keeps the registration id 0, which Baileys sometimes generates", async () => {
    const database = new MemoryDatabase();
    const first = await openAccount({ backend: memoryBackend({ database }) });
    const { state, saveCreds } = await baileysAuthState(first);
    Object.assign(state.creds, initAuthCreds(), { registrationId: 0 });
    await saveCreds();
    await first.close();
    await using again = await openAccount({ backend: memoryBackend({ database }) });
    const reopened = await baileysAuthState(again);
    expect(reopened.state.creds.registrationId).toBe(0);
    expect(reopened.state.creds.signedIdentityKey).toEqual(state.creds.signedIdentityKey);
    reopened.state.creds.registrationId = 77;
    await reopened.saveCreds();
    expect((await baileysAuthState(again)).state.creds.registrationId).toBe(77);
  });

  test("generates no pre-key id twice for concurrent auth states", async () => {
    await using account = await openAccount({ backend: memoryBackend() });
    const states = [await baileysAuthState(account), await baileysAuthState(account)];
    const seen = new Map<string, string>();
    for (let turn = 0; turn < 6; turn += 1) {
      for (const { state, saveCreds } of states) {
        state.creds.firstUnuploadedPreKeyId += 16;
        await saveCreds();
        const ids = Array.from({ length: 400 }, (_, index) => String(index + 1));
        const found: Record<string, { private: Uint8Array }> = await state.keys.get("pre-key", ids);
        for (const [id, pair] of Object.entries(found)) {
          const key = Buffer.from(pair.private).toString("hex");
          expect(seen.get(id) ?? key, `pre-key ${id} was replaced`).toBe(key);
          seen.set(id, key);
        }
      }
    }
  });

  test("does not treat refused credentials as saved", async () => {
    const plan = new FaultPlan();
    await using account = await openAccount({ backend: faultyCommitter(memoryBackend(), plan) });
    const { state, saveCreds } = await baileysAuthState(account);
    plan.refuse((write) => write.kind === "device.save");
    state.creds.platform = "android";
    const outcomes = await Promise.allSettled([
      saveCreds(),
      state.keys.set({ "device-list": { "15550000001": ["0"] } }),
    ]);
    plan.clear();
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
  });

  test("keeps the process alive when pre-keys cannot be stored for long", async () => {
    const plan = new FaultPlan();
    const account = await openAccount({ backend: faultyCommitter(memoryBackend(), plan) });
    const { state } = await baileysAuthState(account);
    plan.always(new BackendError("commit: the disk is away"));
    const waiting = Array.from({ length: 8_190 }, (): Write => ({ kind: "preKey.markUploaded", ids: [] }));
    account.device.modifyDevice(() => undefined, { writes: waiting });
    state.creds.firstUnuploadedPreKeyId = state.creds.nextPreKeyId;
    // An exception in a microtask would end the process, and fails the run here.
    await new Promise((resolve) => setImmediate(resolve));
    await expect(state.keys.get("pre-key", ["1"])).rejects.toThrow("the disk is away");
    plan.clear();
    const next = String(state.creds.firstUnuploadedPreKeyId);
    expect(Object.keys(await state.keys.get("pre-key", [next]))).toEqual([next]);
    await account.close();
  });

  test("keeps changes of the device when credentials are saved", async () => {
    await using account = await openAccount({ backend: memoryBackend() });
    const { state, saveCreds } = await baileysAuthState(account);
    state.creds.me = { id: "15550000001:1@s.whatsapp.net", name: "before" };
    state.creds.account = { details: Buffer.from([1]) };
    await saveCreds();
    account.device.processCommand({ kind: "setPushName", pushName: "after" });
    account.device.modifyDevice((draft) => {
      draft.extra.set("mine", new Uint8Array([1]));
    });
    state.creds.platform = "android";
    await saveCreds();
    const { pushName, platform, pn, extra } = account.device.getDeviceSnapshot();
    expect({ pushName, platform, pn }).toEqual({
      pushName: "after",
      platform: "android",
      pn: "15550000001:1@s.whatsapp.net",
    });
    expect(extra.get("mine")).toEqual(new Uint8Array([1]));
    // The client's own changes are saved, and so are their reversals.
    state.creds.me.name = "later";
    await saveCreds();
    expect(account.device.getDeviceSnapshot().pushName).toBe("later");
    delete state.creds.me;
    await saveCreds();
    expect(account.device.isRegistered).toBe(false);
  });

  test("returns a LID that was learnt after the clock was set back", async () => {
    const host = fakeHost();
    await using account = await openAccount({ backend: memoryBackend({ clock: host.clock }), host });
    const { state } = await baileysAuthState(account);
    host.clock.set(2_000_000_000_000);
    await state.keys.set({ "lid-mapping": { "15550000001": "100000000000001" } });
    host.clock.set(1_000_000_000_000);
    for (const lid of ["100000000000002", "100000000000001", "100000000000002"]) {
      await state.keys.set({ "lid-mapping": { "15550000001": lid, [`${lid}_reverse`]: "15550000001" } });
      expect(await state.keys.get("lid-mapping", ["15550000001"])).toEqual({ "15550000001": lid });
    }
  });
});
