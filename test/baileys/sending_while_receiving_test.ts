import { Curve } from "baileys";
import { beforeAll, expect, test, vi } from "vitest";
import { SeededRandom } from "../../src/testing/mod.ts";
import { memoryKeys, pairedCreds } from "../support/whatsapp/mod.ts";
import { sendWhileReceiving, unhurried } from "./sending_while_receiving.ts";
import { SignalPeer } from "./signal_peer.ts";

beforeAll(() => {
  // libsignal prints whole sessions.
  for (const method of ["log", "info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
});

async function stockPeer(pn: string, random?: SeededRandom): Promise<SignalPeer> {
  const creds = pairedCreds({ pn });
  const keys = memoryKeys();
  await keys.set({ "pre-key": { "1": Curve.generateKeyPair() } });
  return new SignalPeer({
    jid: `9${pn}:1@lid`,
    creds,
    keys: random === undefined ? keys : unhurried(keys, random),
  });
}

test("stock Baileys repeats keys", async () => {
  const random = new SeededRandom(1);
  const anna = await stockPeer("15550000001", random);
  const ben = await stockPeer("15550000002");
  await anna.greet(ben, 1);
  expect(await ben.receive(anna, await anna.send(ben, "hello"))).toBe("hello");
  expect(await anna.receive(ben, await ben.send(anna, "hi"))).toBe("hi");
  const findings = await sendWhileReceiving(anna, ben, 300, random);
  process.stdout.write(`${JSON.stringify(findings)}\n`);
  expect(findings.repeated).toBeGreaterThan(0);
});
