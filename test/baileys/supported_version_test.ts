/** Baileys 6 is refused. Its module and its sender keys are doubles of their shape. */
import * as baileys from "baileys";
import { describe, expect, test } from "vitest";
import { openAccount } from "../../mod.ts";
import { memoryBackend } from "../../src/adapters/memory/mod.ts";
import { baileysAuthState, signalRepository, useHoldfast } from "../../src/baileys/mod.ts";
import { silentLogger } from "../support/whatsapp/mod.ts";

const REFUSAL = /version 6 .* install baileys@7\.0\.0-rc14/;

/** The repository of version 6 has no `lidMapping`. */
function makeRepository6(..._parameters: unknown[]) {
  return { encryptMessage: async () => ({}), decryptMessage: async () => new Uint8Array() } as never;
}

describe("Baileys 6", () => {
  test("is refused by useHoldfast before a socket is made", async () => {
    await using account = await openAccount({ backend: memoryBackend() });
    const module6 = { ...baileys, DEFAULT_CONNECTION_CONFIG: { makeSignalRepository: makeRepository6 } };
    await expect(useHoldfast(module6, account)).rejects.toThrow(REFUSAL);
    await expect(useHoldfast(baileys, account)).resolves.toBeDefined();
  });

  test("is refused when its repository is made", async () => {
    await using account = await openAccount({ backend: memoryBackend() });
    const { state } = await baileysAuthState(account);
    expect(() => signalRepository(account, makeRepository6)(state, silentLogger)).toThrow(REFUSAL);
  });

  test("is refused when it stores a sender key", async () => {
    await using account = await openAccount({ backend: memoryBackend() });
    const { state } = await baileysAuthState(account);
    const key = [{ senderKeyId: 1, senderChainKey: {}, senderSigningKey: {}, senderMessageKeys: [] }];
    const name = "120363000000000001@g.us::15550000001::1";
    await expect(state.keys.set({ "sender-key": { [name]: key } })).rejects.toThrow(REFUSAL);
  });
});
