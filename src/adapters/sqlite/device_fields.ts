import type { Device, KeyPair } from "../../backend/mod.ts";
import { KEY_BYTES, SIGNATURE_BYTES } from "../../backend/mod.ts";
import {
  decodeAdvSignedDeviceIdentity,
  decodeDeviceExtra,
  decodeServerCertChain,
  encodeAdvSignedDeviceIdentity,
  encodeDeviceExtra,
  encodeServerCertChain,
} from "../../records/mod.ts";
import { bytesOf, type Cell, exactBytesOf, flagOf, integerOf, optionalOf, type Row, textOf } from "./cell.ts";
import type { SqlValue } from "./sql_driver.ts";

/** How one field of a device is stored: the columns it has, and the way there and back. */
interface Field<T> {
  readonly columns: readonly string[];
  encode(value: T): readonly SqlValue[];
  /** A column that an older row lacks is `null`: it reads as the field's default. */
  decode(cells: Row): T;
}

type Fields = { readonly [K in keyof Device]: Field<Device[K]> };

function field<T>(
  column: string,
  encode: (value: T) => SqlValue,
  decode: (cell: Cell, what: string) => T,
): Field<T> {
  return {
    columns: [column],
    encode: (value) => [encode(value)],
    decode: (cells) => decode(cells[0], `device ${column}`),
  };
}

function optional<T>(
  column: string,
  encode: (value: T) => SqlValue,
  decode: (cell: Cell, what: string) => T,
): Field<T | undefined> {
  return field<T | undefined>(
    column,
    (value) => (value === undefined ? null : encode(value)),
    (cell, what) => optionalOf(cell, what, decode),
  );
}

const same = <T extends SqlValue>(value: T): SqlValue => value;

const optionalText = (column: string): Field<string | undefined> => optional(column, same, textOf);

const optionalBytes = (column: string): Field<Uint8Array | undefined> => optional(column, same, bytesOf);

const integer = (column: string): Field<number> => field(column, same, integerOf);

const integerOrZero = (column: string): Field<number> =>
  field(column, same, (cell, what) => optionalOf(cell, what, integerOf) ?? 0);

const flag = (column: string): Field<boolean> =>
  field(
    column,
    (value) => (value ? 1 : 0),
    (cell, what) => optionalOf(cell, what, flagOf) ?? false,
  );

const bytes = (column: string, length: number): Field<Uint8Array> =>
  field(column, same, (cell, what) => exactBytesOf(cell, what, length));

/** A key pair is one value, private‖public, so that the halves of two pairs can never be mixed. */
const keyPair = (column: string): Field<KeyPair> =>
  field<KeyPair>(
    column,
    ({ privateKey, publicKey }) => {
      const both = new Uint8Array(2 * KEY_BYTES);
      both.set(privateKey);
      both.set(publicKey, KEY_BYTES);
      return both;
    },
    (cell, what) => {
      const both = exactBytesOf(cell, what, 2 * KEY_BYTES);
      return { privateKey: both.slice(0, KEY_BYTES), publicKey: both.slice(KEY_BYTES) };
    },
  );

/**
 * Every field of a device. A new one does not compile until it is stored, and is not stored until a migration gives it
 * its columns.
 */
const FIELDS: Fields = {
  pn: optionalText("pn"),
  lid: optionalText("lid"),
  registrationId: integer("registration_id"),
  noiseKey: keyPair("noise_key"),
  identityKey: keyPair("identity_key"),
  signedPreKey: keyPair("signed_pre_key"),
  signedPreKeyId: integer("signed_pre_key_id"),
  signedPreKeySignature: bytes("signed_pre_key_signature", SIGNATURE_BYTES),
  advSecretKey: bytes("adv_secret_key", KEY_BYTES),
  account: optional("account", encodeAdvSignedDeviceIdentity, (cell, what) =>
    decodeAdvSignedDeviceIdentity(bytesOf(cell, what)),
  ),
  pushName: field("push_name", same, (cell, what) => optionalOf(cell, what, textOf) ?? ""),
  platform: optionalText("platform"),
  appVersion: {
    columns: ["app_version_primary", "app_version_secondary", "app_version_tertiary"],
    encode: (version) => [...version],
    decode: ([primary, secondary, tertiary]) => {
      const part = (cell: Cell) => optionalOf(cell, "device app_version", integerOf) ?? 0;
      return [part(primary), part(secondary), part(tertiary)];
    },
  },
  appVersionLastFetchedMs: integerOrZero("app_version_last_fetched_ms"),
  edgeRoutingInfo: optionalBytes("edge_routing_info"),
  propsHash: optionalText("props_hash"),
  nextPreKeyId: integerOrZero("next_pre_key_id"),
  firstUnuploadedPreKeyId: integerOrZero("first_unuploaded_pre_key_id"),
  serverHasPreKeys: flag("server_has_pre_keys"),
  nctSalt: optionalBytes("nct_salt"),
  serverCertChain: optional("server_cert_chain", encodeServerCertChain, (cell, what) =>
    decodeServerCertChain(bytesOf(cell, what)),
  ),
  loginCounter: integerOrZero("login_counter"),
  lidMigrated: flag("lid_migrated"),
  lastSignedPreKeyRotationMs: integerOrZero("last_signed_pre_key_rotation_ms"),
  readReceiptsDisabled: flag("read_receipts_disabled"),
  serverClientExpiration: {
    columns: ["server_client_expires_at", "server_client_version"],
    encode: (expiration) =>
      expiration === undefined ? [null, null] : [expiration.expiresAt, expiration.version],
    decode: ([expiresAt, version]) => {
      if (expiresAt === null && version === null) return undefined;
      return {
        expiresAt: integerOf(expiresAt, "device server_client_expires_at"),
        version: textOf(version, "device server_client_version"),
      };
    },
  },
  extra: field<Device["extra"]>("extra", encodeDeviceExtra, (cell, what) => {
    return new Map(optionalOf(cell, what, (stored) => decodeDeviceExtra(bytesOf(stored, what))));
  }),
};

const FIELD_NAMES = Object.keys(FIELDS) as (keyof Device)[];

/** The columns of each field of a device. */
export function deviceColumnsOf(name: keyof Device): readonly string[] {
  return FIELDS[name].columns;
}

/** The columns of the device table besides `device_id`, in the order of `encodeDevice`. */
export const DEVICE_COLUMNS: readonly string[] = FIELD_NAMES.flatMap((name) => FIELDS[name].columns);

/** The values of a device, in the order of `DEVICE_COLUMNS`. @throws {RangeError} When an encoded part has a wrong length. */
export function encodeDevice(device: Device): SqlValue[] {
  return FIELD_NAMES.flatMap((name) => (FIELDS[name] as Field<unknown>).encode(device[name]));
}

/** Reads a row of `DEVICE_COLUMNS`. @throws {CorruptError | WrongLengthError} */
export function decodeDevice(row: Row): Device {
  const device: Partial<Record<keyof Device, unknown>> = {};
  let start = 0;
  for (const name of FIELD_NAMES) {
    const { columns, decode } = FIELDS[name];
    device[name] = decode(row.slice(start, start + columns.length));
    start += columns.length;
  }
  return device as unknown as Device;
}
