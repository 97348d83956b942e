import type { Lease } from "../../backend/mod.ts";
import { equal, fails } from "./assert.ts";
import type { ConformanceCase } from "./harness.ts";
import { afterEachRestart } from "./restarts.ts";
import { sampleBytes } from "./samples.ts";

const ADDRESS = "1000@lid.0";
const OTHER = "1000:1@lid.0";
const NAME = `120363000000000001@g.us:${ADDRESS}`;

function lease(reservedUntil: number, burned = 0): Lease {
  return { reservedUntil, incarnation: "0123456789abcdef".repeat(2), burned };
}

/** Leases beside records, and quarantined records. */
export const leaseCases: readonly ConformanceCase[] = [
  {
    name: "lease: is stored with its record and changes with it",
    async run(harness) {
      const backend = await harness.open();
      const most = lease(2 ** 32, 2 ** 32);
      await backend.putSession(ADDRESS, sampleBytes(1, 50), lease(7, 3));
      await backend.putSession(OTHER, sampleBytes(2, 50));
      await backend.putSenderKey(NAME, sampleBytes(3, 50), most);
      await afterEachRestart(harness, backend, async (open) => {
        equal(
          await open.loadSessionRow(ADDRESS),
          { record: sampleBytes(1, 50), lease: lease(7, 3) },
          "leased",
        );
        equal(
          await open.loadSessionRow(OTHER),
          { record: sampleBytes(2, 50), lease: undefined },
          "without one",
        );
        equal(await open.loadSessionRow("9@lid.0"), undefined, "absent");
        equal(await open.loadSenderKeyRow(NAME), { record: sampleBytes(3, 50), lease: most }, "sender key");
        equal(await open.loadSenderKeyRow(`${NAME}x`), undefined, "absent sender key");
        equal(
          await open.loadSenderKeyRows([`${NAME}x`, NAME, NAME]),
          [
            undefined,
            { record: sampleBytes(3, 50), lease: most },
            { record: sampleBytes(3, 50), lease: most },
          ],
          "many sender keys, in their order",
        );
        equal(
          await open.loadSessionRows([OTHER, "9@lid.0", ADDRESS, OTHER]),
          [
            { record: sampleBytes(2, 50), lease: undefined },
            undefined,
            { record: sampleBytes(1, 50), lease: lease(7, 3) },
            { record: sampleBytes(2, 50), lease: undefined },
          ],
          "many, in their order",
        );
        equal(await open.getSession(ADDRESS), sampleBytes(1, 50), "the record alone");
      });
    },
  },
  {
    name: "lease: a put replaces it, and a put without a lease removes it",
    async run(harness) {
      const backend = await harness.open();
      await backend.putSession(ADDRESS, sampleBytes(1, 50), lease(7, 3));
      await backend.putSession(ADDRESS, sampleBytes(4, 50), lease(0));
      equal((await backend.loadSessionRow(ADDRESS))?.lease, lease(0), "replaced");
      await backend.putSession(ADDRESS, sampleBytes(4, 50));
      equal((await backend.loadSessionRow(ADDRESS))?.lease, undefined, "a put without one removes it");
    },
  },
  {
    name: "lease: rejects a malformed lease and stores nothing",
    async run(harness) {
      const backend = await harness.open();
      for (const bad of [lease(-1), lease(1.5), lease(2 ** 32 + 1), lease(1, -1)]) {
        await fails(() => backend.putSession(ADDRESS, sampleBytes(1, 50), bad), "RangeError", "session");
        await fails(() => backend.putSenderKey(NAME, sampleBytes(1, 50), bad), "RangeError", "sender key");
      }
      const short = { ...lease(1), incarnation: "ab" };
      await fails(() => backend.putSession(ADDRESS, sampleBytes(1, 50), short), "RangeError", "incarnation");
      equal(await backend.listSignalAddresses(["1000"]), [], "what is there");
    },
  },
  {
    name: "quarantine: keeps the newest bytes of an address apart from the row",
    async run(harness) {
      const backend = await harness.open();
      await backend.putSession(ADDRESS, sampleBytes(1, 50));
      await backend.commit([
        {
          kind: "quarantine.put",
          store: "session",
          address: ADDRESS,
          record: sampleBytes(1, 50),
          reason: "lease",
        },
        { kind: "session.delete", address: ADDRESS },
      ]);
      await backend.quarantine("senderKey", NAME, new Uint8Array(0), "undecodable");
      await backend.quarantine("session", ADDRESS, sampleBytes(2, 20), "wrong-length");
      await afterEachRestart(harness, backend, async (open) => {
        equal(await open.getSession(ADDRESS), undefined, "the row");
        equal(
          await open.listQuarantined(),
          [
            { store: "session", address: ADDRESS, reason: "wrong-length", bytes: 20 },
            { store: "senderKey", address: NAME, reason: "undecodable", bytes: 0 },
          ].sort((a, b) => (a.address < b.address ? -1 : 1)),
          "what is aside",
        );
        equal(await open.hasSignalStateForUser("1000"), false, "whether it counts as state");
      });
    },
  },
];
