import { describe, expect, test } from "vitest";
import { RefusedError } from "../errors/mod.ts";
import { measureOf, object } from "../rules/mod.ts";
import { fullDevice, sampleBytes } from "../testing/conformance/samples.ts";
import { drawWrite, WRITE_KINDS } from "../testing/conformance/write_samples.ts";
import { SeededRandom } from "../testing/mod.ts";
import {
  type Capabilities,
  MAX_EXTRA_ENTRIES,
  requireAccountName,
  requireDevice,
  validateWrite,
  WRITES,
  type Write,
} from "./mod.ts";

const CAPABILITIES: Capabilities = {
  atomicCommit: true,
  fencing: true,
  durableOnResolve: true,
  maxValueBytes: 1_000,
  maxParameters: undefined,
};

describe("requireAccountName", () => {
  test("accepts text keys as account names", () => {
    expect(() => requireAccountName("x".repeat(1_024))).not.toThrow();
    expect(() => requireAccountName("x".repeat(1_025))).toThrow("open account: name is 1025 characters");
    expect(() => requireAccountName("")).toThrow(TypeError);
  });
});

describe("validateWrites", () => {
  test("accepts samples of every kind of write", () => {
    for (let seed = 0; seed < 50; seed += 1) {
      const random = new SeededRandom(seed);
      for (const kind of WRITE_KINDS) {
        expect(() => validateWrite(drawWrite(kind, { random, nowS: 1_000 }), CAPABILITIES)).not.toThrow();
      }
    }
  });

  test("names the kind and the field without quoting the value", () => {
    const write: Write = { kind: "identity.put", address: "secret@lid.0", key: new Uint8Array(31).fill(171) };
    const error = catchError(() => validateWrite(write, CAPABILITIES));
    expect(error).toBeInstanceOf(RangeError);
    expect(error.message).toBe("identity.put: key is 31 bytes, expected 32");
    expect(catchError(() => validateWrite({ kind: "nope" } as never, CAPABILITIES, 3)).message).toBe(
      "commit: write 3 has no known kind",
    );
  });

  test("refuses a value above the size limit with its write index", () => {
    const put = (bytes: number): Write => ({
      kind: "groupMetadata.put",
      group: "g@g.us",
      blob: new Uint8Array(bytes),
    });
    expect(() => validateWrite(put(1_000), CAPABILITIES, 7)).not.toThrow();
    const error = catchError(() => validateWrite(put(1_001), CAPABILITIES, 7));
    expect(error).toBeInstanceOf(RefusedError);
    expect((error as RefusedError).writeIndex).toBe(7);
  });

  test("counts every long field against the size limit", () => {
    const long = sampleBytes(1, 1_001);
    const message = { chat: "c", sender: "s", id: "i" };
    const device = { ...fullDevice(1), extra: new Map() };
    const state = { version: 1n, hash: sampleBytes(1, 128), macMismatchFatal: false };
    const writes: Write[] = [
      { kind: "session.put", address: "a", record: long },
      { kind: "preKey.put", id: 1, record: long, uploaded: false },
      { kind: "signedPreKey.put", id: 1, record: long },
      { kind: "senderKey.put", name: "n", record: long },
      {
        kind: "syncKey.put",
        keyId: new Uint8Array(1),
        key: { keyData: long, fingerprint: new Uint8Array(0), timestamp: 1 },
      },
      {
        kind: "syncKey.put",
        keyId: new Uint8Array(1),
        key: { keyData: new Uint8Array(1), fingerprint: long, timestamp: 1 },
      },
      {
        kind: "syncVersion.put",
        name: "regular",
        state: { ...state, indexValueMap: new Map([["i", long]]) },
      },
      {
        kind: "mutationMacs.put",
        name: "regular",
        version: 1n,
        macs: [{ indexMac: new Uint8Array(1), valueMac: long }],
      },
      {
        kind: "mutationMacs.put",
        name: "regular",
        version: 1n,
        macs: [{ indexMac: long, valueMac: new Uint8Array(1) }],
      },
      { kind: "baseKey.put", address: "a", messageId: "i", key: long, createdAt: 1 },
      {
        kind: "deviceList.put",
        records: [
          { user: "u", devices: Array.from({ length: 100 }, (_, deviceId) => ({ deviceId })), timestamp: 1 },
        ],
      },
      { kind: "groupMetadata.put", group: "g", blob: long },
      { kind: "tcToken.put", jid: "j", entry: { token: long, tokenTimestamp: 1 } },
      { kind: "tcToken.receive", jid: "j", token: long, tokenTimestamp: 1 },
      { kind: "sentMessage.put", chat: "c", id: "i", payload: long, createdAt: 1 },
      { kind: "pendingInbound.put", rows: [{ ...message, payload: long, receivedAt: 1 }] },
      { kind: "device.save", device: { ...device, extra: new Map([["x", long]]) } },
      { kind: "device.save", device: { ...device, account: { details: long } } },
      { kind: "device.save", device: { ...device, edgeRoutingInfo: long } },
      { kind: "device.save", device: { ...device, nctSalt: long } },
    ];
    for (const write of writes) {
      expect(() => validateWrite(write, CAPABILITIES), write.kind).toThrow(RefusedError);
      expect(() => validateWrite(write, { ...CAPABILITIES, maxValueBytes: 2_000 }), write.kind).not.toThrow();
    }
  });

  // The size follows from the rules, not from a list of kinds.
  test("counts the bytes of every kind", () => {
    for (const kind of WRITE_KINDS) {
      const holds = JSON.stringify(WRITES[kind].fields).includes('"type":"bytes"');
      expect(measureOf(object(WRITES[kind].fields as never)) !== undefined, kind).toBe(
        holds || kind === "deviceList.put",
      );
    }
  });
});

function catchError(call: () => void): Error {
  try {
    call();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}

describe("requireDevice", () => {
  test("accepts up to 256 named extra values", () => {
    const extra = (count: number) =>
      new Map(Array.from({ length: count }, (_, n) => [`n${n}`, new Uint8Array(1)]));
    expect(() => requireDevice({ ...fullDevice(1), extra: extra(MAX_EXTRA_ENTRIES) })).not.toThrow();
    expect(() => requireDevice({ ...fullDevice(1), extra: extra(MAX_EXTRA_ENTRIES + 1) })).toThrow(
      RangeError,
    );
    expect(() => requireDevice({ ...fullDevice(1), extra: new Map([["", new Uint8Array(1)]]) })).toThrow(
      TypeError,
    );
  });

  test("checks every key and number of a device", () => {
    const good = fullDevice(1);
    const [short, text] = [new Uint8Array(31), "text" as never];
    const chain = good.serverCertChain ?? {
      intermediate: { key: short, notBefore: 0, notAfter: 0 },
      leaf: text,
    };
    const bad: Partial<typeof good>[] = [
      { pn: "" },
      { lid: "\0" },
      { registrationId: 2 ** 31 },
      ...(["noiseKey", "identityKey", "signedPreKey"] as const).flatMap((name) => [
        { [name]: { ...good[name], privateKey: short } },
        { [name]: { ...good[name], publicKey: short } },
      ]),
      { signedPreKeyId: 0 },
      { signedPreKeySignature: short },
      { advSecretKey: short },
      { account: { accountSignature: text } },
      { pushName: "a\0" },
      { platform: "" },
      { appVersion: [1, 2] as never },
      { appVersion: [1, 2, -1] },
      { appVersionLastFetchedMs: -1 },
      { edgeRoutingInfo: text },
      { propsHash: "" },
      { nextPreKeyId: 2 ** 24 },
      { firstUnuploadedPreKeyId: -1 },
      { nctSalt: text },
      { loginCounter: 0.5 },
      { lastSignedPreKeyRotationMs: Number.NaN },
      { serverCertChain: { ...chain, leaf: { ...chain.leaf, key: short } } },
      { serverCertChain: { ...chain, intermediate: { ...chain.intermediate, notAfter: -1 } } },
      { serverClientExpiration: { expiresAt: -1, version: "2" } },
      { serverClientExpiration: { expiresAt: 1, version: "" } },
      { extra: new Map([["x", text]]) },
    ];
    expect(() => requireDevice(good)).not.toThrow();
    for (const change of bad) {
      const fields = Object.keys(change).join();
      expect(() => requireDevice({ ...good, ...change }), fields).toThrow(/^(?!.*undefined)/);
    }
  });
});
