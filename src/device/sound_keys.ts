import { type Device, type KeyPair, requireDevice } from "../backend/mod.ts";
import { sameBytes } from "../bytes/mod.ts";
import { ArgumentRangeError, CorruptError } from "../errors/mod.ts";
import type { Host } from "../ports/mod.ts";
import { montgomeryPublicKey } from "./_curve25519.ts";
import { signalPublicKey } from "./key_pair.ts";
import { sameValue } from "./value.ts";
import { isSignedBy, signXeddsa } from "./xeddsa.ts";

const SIGNATURE = "signedPreKeySignature";

const PAIRS = ["noiseKey", "identityKey", "signedPreKey"] as const;

/** Whether the halves of a key pair belong together. */
export function isSoundPair(pair: KeyPair): boolean {
  return sameBytes(montgomeryPublicKey(pair.privateKey), pair.publicKey);
}

/** Whether the identity key of a device has signed a pre-key. */
export async function isSoundSignature(
  { identityKey }: Pick<Device, "identityKey">,
  { publicKey, signature }: { readonly publicKey: Uint8Array; readonly signature: Uint8Array },
): Promise<boolean> {
  return await isSignedBy(identityKey.privateKey, signalPublicKey(publicKey), signature);
}

/** A key pair whose halves do not belong together, of those in which the device differs from `before`. */
export function unsoundPairOf(device: Device, before?: Device): string | undefined {
  return PAIRS.find((name) => {
    const pair = device[name];
    if (before !== undefined && sameValue(before[name], pair)) return false;
    return !isSoundPair(pair);
  });
}

/**
 * What of a device's keys does not belong together: a key pair of which a half is damaged, or the signature
 * of the signed pre-key. `undefined` when all do. No test finds damage in `advSecretKey`, which is random.
 */
export async function unsoundKeyOf(device: Device): Promise<string | undefined> {
  const pair = unsoundPairOf(device);
  if (pair !== undefined) return pair;
  const signed = signalPublicKey(device.signedPreKey.publicKey);
  const isSigned = await isSignedBy(device.identityKey.privateKey, signed, device.signedPreKeySignature);
  return isSigned ? undefined : SIGNATURE;
}

/**
 * A device whose keys belong together: one that `newDevice` has made, or that is stored. In a stored one the
 * signature is made anew where it alone is wrong, since the keys that it follows from are there.
 *
 * @throws {TypeError | RangeError} When a new device is not valid or has unsound keys.
 * @throws {CorruptError} When the halves of a stored key pair do not belong together.
 */
export async function withSoundKeys(
  device: Device,
  { random, logger }: Pick<Host, "random" | "logger">,
  isNew: boolean,
): Promise<Device> {
  if (isNew) requireDevice(device);
  const name = await unsoundKeyOf(device);
  if (isNew) refuseUnsoundKey("newDevice", name);
  if (name === undefined) return device;
  if (name !== SIGNATURE)
    throw new CorruptError(`open account: the stored ${name} is damaged, restore a backup`);
  logger.log("warn", "open account: the stored signedPreKeySignature is damaged, signed again");
  const signed = signalPublicKey(device.signedPreKey.publicKey);
  return { ...device, [SIGNATURE]: await signXeddsa(device.identityKey.privateKey, signed, random) };
}

/** @param action Start of the message. @throws {RangeError} When there is the name of a key. */
export function refuseUnsoundKey(action: string, name: string | undefined): void {
  if (name !== undefined)
    throw new ArgumentRangeError(`${action}: ${name} does not belong to its private key`);
}
