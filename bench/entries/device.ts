import { openAccount } from "../../mod.ts";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { baileysAuthState } from "../../src/baileys/mod.ts";
import type { DeviceCommand } from "../../src/device/mod.ts";
import { type FakeHost, fakeHost } from "../../src/testing/mod.ts";
import type { BenchEntry } from "../harness/entry.ts";

/** The results of pairing, in order. */
const PAIRING: readonly DeviceCommand[] = [
  { kind: "setAdvSecretKey", advSecretKey: new Uint8Array(32).fill(1) },
  {
    kind: "setAccount",
    account: {
      details: new Uint8Array(8).fill(2),
      accountSignatureKey: new Uint8Array(32).fill(3),
      accountSignature: new Uint8Array(64).fill(4),
      deviceSignature: new Uint8Array(64).fill(5),
    },
  },
  { kind: "setId", pn: "15550000001:3@s.whatsapp.net" },
  { kind: "setLid", lid: "100000000000001:3@lid" },
  { kind: "setPlatform", platform: "android" },
  { kind: "setPushName", pushName: "Ada" },
  { kind: "setNctSalt", nctSalt: new Uint8Array(16).fill(6) },
];

/** Time after the last result within which everything must be durable, in milliseconds. */
const DURABLE_MS = 50;

/** Time between two results in milliseconds, so that each has its own turn of the event loop. */
const PAUSE_MS = 5;

/** Number of commits until the results of `pair` are durable for another process. */
async function commitsOf(
  pair: (account: Awaited<ReturnType<typeof openAccount>>, host: FakeHost) => Promise<() => Promise<void>>,
): Promise<number> {
  const host = fakeHost();
  const database = new MemoryDatabase();
  const backend = memoryBackend({ database, clock: host.clock });
  const account = await openAccount({ backend, host, housekeeping: false });
  const begin = await pair(account, host);
  await host.scheduler.advance(60_000);
  const before = account.stats().commits;
  await begin();
  await host.scheduler.advance(DURABLE_MS);
  const stored = await memoryBackend({ database }).load();
  if (stored?.pn === undefined || stored.pushName !== "Ada") throw new Error("the pairing is not durable");
  const commits = account.stats().commits - before;
  // No later saves must follow.
  await host.scheduler.advance(60_000);
  if (account.stats().commits - before !== commits) throw new Error("something was saved again");
  return commits;
}

export const entries: readonly BenchEntry[] = [
  {
    name: "device.pairing_to_durable.commits",
    kind: "count",
    unit: "commits",
    limit: { max: 1 },
    against:
      "pairing's seven results in turns of their own, saved by the saver alone within 50 ms of the last",
    run: () =>
      commitsOf(async ({ device }, host) => async () => {
        for (const command of PAIRING) {
          device.processCommand(command);
          await host.scheduler.advance(PAUSE_MS);
        }
      }),
  },
  {
    name: "device.pairing_to_durable.commits.baileys",
    kind: "count",
    unit: "commits",
    limit: { max: 1 },
    against: "Baileys' update of the credentials when it is paired, and saveCreds",
    run: () =>
      commitsOf(async (account) => {
        const { state, saveCreds } = await baileysAuthState(account);
        return async () => {
          Object.assign(state.creds, {
            account: {
              details: Buffer.alloc(8, 2),
              accountSignatureKey: Buffer.alloc(32, 3),
              accountSignature: Buffer.alloc(64, 4),
              deviceSignature: Buffer.alloc(64, 5),
            },
            me: { id: "15550000001:3@s.whatsapp.net", lid: "100000000000001:3@lid", name: "Ada" },
            platform: "android",
          });
          await saveCreds();
        };
      }),
  },
];
