/** The auth state alone, and the call of the next Baileys. */
import * as baileys from "baileys";
import { describe, expect, test, vi } from "vitest";
import { openAccount } from "../../mod.ts";
import { memoryBackend } from "../../src/adapters/memory/mod.ts";
import { baileysAuthState, signalRepository } from "../../src/baileys/mod.ts";
import { systemHost } from "../../src/ports/mod.ts";
import { RecordingLogger } from "../../src/testing/mod.ts";
import { memoryKeys, pairedCreds } from "../support/whatsapp/mod.ts";
import { SignalPeer } from "./signal_peer.ts";

const { makeSignalRepository } = baileys.DEFAULT_CONNECTION_CONFIG;

/** Sends twice from an account, with the repository or with the key store alone. */
async function sendTwice(isGuarded: boolean): Promise<string[]> {
  vi.spyOn(console, "info").mockImplementation(() => {});
  const logger = new RecordingLogger();
  await using account = await openAccount({ backend: memoryBackend(), host: systemHost({ logger }) });
  const { state } = await baileysAuthState(account);
  const creds = Object.assign(state.creds, pairedCreds({ pn: "15550000001" }));
  const makeRepository = isGuarded ? signalRepository(account, makeSignalRepository) : makeSignalRepository;
  const anna = new SignalPeer({
    jid: "15550000001:1@s.whatsapp.net",
    creds,
    keys: state.keys,
    makeRepository: makeRepository as never,
  });
  const keys = memoryKeys();
  await keys.set({ "pre-key": { 1: baileys.Curve.generateKeyPair() } });
  const benCreds = pairedCreds({ pn: "15550000002" });
  const ben = new SignalPeer({ jid: "15550000002:1@s.whatsapp.net", creds: benCreds, keys });
  await anna.greet(ben, 1);
  await anna.send(ben, "one");
  await anna.send(ben, "two");
  vi.restoreAllMocks();
  return logger.messages("warn").filter((message) => message.includes("makeSignalRepository: "));
}

describe("sessions of the auth state", () => {
  test("are warned of once without the repository", async () => {
    expect(await sendTwice(false)).toHaveLength(1);
  });

  test("are not warned of with it", async () => {
    expect(await sendTwice(true)).toEqual([]);
  });
});

describe("the keys of the repository", () => {
  test("run the work of a transaction with named records", async () => {
    await using account = await openAccount({ backend: memoryBackend() });
    const { state } = await baileysAuthState(account);
    let keys: { transactWith(scope: object, work: () => Promise<number>): Promise<number> } | undefined;
    const make = (auth: { keys: typeof keys }) => {
      keys = auth.keys;
      return { lidMapping: { getLIDsForPNs: async () => null } } as never;
    };
    signalRepository(account, make)(state as never);
    const scope = { records: [{ type: "session", id: "15550000002.0" }] };
    expect(await keys?.transactWith(scope, async () => 7)).toBe(7);
    await expect(keys?.transactWith(scope, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  });
});
