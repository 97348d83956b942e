import type { AppVersion, Device, KeyPair } from "../backend/mod.ts";
import { initialDevice, MAX_REGISTRATION_ID } from "../backend/mod.ts";
import { KEY_BYTES } from "../bytes/mod.ts";
import { requireObject } from "../errors/mod.ts";
import type { Host, Random } from "../ports/mod.ts";
import { generateKeyPair, signalPublicKey } from "./key_pair.ts";
import { signXeddsa } from "./xeddsa.ts";

/** What a client claims to be until it has fetched the current version. */
export const DEFAULT_APP_VERSION: AppVersion = [2, 3000, 0];

/** A signed pre-key with everything that changes together with it. */
export interface NewSignedPreKey {
  /** X25519 pair, 32 bytes each. */
  readonly pair: KeyPair;
  /** 64 bytes: XEdDSA by the identity key over 0x05‖public. */
  readonly signature: Uint8Array;
}

/** A fresh signed pre-key, signed by an identity key. */
export async function generateSignedPreKey(identityKey: KeyPair, random: Random): Promise<NewSignedPreKey> {
  const pair = generateKeyPair(random);
  const signed = signalPublicKey(pair.publicKey);
  return { pair, signature: await signXeddsa(identityKey.privateKey, signed, random) };
}

/**
 * A new, unpaired device with fresh keys, owned by the caller. Nothing is stored by this.
 *
 * The signed pre-key has id 1 and counts as rotated now. No one-time pre-keys exist yet; their ids start at
 * 1.
 *
 * @param host Where randomness and time come from. The randomness makes the keys: it must be
 * cryptographically strong.
 *
 * @example
 * ```ts
 * import { createDevice, systemHost } from "@holdfast/store";
 *
 * const device = await createDevice(systemHost());
 * if (device.pn !== undefined) throw new Error("a new device is not paired");
 * ```
 */
export async function createDevice(host: Pick<Host, "random" | "clock">): Promise<Device> {
  requireObject("host", host);
  const { random, clock } = host;
  const identityKey = generateKeyPair(random);
  const signedPreKey = await generateSignedPreKey(identityKey, random);
  return {
    ...initialDevice(),
    registrationId: generateRegistrationId(random),
    noiseKey: generateKeyPair(random),
    identityKey,
    signedPreKey: signedPreKey.pair,
    signedPreKeyId: 1,
    signedPreKeySignature: signedPreKey.signature,
    advSecretKey: random.bytes(KEY_BYTES),
    appVersion: DEFAULT_APP_VERSION,
    nextPreKeyId: 1,
    firstUnuploadedPreKeyId: 1,
    lastSignedPreKeyRotationMs: clock.nowMs(),
  };
}

/** Uniform over 1 … 2^31−1. */
function generateRegistrationId(random: Random): number {
  for (;;) {
    const bytes = random.bytes(4);
    const id = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) & MAX_REGISTRATION_ID;
    if (id !== 0) return id;
  }
}
