import type { DeviceListRecord } from "../../backend/mod.ts";
import { check, equal } from "./assert.ts";
import type { ConformanceCase } from "./harness.ts";
import { afterEachRestart } from "./restarts.ts";
import { sampleBytes, secondsOf } from "./samples.ts";
import { withoutDefaults } from "./universe.ts";

const ALICE = "5511999990000@c.us.0";

function same(actual: DeviceListRecord | undefined, expected: DeviceListRecord, what: string): void {
  equal(actual === undefined ? undefined : withoutDefaults(actual), withoutDefaults(expected), what);
}

const baseKeyCases: readonly ConformanceCase[] = [
  {
    name: "base key: recognises only the same key, message and address",
    async run(harness) {
      let backend = await harness.open();
      const key = sampleBytes(1, 33);
      check(!(await backend.hasSameBaseKey(ALICE, "3EB0", key)), "recognised before it was saved");
      await backend.saveBaseKey(ALICE, "3EB0", sampleBytes(9, 33));
      await backend.saveBaseKey(ALICE, "3EB0", key);
      backend = await afterEachRestart(harness, backend, async (open) => {
        check(await open.hasSameBaseKey(ALICE, "3EB0", key), "the key is not recognised");
        check(!(await open.hasSameBaseKey(ALICE, "3EB0", sampleBytes(9, 33))), "the replaced key");
        check(!(await open.hasSameBaseKey(ALICE, "3EB0", key.slice(0, 32))), "a shorter key");
        check(!(await open.hasSameBaseKey(ALICE, "3EB0", new Uint8Array(0))), "an empty key");
        check(!(await open.hasSameBaseKey(ALICE, "3EB", key)), "another message");
        check(!(await open.hasSameBaseKey("5511999990000:1@c.us.0", "3EB0", key)), "another address");
      });
      await backend.deleteBaseKey(ALICE, "3EB0");
      await backend.deleteBaseKey(ALICE, "3EB0");
      check(!(await backend.hasSameBaseKey(ALICE, "3EB0", key)), "recognised after it was deleted");
    },
  },
  {
    name: "base key: expiry removes and counts rows up to the cutoff",
    async run(harness) {
      const backend = await harness.open();
      const savedAt = secondsOf(harness.clock);
      const key = sampleBytes(1, 33);
      await backend.saveBaseKey(ALICE, "first", key);
      harness.clock.advance(1_000);
      await backend.saveBaseKey(ALICE, "second", key);
      await backend.saveBaseKey(ALICE, "third", key);
      harness.clock.advance(1_000);
      // Saving again updates the stamp.
      await backend.saveBaseKey(ALICE, "third", key);
      equal(await backend.deleteExpiredBaseKeys(savedAt - 1), 0, "before any");
      equal(await backend.deleteExpiredBaseKeys(savedAt), 1, "at the first");
      check(!(await backend.hasSameBaseKey(ALICE, "first", key)), "the first is still there");
      check(await backend.hasSameBaseKey(ALICE, "second", key), "the second went too early");
      equal(await backend.deleteExpiredBaseKeys(savedAt + 1), 1, "at the second");
      check(await backend.hasSameBaseKey(ALICE, "third", key), "the third went too early");
    },
  },
];

const deviceListCases: readonly ConformanceCase[] = [
  {
    name: "device list: keeps every field, and absent apart from zero",
    async run(harness) {
      const backend = await harness.open();
      equal(await backend.getDevices("1000"), undefined, "before");
      const full: DeviceListRecord = {
        user: "1000",
        devices: [
          { deviceId: 0 },
          { deviceId: 99, keyIndex: 0, isHosted: true },
          { deviceId: 3, keyIndex: 4_294_967_295, isHosted: false },
        ],
        timestamp: 4_102_444_800,
        phash: "2:Yq3zT1",
        rawId: 4_294_967_295,
      };
      const bare: DeviceListRecord = { user: "5511", devices: [], timestamp: 0 };
      const zero: DeviceListRecord = { user: "100", devices: [{ deviceId: 0 }], timestamp: 1, rawId: 0 };
      await backend.updateDeviceList(full);
      await backend.updateDeviceLists([bare, zero]);
      await afterEachRestart(harness, backend, async (open) => {
        same(await open.getDevices("1000"), full, "full");
        same(await open.getDevices("5511"), bare, "bare");
        same(await open.getDevices("100"), zero, "zero");
      });
    },
  },
  {
    name: "device list: an update replaces the whole list",
    async run(harness) {
      let backend = await harness.open();
      const first = {
        user: "1000",
        devices: [{ deviceId: 5, keyIndex: 1 }],
        timestamp: 50,
        phash: "x",
        rawId: 1,
      };
      const second = { user: "1000", devices: [{ deviceId: 0 }], timestamp: 40 };
      await backend.updateDeviceList(first);
      await backend.updateDeviceList(second);
      same(await backend.getDevices("1000"), second, "replaced");
      await backend.updateDeviceLists([second, { ...first, user: "1001" }, first]);
      const [a, absent, b] = await backend.getDevicesFor(["1001", "100", "1000"]);
      same(a, { ...first, user: "1001" }, "1001");
      equal(absent, undefined, "100");
      same(b, first, "1000");
      equal((await backend.getDevicesFor(["1000", "1000"])).length, 2, "repeats are answered");
      equal(await backend.getDevicesFor([]), [], "no users");
      await backend.updateDeviceLists([]);
      await backend.deleteDevices("1000");
      await backend.deleteDevices("1000");
      backend = await afterEachRestart(harness, backend, async (open) => {
        equal(await open.getDevices("1000"), undefined, "deleted");
        same(await open.getDevices("1001"), { ...first, user: "1001" }, "another user");
      });
    },
  },
];

const groupMetadataCases: readonly ConformanceCase[] = [
  {
    name: "group metadata: returns the last put until it is deleted",
    async run(harness) {
      let backend = await harness.open();
      const [family, work] = ["120363000000000001@g.us", "120363000000000002@g.us"];
      equal(await backend.getGroupMetadata(family), undefined, "before");
      await backend.putGroupMetadata(family, sampleBytes(1, 5_000));
      await backend.putGroupMetadata(family, sampleBytes(2, 20));
      await backend.putGroupMetadata(work, new Uint8Array(0));
      backend = await afterEachRestart(harness, backend, async (open) => {
        equal(await open.getGroupMetadata(family), sampleBytes(2, 20), "replaced");
        equal(await open.getGroupMetadata(work), new Uint8Array(0), "empty is not absent");
      });
      await backend.deleteGroupMetadata(family);
      await backend.deleteGroupMetadata(family);
      equal(await backend.getGroupMetadata(family), undefined, "deleted");
      equal(await backend.getGroupMetadata(work), new Uint8Array(0), "the other group");
    },
  },
];

/** Base keys, device lists and group metadata. */
export const relationCases: readonly ConformanceCase[] = [
  ...baseKeyCases,
  ...deviceListCases,
  ...groupMetadataCases,
];
