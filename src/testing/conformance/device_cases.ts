import type { DatabaseSnapshot, Device } from "../../backend/mod.ts";
import { SeededRandom } from "../seeded_random.ts";
import { check, equal } from "./assert.ts";
import { type ConformanceCase, DEFAULT_ACCOUNT } from "./harness.ts";
import { afterEachRestart } from "./restarts.ts";
import { freshDevice, fullDevice, sampleBytes, secondsOf } from "./samples.ts";
import { drawWrite, PUTTING_KINDS } from "./write_samples.ts";

function rowsOf(snapshot: DatabaseSnapshot): number {
  return snapshot.tables.reduce((rows, table) => rows + table.rows, 0);
}

function bytesOf(snapshot: DatabaseSnapshot): number {
  return snapshot.tables.reduce((bytes, table) => bytes + table.bytes, 0);
}

const recordCases: readonly ConformanceCase[] = [
  {
    name: "device: an account has none until one is saved",
    async run(harness) {
      const backend = await harness.open();
      await backend.create();
      check(!(await backend.exists()), "exists before it was saved");
      equal(await backend.load(), undefined, "load before it was saved");
      await backend.save(freshDevice(1));
      await afterEachRestart(harness, backend, async (open) => {
        check(await open.exists(), "does not exist after it was saved");
      });
    },
  },
  {
    name: "device: keeps every field",
    async run(harness) {
      const backend = await harness.open();
      await backend.save(fullDevice(1));
      await afterEachRestart(harness, backend, async (open) =>
        equal(await open.load(), fullDevice(1), "device"),
      );
    },
  },
  {
    name: "device: keeps absent fields and defaults",
    async run(harness) {
      const backend = await harness.open();
      await backend.save(freshDevice(1));
      await afterEachRestart(harness, backend, async (open) =>
        equal(await open.load(), freshDevice(1), "device"),
      );
    },
  },
  {
    name: "device: saving replaces every field",
    async run(harness) {
      const backend = await harness.open();
      await backend.save(fullDevice(1));
      await backend.save(freshDevice(2));
      equal(await backend.load(), freshDevice(2), "the second device");
      const [bare, full] = [freshDevice(2), fullDevice(3)];
      for (const field of Object.keys(full) as (keyof Device)[]) {
        const device = { ...bare, [field]: full[field] };
        await backend.save(device);
        equal(await backend.load(), device, `device with only ${field} changed`);
      }
    },
  },
  {
    name: "device: keeps empty bytes apart from absent ones",
    async run(harness) {
      const backend = await harness.open();
      const device: Device = {
        ...freshDevice(1),
        edgeRoutingInfo: new Uint8Array(0),
        nctSalt: new Uint8Array(0),
        account: { details: sampleBytes(1, 3), deviceSignature: sampleBytes(2, 64) },
        extra: new Map([["nothing", new Uint8Array(0)]]),
      };
      await backend.save(device);
      await afterEachRestart(harness, backend, async (open) => equal(await open.load(), device, "device"));
    },
  },
  {
    name: "device: unknown fields of the proof of pairing come back",
    async run(harness) {
      const backend = await harness.open();
      const unknownFields = new Uint8Array([0xc2, 0x3e, 2, 1, 2, 0xc8, 0x3e, 7]);
      const device: Device = { ...freshDevice(1), account: { details: sampleBytes(1, 3), unknownFields } };
      await backend.save(device);
      await afterEachRestart(harness, backend, async (open) => equal(await open.load(), device, "device"));
    },
  },
];

const accountCases: readonly ConformanceCase[] = [
  {
    name: "device: create registers an account once, under a stable id",
    async run(harness) {
      const backend = await harness.open();
      const id = await backend.create();
      check(Number.isSafeInteger(id) && id >= 1, `account id is ${id}`);
      equal(await backend.create(), id, "created again");
      const bob = await (await harness.open("bob")).create();
      check(bob !== id, "two accounts have one account id");
      await afterEachRestart(harness, backend, async (open) => {
        equal(await open.create(), id, "created in a later incarnation");
      });
    },
  },
  {
    name: "device: listAccounts returns all accounts by id, with phone numbers",
    async run(harness) {
      const backend = await harness.open();
      const id = await backend.create();
      const bob = await harness.open("bob");
      const bobId = await bob.create();
      await bob.save(fullDevice(7));
      const expected = [
        { accountId: id, account: DEFAULT_ACCOUNT, pn: undefined },
        { accountId: bobId, account: "bob", pn: fullDevice(7).pn },
      ].sort((a, b) => a.accountId - b.accountId);
      await afterEachRestart(harness, backend, async (open) => {
        equal(await open.listAccounts(), expected, "accounts");
      });
    },
  },
  {
    name: "device: a commit registers the account",
    async run(harness) {
      const backend = await harness.open("carol");
      await backend.putSession("1000@lid.0", sampleBytes(1, 9));
      const [carol] = (await backend.listAccounts()).filter(({ account }) => account === "carol");
      check(carol !== undefined, "the account is not listed");
      equal(await backend.create(), carol.accountId, "account id");
    },
  },
  {
    name: "device: a snapshot holds counts and extra bytes but no contents",
    async run(harness) {
      const backend = await harness.open();
      const accountId = await backend.create();
      const before = await backend.snapshotDb("before");
      await backend.putSession("5511999990000@c.us.0", sampleBytes(1, 1_000));
      await backend.putSession("5511999990001@c.us.0", sampleBytes(2, 500));
      await (await harness.open("bob")).putSession("1000@lid.0", sampleBytes(3, 5_000));
      const after = await backend.snapshotDb("after '%", sampleBytes(4, 30));
      equal(
        { name: after.name, account: after.account, accountId: after.accountId, extra: after.extra },
        { name: "after '%", account: DEFAULT_ACCOUNT, accountId, extra: sampleBytes(4, 30) },
        "snapshot",
      );
      equal(before.extra, undefined, "extra of a snapshot without any");
      equal(rowsOf(after) - rowsOf(before), 2, "rows more than before");
      const bytes = bytesOf(after) - bytesOf(before);
      check(
        bytes >= 1_500 && bytes < 3_000,
        `${bytes} bytes more than before, two sessions of 1,500 were stored`,
      );
      check(Number.isInteger(after.schemaVersion), "the schema version is no number");
      check(!JSON.stringify(after.tables).includes("5511999990000"), "the snapshot holds an address");
    },
  },
];

const deleteCases: readonly ConformanceCase[] = [
  {
    name: "device: deleting an account removes its rows and no others",
    async run(harness) {
      let backend = await harness.open();
      const bob = await harness.open("bob");
      for (const open of [backend, bob]) {
        await open.save(fullDevice(1));
        await open.putSession("1000@lid.0", sampleBytes(1, 50));
        await open.putMutationMacs("regular", 1n, [
          { indexMac: sampleBytes(1, 32), valueMac: sampleBytes(2, 32) },
        ]);
      }
      const bobId = await bob.create();
      await backend.deleteAccount(bobId);
      await backend.deleteAccount(bobId);
      await backend.deleteAccount(bobId + 1_000);
      backend = await afterEachRestart(harness, backend, async (open) => {
        const accounts = (await open.listAccounts()).map(({ account }) => account);
        equal(accounts, [DEFAULT_ACCOUNT], "accounts");
        equal(await open.load(), fullDevice(1), "this account's device");
        equal(await open.getSession("1000@lid.0"), sampleBytes(1, 50), "this account's session");
      });
      const again = await harness.open("bob");
      check(!(await again.exists()), "the deleted account still has a device");
      check(!(await again.hasSession("1000@lid.0")), "the deleted account still has a session");
      const macs = await again.getMutationMacs("regular", [sampleBytes(1, 32)]);
      equal(macs, [undefined], "the deleted account's MACs");
      check((await again.create()) !== bobId, "the deleted account's id was given out again");
      equal(rowsOf(await again.snapshotDb("again")) <= 1, true, "rows of the new account");
    },
  },
  {
    name: "device: clearing an account leaves its device and other accounts",
    async run(harness) {
      const backend = await harness.open();
      const bob = await harness.open("bob");
      const random = new SeededRandom(1);
      for (const open of [backend, bob]) {
        // Some kinds put rows only where others are: they come twice.
        for (const kind of [...PUTTING_KINDS, ...PUTTING_KINDS]) {
          await open.commit([drawWrite(kind, { random, nowS: secondsOf(harness.clock) })]);
        }
        await open.save(fullDevice(1));
      }
      const before = await bob.snapshotDb("before");
      const accountId = await backend.create();
      const [rows] = await backend.commit([{ kind: "account.clear" }]);
      check((rows ?? 0) >= 1, "no row was counted");
      await backend.clearAccount();
      await afterEachRestart(harness, backend, async (open) => {
        equal(await open.load(), fullDevice(1), "the device");
        equal(rowsOf(await open.snapshotDb("cleared")), 1, "rows");
        equal(await open.create(), accountId, "account id");
      });
      const again = await harness.open("bob");
      equal((await again.snapshotDb("before")).tables, before.tables, "the other account's tables");
    },
  },
  {
    name: "device: a commit separates writes before and after a clearing",
    async run(harness) {
      const backend = await harness.open();
      await backend.putSession("1000@lid.0", sampleBytes(1, 50));
      await backend.commit([
        { kind: "session.put", address: "1001@lid.0", record: sampleBytes(2, 50) },
        { kind: "account.clear" },
        { kind: "session.put", address: "1002@lid.0", record: sampleBytes(3, 50) },
        { kind: "device.save", device: freshDevice(2) },
      ]);
      await afterEachRestart(harness, backend, async (open) => {
        const sessions = await open.getSessions(["1000@lid.0", "1001@lid.0", "1002@lid.0"]);
        equal(sessions, [undefined, undefined, sampleBytes(3, 50)], "sessions");
        equal(await open.load(), freshDevice(2), "the device");
      });
    },
  },
];

/** The device record, the accounts of a database, and the snapshot. */
export const deviceCases: readonly ConformanceCase[] = [...recordCases, ...accountCases, ...deleteCases];
