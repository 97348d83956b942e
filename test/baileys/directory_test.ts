/** The directory of an account to which Baileys also writes. */
import { describe, expect, test } from "vitest";
import { openAccount } from "../../mod.ts";
import { memoryBackend } from "../../src/adapters/memory/mod.ts";
import { parseJid } from "../../src/addresses/mod.ts";
import { baileysAuthState } from "../../src/baileys/mod.ts";
import { directory } from "../../src/directory/mod.ts";

const GROUP = "120363000000000001@g.us";

describe("directory with Baileys", () => {
  test("returns device lists and sender-key marks that Baileys wrote", async () => {
    await using account = await openAccount({ backend: memoryBackend() });
    const { state } = await baileysAuthState(account);
    const { devices, senderKeyDevices } = directory(account);
    const user = parseJid("15550000002@s.whatsapp.net");
    const lid = parseJid("100000000000002@lid");
    const known = async () =>
      (await devices.getDevicesFor([user, lid])).map((jids) => jids?.map(({ device }) => device));
    await state.keys.set({ "device-list": { [user.user]: ["0", "3"] } });
    expect(await known()).toEqual([[0, 3], undefined]);
    await state.keys.set({ "device-list": { [user.user]: ["0"] } });
    expect(await known()).toEqual([[0], undefined]);
    await state.keys.set({ "lid-mapping": { [user.user]: lid.user } });
    expect(await known()).toEqual([[0], [0]]);
    // The list is stored under one name and read by the other.
    await state.keys.set({ "device-list": { [user.user]: ["0", "4"] } });
    expect(await known()).toEqual([
      [0, 4],
      [0, 4],
    ]);
    await state.keys.set({ "device-list": { [lid.user]: ["0", "5"], [user.user]: null } });
    expect(await known()).toEqual([
      [0, 5],
      [0, 5],
    ]);

    expect(await senderKeyDevices.withoutKey(GROUP, [user, lid])).toEqual([user, lid]);
    await state.keys.set({ "sender-key-memory": { [GROUP]: { "15550000002@s.whatsapp.net": true } } });
    expect(await senderKeyDevices.withoutKey(GROUP, [user, lid])).toEqual([lid]);
    await state.keys.set({ "sender-key-memory": { [GROUP]: null } });
    expect(await senderKeyDevices.withoutKey(GROUP, [user, lid])).toEqual([user, lid]);
  });
});
