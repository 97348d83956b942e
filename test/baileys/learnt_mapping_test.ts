/** Changes while a session or a sender key is in use. No ratchet step may be lost or undone. */
import { makeLibSignalRepository } from "baileys/lib/Signal/libsignal.js";
import { describe, expect, test } from "vitest";
import { openAccount } from "../../mod.ts";
import { memoryBackend } from "../../src/adapters/memory/mod.ts";
import { baileysAuthState, type KeyStore, signalRepository } from "../../src/baileys/mod.ts";
import { openPeer } from "./holdfast_peer.ts";
import { messageKeyName, SignalPeer } from "./signal_peer.ts";

const ANNA = "15550000001@s.whatsapp.net";
const BEN = "15550000002@s.whatsapp.net";
const BEN_LID = "100000000000002@lid";

describe("changes during encryption", () => {
  test("repeats no key when a LID is learnt during encryption", async () => {
    await using annas = await openAccount({ backend: memoryBackend() });
    const { state } = await baileysAuthState(annas);
    /** Runs once, between the read and the write of a session. */
    let afterRead: (() => Promise<void>) | undefined;
    const makeRepository: typeof makeLibSignalRepository = (auth, logger) => {
      const inner = auth.keys as unknown as KeyStore;
      const keys = {
        ...auth.keys,
        get: async (type: string, ids: string[]): Promise<unknown> => {
          const found = await inner.get(type, ids);
          const then = type === "session" ? afterRead : undefined;
          if (then !== undefined) afterRead = undefined;
          await then?.();
          return found;
        },
      };
      // biome-ignore lint/suspicious/noExplicitAny: the values of Baileys' keys are typed by its own map.
      return makeLibSignalRepository({ ...auth, keys: keys as any }, logger);
    };
    const anna = new SignalPeer({
      jid: ANNA,
      // biome-ignore lint/suspicious/noExplicitAny: the adapter's types are structural, Baileys' are nominal in places.
      creds: state.creds as any,
      keys: state.keys,
      makeRepository: signalRepository(annas, makeRepository),
    });
    const bens = await openPeer(BEN, memoryBackend());
    const ben = bens.peer;
    await anna.greet(ben, 1);
    await ben.receive(anna, await anna.send(ben, "first"));
    await anna.receive(ben, await ben.send(anna, "answer"));

    const used = new Set<string>();
    let storing: Promise<void> | undefined;
    afterRead = async () => {
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
