import { calculateSignature } from "libsignal/src/curve.js";
import { describe, expect, test } from "vitest";
import { dose, everyNth } from "../../test/support/dose.ts";
import type { Device } from "../backend/mod.ts";
import { fakeHost } from "../testing/mod.ts";
import { createDevice, generateSignedPreKey } from "./create_device.ts";
import { signalPublicKey } from "./key_pair.ts";
import { unsoundKeyOf } from "./sound_keys.ts";

const device: Device = await createDevice(fakeHost({ seed: 11 }));

/**
 * The low bits of a private key's first byte and the high ones of its last have no effect: RFC 7748, section
 * 5.
 */
const CLAMPED: readonly number[] = [0xf8, ...Array<number>(30).fill(0xff), 0x3f];

describe("unsoundKeyOf", () => {
  test("finds nothing in new devices and after a rotation", async () => {
    for (let seed = 1; seed <= 8; seed += 1) {
      const host = fakeHost({ seed });
      const made = await createDevice(host);
      expect(await unsoundKeyOf(made)).toBe(undefined);
      const { pair, signature } = await generateSignedPreKey(made.identityKey, host.random);
      const rotated = { ...made, signedPreKey: pair, signedPreKeySignature: signature };
      expect(await unsoundKeyOf(rotated)).toBe(undefined);
      expect(await unsoundKeyOf({ ...made, signedPreKey: pair })).toBe("signedPreKeySignature");
    }
  });

  test("accepts signatures of libsignal, whatever the sign of the signer's point", async () => {
    const signs = new Set<number>();
    for (let seed = 1; seed <= 12; seed += 1) {
      const made = await createDevice(fakeHost({ seed }));
      const signed = signalPublicKey(made.signedPreKey.publicKey);
      const signature = calculateSignature(Buffer.from(made.identityKey.privateKey), Buffer.from(signed));
      signs.add((signature[63] ?? 0) >> 7);
      expect(await unsoundKeyOf({ ...made, signedPreKeySignature: new Uint8Array(signature) })).toBe(
        undefined,
      );
    }
    expect(signs.size).toBe(2);
  });

  test("finds each flipped bit of a key pair", async () => {
    for (const name of ["noiseKey", "identityKey", "signedPreKey"] as const) {
      for (const half of ["privateKey", "publicKey"] as const) {
        for (const bit of everyNth(Array(256).keys(), dose({ short: 11, long: 1 }))) {
          const bytes = new Uint8Array(device[name][half]);
          const mask = (1 << (bit & 7)) & (half === "privateKey" ? (CLAMPED[bit >> 3] ?? 0) : 0xff);
          bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ mask;
          const damaged = { ...device, [name]: { ...device[name], [half]: bytes } };
          expect(await unsoundKeyOf(damaged), `${name} ${half} ${bit}`).toBe(mask === 0 ? undefined : name);
        }
      }
    }
  });

  test("finds each flipped bit of the signature", async () => {
    for (const bit of everyNth(Array(512).keys(), dose({ short: 7, long: 1 }))) {
      const bytes = new Uint8Array(device.signedPreKeySignature);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(await unsoundKeyOf({ ...device, signedPreKeySignature: bytes }), String(bit)).toBe(
        "signedPreKeySignature",
      );
    }
    for (const fill of [0, 0xff]) {
      const signedPreKeySignature = new Uint8Array(64).fill(fill);
      expect(await unsoundKeyOf({ ...device, signedPreKeySignature })).toBe("signedPreKeySignature");
    }
  });
});
