/**
 * Sending while receiving on one session, over seeds: an account repeats no key and loses no message; the stock library
 * does, beside it, under the same script. `HOLDFAST_SEEDS` sets how many seeds run.
 */
import { Curve } from "baileys";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { memoryBackend } from "../../src/adapters/memory/mod.ts";
import { SeededRandom } from "../../src/testing/mod.ts";
import { memoryKeys, pairedCreds } from "../support/whatsapp/mod.ts";
import { openPeer } from "./holdfast_peer.ts";
import { type Findings, sendWhileReceiving, unhurried } from "./sending_while_receiving.ts";
import { SignalPeer } from "./signal_peer.ts";

const ANNA = "100000000000001:1@lid";
const BEN = "100000000000002:2@lid";
const SENDS = 300;
const SEEDS = Number(process.env.HOLDFAST_SEEDS ?? 20);
/** Stock Baileys is run on a few seeds: each shows its repeats. */
const STOCK_SEEDS = 2;

beforeAll(() => {
  // libsignal prints whole sessions.
  for (const method of ["info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
});
afterAll(() => {
  vi.restoreAllMocks();
});

/** Lets two peers have a session that both have used, and runs the script. */
async function run(anna: SignalPeer, ben: SignalPeer, benPreKeyId: number, seed: number): Promise<Findings> {
  await anna.greet(ben, benPreKeyId);
  expect(await ben.receive(anna, await anna.send(ben, "hello"))).toBe("hello");
  expect(await anna.receive(ben, await ben.send(anna, "hi"))).toBe("hi");
  return await sendWhileReceiving(anna, ben, SENDS, new SeededRandom(seed));
}

async function stock(seed: number): Promise<Findings> {
  const peer = async (jid: string, pn: string): Promise<SignalPeer> => {
    const keys = memoryKeys();
    await keys.set({ "pre-key": { "1": Curve.generateKeyPair() } });
    return new SignalPeer({ jid, creds: pairedCreds({ pn }), keys: unhurried(keys, new SeededRandom(seed)) });
  };
  return await run(await peer(ANNA, "15550000001"), await peer(BEN, "15550000002"), 1, seed);
}

async function holdfast(seed: number): Promise<Findings> {
  const [anna, ben] = [await openPeer(ANNA, memoryBackend()), await openPeer(BEN, memoryBackend())];
  const findings = await run(anna.peer, ben.peer, ben.peer.creds.firstUnuploadedPreKeyId, seed);
  await anna.account.close();
  await ben.account.close();
  return findings;
}

test.each(Array.from({ length: SEEDS }, (_, index) => index + 1))(
  "an account, seed %i",
  { timeout: 60_000 },
  async (seed) => {
    expect(await holdfast(seed)).toEqual({ sends: SENDS, repeated: 0, undecryptable: 0 });
  },
);

test.each(Array.from({ length: STOCK_SEEDS }, (_, index) => index + 1))(
  "the stock library, seed %i",
  { timeout: 60_000 },
  async (seed) => {
    const findings = await stock(seed);
    process.stdout.write(
      `stock library, seed ${seed}: ${findings.repeated} repeated keys, ${findings.undecryptable} undecryptable\n`,
    );
    expect(findings.repeated).toBeGreaterThan(0);
  },
);
