import { ed25519 } from "@noble/curves/ed25519.js";
import { bytesToNumberLE } from "@noble/curves/utils.js";
import * as libsignal from "libsignal";
import { calculateAgreement, generateKeyPair as theirKeyPair, verifySignature } from "libsignal/src/curve.js";
import { expect, test } from "vitest";
import { type Device, requireDevice } from "../backend/mod.ts";
import { fakeHost, SeededRandom } from "../testing/mod.ts";
import { createDevice, generateKeyPair, generateSignedPreKey, signalPublicKey, signXeddsa } from "./mod.ts";

/** The Signal implementation that Baileys uses, on a public key without prefix. */
function libsignalVerifies(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return verifySignature(
    Buffer.from(signalPublicKey(publicKey)),
    Buffer.from(message),
    Buffer.from(signature),
  );
}

test("libsignal verifies signatures of keys of either sign, and nothing else", async () => {
  const random = new SeededRandom(7);
  const signs = new Set<number>();
  for (let round = 0; round < 10; round += 1) {
    const { privateKey, publicKey } = generateKeyPair(random);
    const scalar = ed25519.Point.Fn.create(bytesToNumberLE(privateKey));
    signs.add((ed25519.Point.BASE.multiply(scalar).toBytes()[31] ?? 0) >> 7);
    const message = random.bytes(random.below(200));
    const signature = await signXeddsa(privateKey, message, random);
    expect(signature.length).toBe(64);
    expect(libsignalVerifies(publicKey, message, signature)).toBe(true);
    const forged = new Uint8Array(signature);
    const place = random.below(63);
    forged[place] = (forged[place] ?? 0) ^ 1;
    expect(libsignalVerifies(publicKey, message, forged)).toBe(false);
    const other = Uint8Array.of(...message, 1);
    expect(libsignalVerifies(publicKey, other, signature)).toBe(false);
    expect(libsignalVerifies(generateKeyPair(random).publicKey, message, signature)).toBe(false);
  }
  expect(signs).toEqual(new Set([0, 1]));
});

test("signatures are random, and an unclamped key signs alike", async () => {
  const random = new SeededRandom(3);
  const { privateKey, publicKey } = generateKeyPair(random);
  const message = new Uint8Array([1, 2, 3]);
  expect(await signXeddsa(privateKey, message, random)).not.toEqual(
    await signXeddsa(privateKey, message, random),
  );
  const unclamped = new Uint8Array(privateKey);
  unclamped[0] = (unclamped[0] ?? 0) | 7;
  unclamped[31] = (unclamped[31] ?? 0) | 0x80;
  const signature = await signXeddsa(unclamped, message, new SeededRandom(4));
  expect(signature).toEqual(await signXeddsa(privateKey, message, new SeededRandom(4)));
  expect(libsignalVerifies(publicKey, message, signature)).toBe(true);
  await expect(signXeddsa(privateKey.subarray(1), message, random)).rejects.toThrow(RangeError);
});

test("key pairs are clamped and agree with libsignal's", async () => {
  const random = new SeededRandom(11);
  const ours = generateKeyPair(random);
  const theirs = theirKeyPair();
  expect((ours.privateKey[0] ?? 0) & 7).toBe(0);
  expect((ours.privateKey[31] ?? 0) & 0xc0).toBe(0x40);
  const left = calculateAgreement(theirs.pubKey, Buffer.from(ours.privateKey));
  const right = calculateAgreement(Buffer.from(signalPublicKey(ours.publicKey)), theirs.privKey);
  expect(left).toEqual(right);
});

test("a new device is valid, unpaired, and its signed pre-key verifies", async () => {
  const host = fakeHost({ seed: 21 });
  const device = await createDevice(host);
  expect(() => requireDevice(device)).not.toThrow();
  expect(device).toMatchObject({
    pn: undefined,
    pushName: "",
    signedPreKeyId: 1,
    nextPreKeyId: 1,
    firstUnuploadedPreKeyId: 1,
    serverHasPreKeys: false,
    lastSignedPreKeyRotationMs: host.clock.nowMs(),
  });
  const { identityKey, signedPreKey, signedPreKeySignature } = device;
  expect(
    libsignalVerifies(identityKey.publicKey, signalPublicKey(signedPreKey.publicKey), signedPreKeySignature),
  ).toBe(true);
  const rotated = await generateSignedPreKey(identityKey, host.random);
  expect(
    libsignalVerifies(identityKey.publicKey, signalPublicKey(rotated.pair.publicKey), rotated.signature),
  ).toBe(true);
  const secrets = [device.noiseKey, identityKey, signedPreKey].map(({ privateKey }) => privateKey.join());
  expect(new Set([...secrets, device.advSecretKey.join()]).size).toBe(4);
});

test("registration ids cover 31 bits and are never 0", async () => {
  const random = new SeededRandom(5);
  const clock = fakeHost().clock;
  const devices = await Promise.all(Array.from({ length: 60 }, () => createDevice({ random, clock })));
  const ids = devices.map(({ registrationId }) => registrationId);
  expect(Math.max(...ids)).toBeGreaterThan(2 ** 30);
  expect(Math.min(...ids)).toBeGreaterThan(0);
  const draws = [new Uint8Array(4), Uint8Array.of(0x80, 0, 0, 0), Uint8Array.of(0xff, 0xff, 0xff, 0xff)];
  const zeros = {
    bytes: (count: number) => (count === 4 ? (draws.shift() ?? new Uint8Array(4)) : random.bytes(count)),
  };
  expect((await createDevice({ random: zeros, clock })).registrationId).toBe(2 ** 31 - 1);
});

/** libsignal's storage over one device and one one-time pre-key. */
function storageOf(device: Device, preKey?: ReturnType<typeof generateKeyPair>) {
  const sessions = new Map<string, libsignal.SessionRecord>();
  const pair = ({ privateKey, publicKey }: ReturnType<typeof generateKeyPair>) => ({
    privKey: Buffer.from(privateKey),
    pubKey: Buffer.from(signalPublicKey(publicKey)),
  });
  return {
    loadSession: async (id: string) => sessions.get(id),
    storeSession: async (id: string, session: libsignal.SessionRecord) => void sessions.set(id, session),
    isTrustedIdentity: () => true,
    loadPreKey: async () => (preKey === undefined ? undefined : pair(preKey)),
    removePreKey: () => {},
    loadSignedPreKey: () => pair(device.signedPreKey),
    getOurRegistrationId: () => device.registrationId,
    getOurIdentity: () => pair(device.identityKey),
  };
}

test("a session from the device's bundle is read by both sides", async () => {
  const host = fakeHost({ seed: 33 });
  const alice = await createDevice(host);
  const bob = await createDevice(host);
  const preKey = generateKeyPair(host.random);
  const aliceStorage = storageOf(alice);
  const bobAddress = new libsignal.ProtocolAddress("bob", 0);
  await new libsignal.SessionBuilder(aliceStorage, bobAddress).initOutgoing({
    registrationId: bob.registrationId,
    identityKey: Buffer.from(signalPublicKey(bob.identityKey.publicKey)),
    signedPreKey: {
      keyId: bob.signedPreKeyId,
      publicKey: Buffer.from(signalPublicKey(bob.signedPreKey.publicKey)),
      signature: Buffer.from(bob.signedPreKeySignature),
    },
    preKey: { keyId: 1, publicKey: Buffer.from(signalPublicKey(preKey.publicKey)) },
  });
  const aliceCipher = new libsignal.SessionCipher(aliceStorage, bobAddress);
  const bobCipher = new libsignal.SessionCipher(
    storageOf(bob, preKey),
    new libsignal.ProtocolAddress("alice", 0),
  );
  const first = await aliceCipher.encrypt(Buffer.from("hello"));
  expect(first.type).toBe(3);
  const received = await bobCipher.decryptPreKeyWhisperMessage(Buffer.from(first.body, "binary"));
  expect(received.toString()).toBe("hello");
  const reply = await bobCipher.encrypt(Buffer.from("hi"));
  const answered = await aliceCipher.decryptWhisperMessage(Buffer.from(reply.body, "binary"));
  expect(answered.toString()).toBe("hi");
});
