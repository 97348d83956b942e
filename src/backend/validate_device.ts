import { ArgumentRangeError } from "../errors/mod.ts";
import type { Device, KeyPair } from "./device_store.ts";
import {
  MAX_KEY_ID,
  requireBytes,
  requireExactBytes,
  requireInteger,
  requireText,
} from "./validate_value.ts";

/** Length of an X25519 private or public key in bytes. */
export const KEY_BYTES = 32;

/** Length of an XEdDSA signature in bytes. */
export const SIGNATURE_BYTES = 64;

/** Greatest registration id: 31 bits. */
export const MAX_REGISTRATION_ID: number = 2 ** 31 - 1;

/** Parts of an app version: primary, secondary, tertiary. */
const APP_VERSION_PARTS = 3;

/** Greatest number of named values in `Device.extra`. */
export const MAX_EXTRA_ENTRIES = 256;

function requireKeyPair(what: string, pair: KeyPair): void {
  requireExactBytes(`${what} private key`, pair.privateKey, KEY_BYTES);
  requireExactBytes(`${what} public key`, pair.publicKey, KEY_BYTES);
}

function requireOptionalText(what: string, value: string | undefined): void {
  if (value !== undefined) requireText(what, value);
}

function requireOptionalBytes(what: string, value: Uint8Array | undefined): void {
  if (value !== undefined) requireBytes(what, value, 0);
}

function requireTime(what: string, value: number): void {
  requireInteger(what, value, 0, Number.MAX_SAFE_INTEGER);
}

/**
 * Checks every field of a device.
 *
 * @throws {TypeError} When a field is malformed.
 * @throws {RangeError} When a key has the wrong length or a number is out of range.
 */
export function requireDevice(device: Device): void {
  requireOptionalText("pn", device.pn);
  requireOptionalText("lid", device.lid);
  requireInteger("registration id", device.registrationId, 1, MAX_REGISTRATION_ID);
  requireKeyPair("noise", device.noiseKey);
  requireKeyPair("identity", device.identityKey);
  requireKeyPair("signed pre-key", device.signedPreKey);
  requireInteger("signed pre-key id", device.signedPreKeyId, 1, MAX_KEY_ID);
  requireExactBytes("signed pre-key signature", device.signedPreKeySignature, SIGNATURE_BYTES);
  requireExactBytes("adv secret key", device.advSecretKey, KEY_BYTES);
  if (device.account !== undefined) {
    requireOptionalBytes("account details", device.account.details);
    requireOptionalBytes("account signature key", device.account.accountSignatureKey);
    requireOptionalBytes("account signature", device.account.accountSignature);
    requireOptionalBytes("device signature", device.account.deviceSignature);
  }
  if (device.pushName !== "") requireText("push name", device.pushName);
  requireOptionalText("platform", device.platform);
  if (device.appVersion.length !== APP_VERSION_PARTS) {
    throw new ArgumentRangeError(
      `app version has ${device.appVersion.length} parts, expected ${APP_VERSION_PARTS}`,
    );
  }
  for (const part of device.appVersion) requireInteger("app version", part, 0, 0xffff_ffff);
  requireTime("app version fetch time", device.appVersionLastFetchedMs);
  requireOptionalBytes("edge routing info", device.edgeRoutingInfo);
  requireOptionalText("props hash", device.propsHash);
  requireInteger("next pre-key id", device.nextPreKeyId, 0, MAX_KEY_ID);
  requireInteger("first unuploaded pre-key id", device.firstUnuploadedPreKeyId, 0, MAX_KEY_ID);
  requireOptionalBytes("nct salt", device.nctSalt);
  requireTime("login counter", device.loginCounter);
  requireTime("signed pre-key rotation time", device.lastSignedPreKeyRotationMs);
  if (device.serverCertChain !== undefined) {
    for (const cert of [device.serverCertChain.intermediate, device.serverCertChain.leaf]) {
      requireExactBytes("server certificate key", cert.key, KEY_BYTES);
      requireTime("server certificate not-before", cert.notBefore);
      requireTime("server certificate not-after", cert.notAfter);
    }
  }
  if (device.serverClientExpiration !== undefined) {
    requireTime("server client expiration", device.serverClientExpiration.expiresAt);
    requireText("server client expiration version", device.serverClientExpiration.version);
  }
  if (device.extra.size > MAX_EXTRA_ENTRIES) {
    throw new ArgumentRangeError(
      `extra has ${device.extra.size} entries, at most ${MAX_EXTRA_ENTRIES} are allowed`,
    );
  }
  for (const [name, value] of device.extra) {
    requireText("extra name", name);
    requireBytes("extra value", value, 0);
  }
}
