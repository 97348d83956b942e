import { type Device, initialDevice } from "../../backend/mod.ts";
import { KEY_BYTES } from "../../bytes/mod.ts";
import { CorruptError, StoreError } from "../../errors/mod.ts";
import { decodeAdvSignedDeviceIdentity } from "../../records/mod.ts";
import {
  bytesOf,
  integerOf,
  optionalBytesOf,
  optionalIntegerOf,
  optionalTextOf,
  type SqlRow,
} from "../sql_rows.ts";
import { certChainOf } from "./positional.ts";

/**
 * The device of a row of whatsapp-rust.
 *
 * @param firstUnuploaded The first pre-key without the flag `uploaded`.
 * @throws {CorruptError | WrongLengthError} When a column is damaged.
 */
export function deviceOfRow(row: SqlRow, firstUnuploaded: number | undefined): Device {
  const account = optionalBytesOf(row, "account");
  const nextPreKeyId = optionalIntegerOf(row, "next_pre_key_id", 0);
  return {
    ...initialDevice(),
    pn: optionalTextOf(row, "pn"),
    lid: optionalTextOf(row, "lid"),
    registrationId: integerOf(row, "registration_id"),
    noiseKey: pairOf(row, "noise_key"),
    identityKey: pairOf(row, "identity_key"),
    signedPreKey: pairOf(row, "signed_pre_key"),
    signedPreKeyId: integerOf(row, "signed_pre_key_id"),
    signedPreKeySignature: bytesOf(row, "signed_pre_key_signature"),
    advSecretKey: bytesOf(row, "adv_secret_key"),
    account: account === undefined ? undefined : decodeAdvSignedDeviceIdentity(account),
    pushName: optionalTextOf(row, "push_name") ?? "",
    appVersion: [
      optionalIntegerOf(row, "app_version_primary", 0),
      optionalIntegerOf(row, "app_version_secondary", 0),
      optionalIntegerOf(row, "app_version_tertiary", 0),
    ],
    appVersionLastFetchedMs: optionalIntegerOf(row, "app_version_last_fetched_ms", 0),
    edgeRoutingInfo: optionalBytesOf(row, "edge_routing_info"),
    propsHash: optionalTextOf(row, "props_hash"),
    nextPreKeyId,
    firstUnuploadedPreKeyId: firstUnuploaded ?? nextPreKeyId,
    serverHasPreKeys: optionalIntegerOf(row, "server_has_prekeys", 0) !== 0,
    nctSalt: optionalBytesOf(row, "nct_salt"),
    serverCertChain: certificatesOf(row),
  };
}

/** Certificates are fetched again, so unreadable ones are no damage of the device. */
function certificatesOf(row: SqlRow): Device["serverCertChain"] {
  const bytes = optionalBytesOf(row, "server_cert_chain");
  try {
    return bytes === undefined ? undefined : certChainOf(bytes);
  } catch (error) {
    if (error instanceof StoreError) return undefined;
    throw error;
  }
}

/** A key pair: the private key, then the public one. */
function pairOf(row: SqlRow, column: string): Device["noiseKey"] {
  const bytes = bytesOf(row, column);
  if (bytes.length !== 2 * KEY_BYTES)
    throw new CorruptError(`read row: ${column} is ${bytes.length} bytes, expected ${2 * KEY_BYTES}`);
  return { privateKey: bytes.slice(0, KEY_BYTES), publicKey: bytes.slice(KEY_BYTES) };
}
