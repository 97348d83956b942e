import type { StoreErrorCode } from "../../errors/mod.ts";
import { check, equal, fails } from "./assert.ts";
import { type ConformanceCase, type ConformanceHarness, type Damage, DEFAULT_ACCOUNT } from "./harness.ts";
import { freshDevice, fullDevice, sampleBytes } from "./samples.ts";

const CODES: Readonly<Record<Damage, StoreErrorCode>> = {
  undecodable: "corrupt",
  "wrong-length": "wrong-length",
};

const STATE = {
  version: 5n,
  hash: sampleBytes(1, 128),
  indexValueMap: new Map<string, Uint8Array>(),
  macMismatchFatal: false,
};

async function damage(
  harness: ConformanceHarness,
  value: Parameters<NonNullable<ConformanceHarness["damage"]>>[1],
  how: Damage,
): Promise<void> {
  check(harness.damage !== undefined, "the harness cannot damage anything");
  await harness.damage(DEFAULT_ACCOUNT, value, how);
}

/** Absent, corrupt and wrong-length values have three different outcomes. */
export const damageCases: readonly ConformanceCase[] = [
  {
    name: "damage: a wrong-length identity or secret is an error until replaced",
    requires: ["damage"],
    async run(harness) {
      const backend = await harness.open();
      const secret = {
        chat: "c",
        sender: "s",
        id: "i",
        secret: sampleBytes(1, 32),
        expiresAt: 0,
        messageTs: 0,
      };
      await backend.putIdentity("1000@lid.0", sampleBytes(1, 32));
      await backend.putMsgSecrets([secret]);
      await damage(harness, "identity", "wrong-length");
      await damage(harness, "msgSecret", "wrong-length");
      await fails(() => backend.loadIdentity("1000@lid.0"), "wrong-length", "identity");
      await fails(() => backend.getMsgSecret("c", "s", "i"), "wrong-length", "secret");
      equal(await backend.loadIdentity("1001@lid.0"), undefined, "an absent identity");
      equal(await backend.hasSignalStateForUser("1000"), true, "whether there is state");
      await backend.putIdentity("1000@lid.0", sampleBytes(2, 32));
      await backend.putMsgSecrets([{ ...secret, secret: sampleBytes(3, 32) }]);
      equal(await backend.loadIdentity("1000@lid.0"), sampleBytes(2, 32), "healed identity");
      equal(await backend.getMsgSecret("c", "s", "i"), { secret: sampleBytes(3, 32) }, "healed secret");
    },
  },
  {
    name: "damage: an undecodable sync key is an error and never the latest",
    requires: ["damage"],
    async run(harness) {
      const backend = await harness.open();
      const [low, high] = [new Uint8Array([1]), new Uint8Array([2])];
      const key = (seed: number) => ({
        keyData: sampleBytes(seed, 32),
        fingerprint: new Uint8Array(0),
        timestamp: seed,
      });
      await backend.setSyncKey(high, key(9));
      await damage(harness, "syncKey", "undecodable");
      await backend.setSyncKey(low, key(1));
      await fails(() => backend.getSyncKey(high), "corrupt", "damaged key");
      equal(await backend.getLatestSyncKeyId(), low, "latest id");
      equal(await backend.getSyncKey(low), key(1), "whole key");
      await backend.setSyncKey(high, key(10));
      equal(await backend.getSyncKey(high), key(10), "healed key");
      equal(await backend.getLatestSyncKeyId(), high, "latest id, healed");
    },
  },
  ...(["undecodable", "wrong-length"] as const).map(
    (how): ConformanceCase => ({
      name: `damage: an ${how === "undecodable" ? how : "app-state"} version${
        how === "undecodable" ? "" : " with a hash of a wrong length"
      } is not version 0`,
      requires: ["damage"],
      async run(harness) {
        const backend = await harness.open();
        await backend.setVersion("regular", STATE);
        await damage(harness, "syncVersion", how);
        await fails(() => backend.getVersion("regular"), CODES[how], "version");
        equal((await backend.getVersion("regular_low")).version, 0n, "version of another collection");
        await backend.setVersion("regular", STATE);
        equal(await backend.getVersion("regular"), STATE, "healed version");
      },
    }),
  ),
  {
    name: "damage: an undecodable device list is an error",
    requires: ["damage"],
    async run(harness) {
      const backend = await harness.open();
      await backend.updateDeviceList({ user: "1000", devices: [{ deviceId: 1, keyIndex: 2 }], timestamp: 3 });
      await damage(harness, "deviceList", "undecodable");
      await backend.updateDeviceList({ user: "1001", devices: [], timestamp: 3 });
      await fails(() => backend.getDevices("1000"), "corrupt", "damaged list");
      await fails(() => backend.getDevicesFor(["1001", "1000"]), "corrupt", "a batch with a damaged list");
      equal((await backend.getDevices("1001"))?.timestamp, 3, "another user's list");
      equal(await backend.getDevices("1002"), undefined, "an absent list");
      await backend.deleteDevices("1000");
      equal(await backend.getDevices("1000"), undefined, "deleted list");
    },
  },
  ...(["undecodable", "wrong-length"] as const).map(
    (how): ConformanceCase => ({
      name: `damage: a device record that is ${how} is an error`,
      requires: ["damage"],
      async run(harness) {
        const backend = await harness.open();
        const id = await backend.create();
        await backend.save(fullDevice(1));
        await damage(harness, "device", how);
        await fails(() => backend.load(), CODES[how], "device");
        check(await backend.exists(), "a damaged device does not exist");
        const reopened = await harness.reopen();
        await fails(() => reopened.load(), CODES[how], "device, after a reopen");
        equal(await reopened.create(), id, "device id");
        check(await reopened.exists(), "registering the account again lost the damaged device");
        await reopened.save(freshDevice(2));
        equal(await reopened.load(), freshDevice(2), "device, saved again on purpose");
      },
    }),
  ),
];
