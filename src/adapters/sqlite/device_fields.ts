import { DEVICE_FIELD_NAMES, DEVICE_FIELDS, type Device, type KeyPair } from "../../backend/mod.ts";
import {
  decodeDeviceExtra,
  decodeServerCertChain,
  decodeStoredAccount,
  encodeDeviceExtra,
  encodeServerCertChain,
  encodeStoredAccount,
} from "../../records/mod.ts";
import type { Rule } from "../../rules/mod.ts";
import { bytesOf, CELL_READERS, columnOf, integerOf, optionalOf, type Row, textOf } from "./cell.ts";
import type { SqlValue } from "./sql_driver.ts";

/** How one field of a device is stored: its columns, and the conversion in both directions. */
interface Field<T> {
  readonly columns: readonly string[];
  /** Whether the columns hold bytes. */
  readonly isBlob: boolean;
  /** Not called for `undefined`, which is stored as NULL. */
  encode(value: T): readonly SqlValue[];
  /** Not called if every column is NULL. `createBackend` checks the lengths of keys. */
  decode(cells: Row): T;
}

/** Fields that are neither a text, a number, a flag nor bytes. */
type CompositeField = {
  [Name in keyof Device]: Exclude<Device[Name], undefined> extends string | number | boolean | Uint8Array
    ? never
    : Name;
}[keyof Device];

type CompositeFields = { readonly [Name in CompositeField]: Field<Exclude<Device[Name], undefined>> };

function blob<T>(
  column: string,
  encode: (value: T) => Uint8Array,
  decode: (bytes: Uint8Array) => T,
): Field<T> {
  return {
    columns: [column],
    isBlob: true,
    encode: (value) => [encode(value)],
    decode: ([cell]) => decode(bytesOf(cell, `device ${column}`)),
  };
}

/** A key pair is one value, private‖public, so that the halves of two pairs can never be mixed. */
function keyPair(column: string): Field<KeyPair> {
  return blob<KeyPair>(
    column,
    ({ privateKey, publicKey }) => {
      const both = new Uint8Array(privateKey.length + publicKey.length);
      both.set(privateKey);
      both.set(publicKey, privateKey.length);
      return both;
    },
    (both) => {
      const middle = both.length >>> 1;
      return { privateKey: both.slice(0, middle), publicKey: both.slice(middle) };
    },
  );
}

/** Fields that are not stored as one cell of their own type. A new one does not compile without a row. */
const COMPOSITES: CompositeFields = {
  noiseKey: keyPair("noise_key"),
  identityKey: keyPair("identity_key"),
  signedPreKey: keyPair("signed_pre_key"),
  account: blob("account", encodeStoredAccount, decodeStoredAccount),
  appVersion: {
    columns: ["app_version_primary", "app_version_secondary", "app_version_tertiary"],
    isBlob: false,
    encode: (version) => [...version],
    decode: ([primary, secondary, tertiary]) => {
      const part = (cell: SqlValue | undefined) => optionalOf(cell, "device app_version", integerOf) ?? 0;
      return [part(primary), part(secondary), part(tertiary)];
    },
  },
  serverCertChain: blob("server_cert_chain", encodeServerCertChain, decodeServerCertChain),
  serverClientExpiration: {
    columns: ["server_client_expires_at", "server_client_version"],
    isBlob: false,
    encode: ({ expiresAt, version }) => [expiresAt, version],
    decode: ([expiresAt, version]) => ({
      expiresAt: integerOf(expiresAt, "device server_client_expires_at"),
      version: textOf(version, "device server_client_version"),
    }),
  },
  extra: blob<Device["extra"]>("extra", encodeDeviceExtra, decodeDeviceExtra),
};

/** A field of a simple type, in the column of its name. */
function simpleField(name: string, rule: Rule): Field<unknown> {
  if (rule.type === "optional") return simpleField(name, rule.rule);
  const column = columnOf(name);
  const what = `device ${column}`;
  const read = CELL_READERS[rule.type];
  if (read === undefined) throw new TypeError(`${what}: no column of its own for such a value`);
  return {
    columns: [column],
    isBlob: rule.type === "bytes",
    encode: (value) => [typeof value === "boolean" ? Number(value) : (value as SqlValue)],
    decode: ([cell]) => read(cell, what),
  };
}

/** Every field, in the order of the rules. A new field needs a migration that adds its columns. */
const FIELDS = DEVICE_FIELD_NAMES.map((name) => {
  const composites = COMPOSITES as unknown as Readonly<Record<string, Field<unknown> | undefined>>;
  return { name, ...(composites[name] ?? simpleField(name, DEVICE_FIELDS[name].rule)) };
});

/** The columns of each field of a device. */
export function deviceColumnsOf(name: keyof Device): readonly string[] {
  return FIELDS.find((field) => field.name === name)?.columns ?? [];
}

/** The columns of the device table besides `device_id`, in the order of `encodeDevice`. */
export const DEVICE_COLUMNS: readonly string[] = FIELDS.flatMap(({ columns }) => columns);

/** The columns that hold bytes. */
export const DEVICE_BLOB_COLUMNS: readonly string[] = FIELDS.flatMap(({ columns, isBlob }) =>
  isBlob ? columns : [],
);

/** The values of a device, in the order of `DEVICE_COLUMNS`. */
export function encodeDevice(device: Device): SqlValue[] {
  return FIELDS.flatMap(({ name, columns, encode }) => {
    const value = device[name];
    return value === undefined ? columns.map(() => null) : encode(value);
  });
}

/**
 * Reads a row of `DEVICE_COLUMNS`. A field whose columns are NULL, as in a row that is older than they are,
 * reads as its default.
 *
 * @throws {CorruptError} When a value cannot be decoded, or is missing and has no default.
 * @throws {WrongLengthError} When a key or a signature in an encoded value has a length that none has.
 */
export function decodeDevice(row: Row): Device {
  const device: Partial<Record<keyof Device, unknown>> = {};
  let start = 0;
  for (const { name, columns, decode } of FIELDS) {
    const cells = row.slice(start, start + columns.length);
    const { initial } = DEVICE_FIELDS[name];
    const isAbsent = initial !== undefined && cells.every((cell) => cell === null);
    device[name] = isAbsent ? initial() : decode(cells);
    start += columns.length;
  }
  return device as unknown as Device;
}
