import { expect, test } from "vitest";
import { DEVICE, type Device } from "../../backend/mod.ts";
import { CorruptError, WrongLengthError } from "../../errors/mod.ts";
import { silentLogger } from "../../ports/mod.ts";
import { lengthCheckOf } from "../../rules/mod.ts";
import { openLibsqlDriver } from "../libsql/open_driver.ts";
import { DEVICE_COLUMNS, decodeDevice, deviceColumnsOf, encodeDevice } from "./device_fields.ts";
import { migrate } from "./migrate.ts";
import { MIGRATIONS } from "./schema.ts";
import type { SqlValue } from "./sql_driver.ts";

function key(seed: number): Uint8Array {
  return new Uint8Array(32).fill(seed);
}

/** A device in which no two values are equal and no field has its default. */
const FULL: Device = {
  pn: "5511999990000:3@s.whatsapp.net",
  lid: "100000000000001:3@lid",
  registrationId: 2 ** 31 - 1,
  noiseKey: { privateKey: key(1), publicKey: key(2) },
  identityKey: { privateKey: key(3), publicKey: key(4) },
  signedPreKey: { privateKey: key(5), publicKey: key(6) },
  signedPreKeyId: 2 ** 24 - 1,
  signedPreKeySignature: new Uint8Array(64).fill(7),
  advSecretKey: key(8),
  account: {
    details: new Uint8Array([9]),
    accountSignatureKey: key(10),
    accountSignature: new Uint8Array(64).fill(11),
    deviceSignature: new Uint8Array(64).fill(12),
  },
  pushName: "Ana 😀",
  platform: "android",
  appVersion: [2, 3_000, 4_294_967_295],
  appVersionLastFetchedMs: 1_767_225_600_123,
  edgeRoutingInfo: new Uint8Array([13, 14]),
  propsHash: "hash",
  nextPreKeyId: 813,
  firstUnuploadedPreKeyId: 812,
  serverHasPreKeys: true,
  nctSalt: new Uint8Array([15]),
  serverCertChain: {
    intermediate: { key: key(16), notBefore: 17, notAfter: 18 },
    leaf: { key: key(19), notBefore: 20, notAfter: Number.MAX_SAFE_INTEGER },
  },
  loginCounter: Number.MAX_SAFE_INTEGER,
  lidMigrated: true,
  lastSignedPreKeyRotationMs: 1_767_225_600_456,
  readReceiptsDisabled: true,
  serverClientExpiration: { expiresAt: 1_800_000_000, version: "2.3000.1" },
  extra: new Map([
    ["creds", new Uint8Array([21])],
    ["empty", new Uint8Array(0)],
  ]),
};

/** What a field reads as when an older row has no value for it. */
const DEFAULTS: Partial<Device> = {
  pn: undefined,
  lid: undefined,
  account: undefined,
  pushName: "",
  platform: undefined,
  appVersion: [0, 0, 0],
  appVersionLastFetchedMs: 0,
  edgeRoutingInfo: undefined,
  propsHash: undefined,
  nextPreKeyId: 0,
  firstUnuploadedPreKeyId: 0,
  serverHasPreKeys: false,
  nctSalt: undefined,
  serverCertChain: undefined,
  loginCounter: 0,
  lidMigrated: false,
  lastSignedPreKeyRotationMs: 0,
  readReceiptsDisabled: false,
  serverClientExpiration: undefined,
  extra: new Map(),
};

const FIELDS = Object.keys(FULL) as (keyof Device)[];

/** The row of a device, with the columns of some fields replaced. */
function rowWith(fields: readonly (keyof Device)[], cell: SqlValue): SqlValue[] {
  const columns = new Set(fields.flatMap((name) => deviceColumnsOf(name)));
  return encodeDevice(FULL).map((value, index) => (columns.has(DEVICE_COLUMNS[index] ?? "") ? cell : value));
}

test("each field of a device has its own column, and each column a field", async () => {
  const driver = await openLibsqlDriver({ url: ":memory:", logger: silentLogger });
  await migrate(driver, MIGRATIONS);
  const rows = await driver.query("SELECT name FROM pragma_table_info('device')", []);
  await driver.close();
  const named = FIELDS.flatMap((name) => deviceColumnsOf(name));
  expect(new Set(named).size).toBe(named.length);
  expect(FIELDS.filter((name) => deviceColumnsOf(name).length === 0)).toEqual([]);
  expect(rows.map(([name]) => name).toSorted()).toEqual(["device_id", ...named].toSorted());
});

test("each field is read back, and changes only its own columns", () => {
  expect(decodeDevice(encodeDevice(FULL))).toEqual(FULL);
  for (const name of FIELDS) {
    const columns = new Set(deviceColumnsOf(name));
    const other = rowOfDefault(name);
    const changed = DEVICE_COLUMNS.filter((_, index) => !sameCell(other[index], encodeDevice(FULL)[index]));
    expect(changed.length, name).toBeGreaterThan(0);
    expect(
      changed.every((column) => columns.has(column)),
      name,
    ).toBe(true);
  }
});

/** The row of a device that differs in one field. */
function rowOfDefault(name: keyof Device): SqlValue[] {
  const pair = { privateKey: key(98), publicKey: key(99) };
  const other: Partial<Device> = {
    ...DEFAULTS,
    registrationId: 1,
    noiseKey: pair,
    identityKey: pair,
    signedPreKey: pair,
    signedPreKeyId: 1,
    signedPreKeySignature: new Uint8Array(64),
    advSecretKey: key(0),
  };
  return encodeDevice({ ...FULL, [name]: other[name] });
}

function sameCell(a: SqlValue | undefined, b: SqlValue | undefined): boolean {
  return String(a) === String(b);
}

test("a column that an older row lacks reads as the field's default", () => {
  const names = Object.keys(DEFAULTS) as (keyof Device)[];
  const device = decodeDevice(rowWith(names, null));
  for (const name of names) expect(device[name], name).toEqual(DEFAULTS[name]);
  for (const name of FIELDS.filter((each) => !names.includes(each)))
    expect(device[name], name).toEqual(FULL[name]);
});

/** Reads a row as `createBackend` does, which checks the lengths. */
function load(row: SqlValue[]): Device {
  const device = decodeDevice(row);
  lengthCheckOf(DEVICE, "load")?.(device);
  return device;
}

test("a missing key is corrupt, a short one of the wrong length", () => {
  for (const name of [
    "noiseKey",
    "identityKey",
    "signedPreKey",
    "signedPreKeySignature",
    "advSecretKey",
  ] as const) {
    expect(() => decodeDevice(rowWith([name], null)), name).toThrow(CorruptError);
    for (const length of [0, 1, 31, 63, 65, 128]) {
      expect(() => load(rowWith([name], new Uint8Array(length))), `${name}, ${length}`).toThrow(
        WrongLengthError,
      );
    }
  }
  for (const name of ["registrationId", "signedPreKeyId"] as const) {
    expect(() => decodeDevice(rowWith([name], null)), name).toThrow(CorruptError);
  }
  for (const name of ["account", "serverCertChain", "extra"] as const) {
    expect(() => decodeDevice(rowWith([name], new Uint8Array([0xff]))), name).toThrow(CorruptError);
  }
});
