import { describe, expect, test } from "vitest";
import { openAccount } from "../account/mod.ts";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import { baileysAuthState } from "./auth_state.ts";

const GROUP = "120363000000000001@g.us";

type Memory = Record<string, boolean>;

async function open(database = new MemoryDatabase()) {
  const account = await openAccount({ backend: memoryBackend({ database }) });
  const { keys } = (await baileysAuthState(account)).state;
  return {
    account,
    get: async (): Promise<Memory | undefined> => (await keys.get("sender-key-memory", [GROUP]))[GROUP],
    set: async (memory: Memory | null): Promise<number> => {
      const { rowsWritten } = account.stats();
      await keys.set({ "sender-key-memory": { [GROUP]: memory } });
      return account.stats().rowsWritten - rowsWritten;
    },
  };
}

const devices = (count: number): Memory =>
  Object.fromEntries(Array.from({ length: count }, (_, user) => [`${user + 1}@lid`, true]));

describe("sender-key-memory", () => {
  test("writes the devices that have changed, and nothing for the same ones", async () => {
    const database = new MemoryDatabase();
    const { get, set } = await open(database);
    expect(await set(devices(500))).toBe(500);
    expect(await set(devices(500))).toBe(0);
    expect(await set(devices(501))).toBe(1);
    expect(await get()).toEqual(devices(501));
    expect(await set({ ...devices(501), "1@lid": false })).toBe(1);
    expect(await (await open(database)).get()).toEqual({ ...devices(501), "1@lid": false });
  });

  test("replaces the whole group", async () => {
    const database = new MemoryDatabase();
    const first = await open(database);
    await first.set({ "1@lid": true, "2@lid": false });
    await first.set({ "3@lid": true });
    expect(await first.get()).toEqual({ "3@lid": true });
    await first.set({ "4@lid": true, "5@lid": true });
    const second = await open(database);
    expect(await second.get()).toEqual({ "4@lid": true, "5@lid": true });
    await second.set(null);
    expect(await second.get()).toBeUndefined();
  });

  test("notices marks that other code has removed", async () => {
    const { account, get, set } = await open();
    await set(devices(3));
    expect(await get()).toEqual(devices(3));
    await account.commitWith([{ kind: "senderKeyDevices.deleteRows", deviceJids: ["1@lid"] }]);
    expect(await get()).toEqual({ "2@lid": true, "3@lid": true });
    await account.commitWith([{ kind: "senderKeyDevices.clear", group: GROUP }]);
    expect(await set(devices(3))).toBe(3);
    await account.store.clearAllSenderKeyDevices();
    expect(await set(devices(3))).toBe(3);
  });
});
