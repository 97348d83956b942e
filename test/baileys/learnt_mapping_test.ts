/** Changes while a session or a sender key is in use. No ratchet step may be lost or undone. */
import { makeLibSignalRepository } from "baileys/lib/Signal/libsignal.js";
import { describe, expect, test } from "vitest";
import { openAccount } from "../../mod.ts";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { baileysAuthState, type KeyStore, signalRepository } from "../../src/baileys/mod.ts";
import { openPeer } from "./holdfast_peer.ts";
import { messageKeyName, SignalPeer } from "./signal_peer.ts";

const ANNA = "15550000001@s.whatsapp.net";
const BEN = "15550000002@s.whatsapp.net";
const BEN_LID = "100000000000002@lid";

/**
 * A peer over an account of a database. `afterRead` runs once, between the read and the write of a session.
 */
async function openAnna(database: MemoryDatabase) {
  const account = await openAccount({
    ...{ backend: memoryBackend({ database }), saverIntervalMs: "manual", housekeeping: false },
  });
  const { state } = await baileysAuthState(account);
  const hooks: { afterRead?: (() => Promise<void>) | undefined } = {};
  const makeRepository: typeof makeLibSignalRepository = (auth, logger) => {
    const inner = auth.keys as unknown as KeyStore;
    const keys = {
      ...auth.keys,
      get: async (type: string, ids: string[]): Promise<unknown> => {
        const found = await inner.get(type, ids);
        const then = type === "session" ? hooks.afterRead : undefined;
        if (then !== undefined) hooks.afterRead = undefined;
        await then?.();
        return found;
      },
    };
    // biome-ignore lint/suspicious/noExplicitAny: the values of Baileys' keys are typed by its own map.
    return makeLibSignalRepository({ ...auth, keys: keys as any }, logger);
  };
  const peer = new SignalPeer({
    jid: ANNA,
    // biome-ignore lint/suspicious/noExplicitAny: the adapter's types are structural, Baileys' are nominal in places.
    creds: state.creds as any,
    keys: state.keys,
    makeRepository: signalRepository(account, makeRepository),
  });
  return { account, peer, hooks };
}

describe("changes during encryption", () => {
  test("repeats no key when a LID is learnt during encryption", async () => {
    const { peer: anna, hooks } = await openAnna(new MemoryDatabase());
    const bens = await openPeer(BEN, memoryBackend());
    const ben = bens.peer;
    await anna.greet(ben, 1);
    await ben.receive(anna, await anna.send(ben, "first"));
    await anna.receive(ben, await ben.send(anna, "answer"));

    const used = new Set<string>();
    let storing: Promise<void> | undefined;
    hooks.afterRead = async () => {
      storing = anna.repository.lidMapping.storeLIDPNMappings([{ lid: BEN_LID, pn: BEN }]);
      for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    };
    const frame = await anna.send(ben, "while the LID is learnt");
    expect(storing).toBeDefined();
    await storing;
    used.add(messageKeyName(frame));
    await anna.repository.migrateSession(BEN, BEN_LID);
    for (const text of ["after it", "and after that"]) {
      const next = await anna.send(ben, text);
      used.add(messageKeyName(next));
      expect(await ben.receive(anna, next)).toBe(text);
    }
    expect(used.size).toBe(3);
    expect(await ben.receive(anna, frame)).toBe("while the LID is learnt");
    await bens.account.close();
  });

  // Of these counters, some are within the lease and some need a commit.
  test.each([1, 2, 3, 4])("waits for the gate when others store a mapping (%i)", async (before) => {
    const database = new MemoryDatabase();
    const { account, peer: anna, hooks } = await openAnna(database);
    const { peer: ben } = await openPeer(BEN, memoryBackend());
    await anna.greet(ben, 1);
    await ben.receive(anna, await anna.send(ben, "first"));
    await anna.receive(ben, await ben.send(anna, "answer"));
    const used = new Set<string>();
    for (let n = 0; n < before; n += 1) used.add(messageKeyName(await anna.send(ben, `${n}`)));
    hooks.afterRead = async () => {
      const mapping = {
        lid: "100000000000002",
        phoneNumber: "15550000002",
        learningSource: "usync",
      } as const;
      await account.commitWith([
        { kind: "lidMapping.put", entries: [{ ...mapping, createdAt: 1, updatedAt: 1 }] },
      ]);
    };
    used.add(messageKeyName(await anna.send(ben, "while the mapping is stored")));
    expect(hooks.afterRead).toBeUndefined();
    // A crash: what was not saved is lost.
    const { peer: next } = await openAnna(database);
    used.add(messageKeyName(await next.send(ben, "after the crash")));
    expect(used.size).toBe(before + 2);
  });

  test("keeps a sender key deleted that is removed during encryption", async () => {
    const group = "120363000000000001@g.us";
    const annas = await openPeer(ANNA, memoryBackend());
    const { peer: anna } = annas;
    const name = `${group}::15550000001::0`;
    await anna.sendToGroup(group, "first");
    const sending = anna.repository.encryptGroupMessage({ group, meId: ANNA, data: Buffer.from("second") });
    await Promise.all([sending, anna.socketKeys.set({ "sender-key": { [name]: null } })]);
    expect(await anna.socketKeys.get("sender-key", [name])).toEqual({});
    await annas.account.close();
  });
});
