import { isDeepStrictEqual } from "node:util";
import { BufferJSON, Curve, initAuthCreds, proto, signedKeyPair } from "baileys";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Device, KeyPair } from "../../backend/mod.ts";
import { encodeBase64 } from "../../bytes/mod.ts";
import { CorruptError, WrongLengthError } from "../../errors/mod.ts";
import { type CredsOptions, credsFromDevice, deviceFromCreds } from "./creds.ts";
import { CREDS_EXTRA } from "./creds_extra.ts";

const PAIR: KeyPair = { privateKey: new Uint8Array(32).fill(1), publicKey: new Uint8Array(32).fill(2) };

const BASE: Device = {
  pn: undefined,
  lid: undefined,
  registrationId: 1,
  noiseKey: PAIR,
  identityKey: PAIR,
  signedPreKey: PAIR,
  signedPreKeyId: 1,
  signedPreKeySignature: new Uint8Array(64),
  advSecretKey: new Uint8Array(32),
  account: undefined,
  pushName: "",
  platform: undefined,
  appVersion: [2, 3000, 1],
  appVersionLastFetchedMs: 5,
  edgeRoutingInfo: undefined,
  propsHash: undefined,
  nextPreKeyId: 0,
  firstUnuploadedPreKeyId: 0,
  serverHasPreKeys: true,
  nctSalt: undefined,
  serverCertChain: undefined,
  loginCounter: 9,
  lidMigrated: true,
  lastSignedPreKeyRotationMs: 0,
  readReceiptsDisabled: false,
  serverClientExpiration: undefined,
  extra: new Map([["other", Uint8Array.of(1)]]),
};

const OPTIONS: CredsOptions = {
  pairingEphemeralKeyPair: () => PAIR,
  wrapBytes: (bytes) => Buffer.from(bytes),
};

/** Fresh credentials. Baileys generates a registration id of -1 once in 16,384 times. */
function freshCreds(): ReturnType<typeof initAuthCreds> {
  return { ...initAuthCreds(), registrationId: 1 + Math.floor(Math.random() * 16_383) };
}

/** Credentials of a paired device in use. */
function pairedCreds(): ReturnType<typeof initAuthCreds> {
  return Object.assign(freshCreds(), {
    me: {
      id: "5511999990000:12@s.whatsapp.net",
      lid: "100000000000001:12@lid",
      name: "Ana",
      verifiedName: "Ana Ltda",
    },
    account: proto.ADVSignedDeviceIdentity.create({
      details: Buffer.from([1, 2, 3]),
      accountSignatureKey: Buffer.alloc(32, 4),
      accountSignature: Buffer.alloc(64, 5),
      deviceSignature: Buffer.alloc(64, 6),
    }),
    signalIdentities: [
      { identifier: { name: "100000000000001:12@lid", deviceId: 0 }, identifierKey: Buffer.alloc(33, 5) },
    ],
    platform: "android",
    routingInfo: Buffer.from([8, 1, 8, 5]),
    lastPropHash: "2a3b",
    myAppStateKeyId: "AAAAAGEK",
    nextPreKeyId: 813,
    firstUnuploadedPreKeyId: 813,
    lastAccountSyncTimestamp: 1_700_000_000,
    accountSyncCounter: 2,
    accountSettings: {
      unarchiveChats: true,
      defaultDisappearingMode: { ephemeralExpiration: 86_400, ephemeralSettingTimestamp: 5 },
    },
    processedHistoryMessages: [
      { key: { remoteJid: "1@s.whatsapp.net", fromMe: true, id: "A" }, messageTimestamp: 1_700_000_000 },
    ],
    registered: true,
    pairingCode: "ABCD1234",
    additionalData: { note: undefined, when: 5n, bytes: Buffer.from([9]) },
  });
}

function roundTrip(creds: object): unknown {
  return credsFromDevice(deviceFromCreds(creds, BASE), OPTIONS);
}

describe("deviceFromCreds and credsFromDevice", () => {
  test("round-trip fresh credentials", () => {
    const creds = freshCreds();
    expect(roundTrip(creds)).toStrictEqual(creds);
  });

  test("round-trip paired credentials", () => {
    const creds = pairedCreds();
    expect(roundTrip(creds)).toStrictEqual({ ...creds, account: { ...creds.account } });
  });

  test("round-trip credentials from Baileys' own files", () => {
    const creds = pairedCreds();
    const { additionalData: _, ...written } = creds;
    const read = JSON.parse(JSON.stringify(written, BufferJSON.replacer), BufferJSON.reviver);
    const raw = JSON.parse(JSON.stringify(written, BufferJSON.replacer));
    const expected = { ...written, account: { ...creds.account } };
    expect(roundTrip(read)).toEqual(expected);
    expect(roundTrip(raw)).toEqual(expected);
  });

  test("map the fields of credentials and device", () => {
    const creds = pairedCreds();
    const device = deviceFromCreds(creds, BASE);
    expect(device).toEqual({
      ...BASE,
      pn: "5511999990000:12@s.whatsapp.net",
      lid: "100000000000001:12@lid",
      pushName: "Ana",
      registrationId: creds.registrationId,
      noiseKey: {
        privateKey: new Uint8Array(creds.noiseKey.private),
        publicKey: new Uint8Array(creds.noiseKey.public),
      },
      identityKey: {
        privateKey: new Uint8Array(creds.signedIdentityKey.private),
        publicKey: new Uint8Array(creds.signedIdentityKey.public),
      },
      signedPreKey: {
        privateKey: new Uint8Array(creds.signedPreKey.keyPair.private),
        publicKey: new Uint8Array(creds.signedPreKey.keyPair.public),
      },
      signedPreKeyId: 1,
      signedPreKeySignature: new Uint8Array(creds.signedPreKey.signature),
      advSecretKey: new Uint8Array(Buffer.from(creds.advSecretKey, "base64")),
      account: {
        details: Uint8Array.of(1, 2, 3),
        accountSignatureKey: new Uint8Array(32).fill(4),
        accountSignature: new Uint8Array(64).fill(5),
        deviceSignature: new Uint8Array(64).fill(6),
      },
      platform: "android",
      edgeRoutingInfo: Uint8Array.of(8, 1, 8, 5),
      propsHash: "2a3b",
      nextPreKeyId: 813,
      firstUnuploadedPreKeyId: 813,
      extra: device.extra,
    });
    expect([...device.extra.keys()]).toEqual(["other", CREDS_EXTRA]);
  });

  test("return keys with which Baileys can sign and agree", () => {
    const creds = credsFromDevice(deviceFromCreds(pairedCreds(), BASE), OPTIONS);
    const other = Curve.generateKeyPair();
    expect(Curve.sharedKey(creds.noiseKey.private, other.public)).toEqual(
      Curve.sharedKey(other.private, creds.noiseKey.public),
    );
    expect(signedKeyPair(creds.signedIdentityKey, 2).signature.length).toBe(64);
    expect(creds.routingInfo.toString("base64url")).toBe("CAEIBQ");
  });

  test("return plain copies of bytes without a wrapper", () => {
    const device = deviceFromCreds(pairedCreds(), BASE);
    const creds = credsFromDevice(device, { pairingEphemeralKeyPair: () => PAIR });
    expect(creds.noiseKey.private.constructor).toBe(Uint8Array);
    creds.noiseKey.private.fill(0);
    expect(device.noiseKey.privateKey).not.toEqual(creds.noiseKey.private);
  });

  test("use Baileys' initial values for a new device", () => {
    const {
      noiseKey,
      signedIdentityKey,
      signedPreKey,
      registrationId,
      advSecretKey,
      pairingEphemeralKeyPair,
      ...initial
    } = initAuthCreds();
    const creds = credsFromDevice({ ...BASE, nextPreKeyId: 1, firstUnuploadedPreKeyId: 1 }, OPTIONS);
    expect(creds).toMatchObject(initial);
    expect(Object.keys(creds).sort()).toEqual(Object.keys(initAuthCreds()).sort());
    expect(creds.pairingEphemeralKeyPair.public).toEqual(Buffer.from(PAIR.publicKey));
  });

  test("mark a device that another client paired as registered", () => {
    const creds = credsFromDevice({ ...BASE, pn: "5511@s.whatsapp.net", pushName: "Ana" }, OPTIONS);
    expect(creds.registered).toBe(true);
    expect(creds.me).toEqual({ id: "5511@s.whatsapp.net", name: "Ana" });
  });

  test("do not set the phone number during pairing by code", () => {
    const creds = { ...freshCreds(), pairingCode: "ABCD1234", me: { id: "5511@s.whatsapp.net", name: "~" } };
    const device = deviceFromCreds(creds, BASE);
    expect([device.pn, device.pushName]).toEqual([undefined, ""]);
    // After reopening, the attempt is over: with `me` Baileys would log in as a paired device.
    const { me: _, ...rest } = creds;
    expect(credsFromDevice(device, OPTIONS)).toStrictEqual(rest);
  });

  test("set the phone number from me only together with account", () => {
    const { account: _, ...creds } = pairedCreds();
    expect(deviceFromCreds(creds, BASE).pn).toBeUndefined();
    expect(deviceFromCreds(pairedCreds(), BASE).pn).toBe(pairedCreds().me?.id);
  });

  test("keep fields that credentials of an unpaired device lack", () => {
    const base = { ...BASE, pushName: "Bot", lid: "2000@lid" };
    const attempt = { ...freshCreds(), me: { id: "5511@s.whatsapp.net", name: "~" } };
    for (const creds of [freshCreds(), attempt]) {
      const { pn, lid, pushName } = deviceFromCreds(creds, base);
      expect({ pn, lid, pushName }).toEqual({ pn: undefined, lid: "2000@lid", pushName: "Bot" });
    }
  });

  test("prefer later changes of the device", () => {
    const creds = {
      ...pairedCreds(),
      me: { id: "5511:2@s.whatsapp.net", name: "", lid: undefined, status: "x" },
      platform: "",
      lastPropHash: "",
    };
    const device = deviceFromCreds(creds, BASE);
    expect(roundTrip(creds)).toEqual({ ...creds, account: { ...creds.account } });
    const changed = {
      ...device,
      lid: "1:2@lid",
      pushName: "Eva",
      platform: "ios",
      propsHash: "ff",
      nextPreKeyId: 900,
    };
    expect(credsFromDevice(changed, OPTIONS)).toMatchObject({
      me: { id: "5511:2@s.whatsapp.net", lid: "1:2@lid", name: "Eva", status: "x" },
      platform: "ios",
      lastPropHash: "ff",
      nextPreKeyId: 900,
    });
  });

  test("clear the phone number when me is removed", () => {
    const device = deviceFromCreds(pairedCreds(), BASE);
    const { me: _, ...without } = pairedCreds();
    expect(deviceFromCreds(without, device)).toMatchObject({ pn: undefined, lid: undefined, pushName: "" });
  });

  test("keep any property that a client adds", () => {
    const additions = fc.dictionary(
      fc.string(),
      fc.anything({ withBigInt: true, withTypedArray: false, withNullPrototype: false }),
    );
    const fresh = freshCreds();
    const mapped = Object.keys(pairedCreds());
    fc.assert(
      fc.property(additions, (added) => {
        const clean = Object.fromEntries(Object.entries(added).filter(([name]) => !mapped.includes(name)));
        const creds = { ...clean, ...fresh };
        expect(isDeepStrictEqual(roundTrip(creds), creds)).toBe(true);
      }),
    );
  });

  test.each<[string, object]>([
    ["no noise key", { noiseKey: undefined }],
    ["a noise key that is not bytes", { noiseKey: { private: 5, public: PAIR.publicKey } }],
    ["no signed pre-key", { signedPreKey: null }],
    ["a pre-key id out of range", { nextPreKeyId: 2 ** 24 }],
    ["a registration number of -1", { registrationId: -1 }],
    ["a secret that is not base64", { advSecretKey: "%" }],
    ["me that is not an object", { me: "5511@s.whatsapp.net" }],
    ["an account that is not an object", { account: [] }],
  ])("reject credentials with %s", (_, part) => {
    expect(() => deviceFromCreds({ ...pairedCreds(), ...part }, BASE)).toThrow(CorruptError);
  });

  test("reject a key of a wrong length without showing it", () => {
    const secret = encodeBase64(new Uint8Array(31).fill(9));
    expect(() => deviceFromCreds({ ...pairedCreds(), advSecretKey: secret }, BASE)).toThrow(WrongLengthError);
    expect(() => deviceFromCreds({ ...pairedCreds(), advSecretKey: secret }, BASE)).toThrow(
      /^convert credentials: advSecretKey is 31 bytes, expected 32$/,
    );
  });

  test.each(["", "{", "[]", "5", '{"a":{"$bytes":"%"}}', '{"a":{"$bigint":"x"}}', '{"a":{"$new":1}}'])(
    "reject the stored extra %j",
    (text) => {
      const device = { ...BASE, extra: new Map([[CREDS_EXTRA, new TextEncoder().encode(text)]]) };
      expect(() => credsFromDevice(device, OPTIONS)).toThrow(CorruptError);
    },
  );
});

describe("the proof of pairing in credentials", () => {
  test("keeps what it has beside its known fields", () => {
    const creds = pairedCreds();
    const account = { ...creds.account, accountType: 1, newerSignature: Buffer.from([1, 2]) };
    const device = deviceFromCreds({ ...creds, account }, BASE);
    expect(credsFromDevice(device, OPTIONS).account).toMatchObject({ accountType: 1 });
    expect(Object.keys(credsFromDevice(device, OPTIONS).account ?? {})).toContain("newerSignature");
    // Unknown fields of the wire are none of the credentials' business: they stay while the proof is the
    // same.
    const unknownFields = Uint8Array.of(0xc8, 0x3e, 7);
    const known = { ...device, account: { ...device.account, unknownFields } };
    expect(deviceFromCreds({ ...creds, account }, known).account?.unknownFields).toEqual(unknownFields);
    const other = { ...account, details: Buffer.from([9]) };
    expect(deviceFromCreds({ ...creds, account: other }, known).account?.unknownFields).toBeUndefined();
  });
});
