import { expect, test } from "vitest";
import { MAX_KEY_ID } from "../bytes/mod.ts";
import { fakeHost } from "../testing/mod.ts";
import type { ClientProfile, DeviceProps } from "./device_state.ts";
import { applyCommand, createDevice, type DeviceCommand, type DeviceState, INITIAL_RUNTIME } from "./mod.ts";

const NOW_MS = 1_700_000_000_000;

const DEVICE = await createDevice(fakeHost());

function initial(): DeviceState {
  return { device: DEVICE, runtime: INITIAL_RUNTIME };
}

function after(state: DeviceState, ...commands: DeviceCommand[]): DeviceState {
  return commands.reduce((before, command) => applyCommand(before, command, { nowMs: NOW_MS }), state);
}

const salt = (byte: number): Uint8Array => new Uint8Array(16).fill(byte);
const chain = {
  intermediate: { key: new Uint8Array(32), notBefore: 1, notAfter: 2 },
  leaf: { key: new Uint8Array(32), notBefore: 3, notAfter: 4 },
};

/** What each command changes, and that it changes nothing else. */
const CHANGES: readonly [DeviceCommand, Partial<DeviceState["device"]>][] = [
  [{ kind: "setId", pn: "5511@s.whatsapp.net" }, { pn: "5511@s.whatsapp.net" }],
  [{ kind: "setLid", lid: "1000@lid" }, { lid: "1000@lid" }],
  [{ kind: "setPushName", pushName: "Ada" }, { pushName: "Ada" }],
  [{ kind: "setPlatform", platform: "android" }, { platform: "android" }],
  [{ kind: "setAccount", account: { details: salt(1) } }, { account: { details: salt(1) } }],
  [
    { kind: "setAppVersion", appVersion: [2, 3000, 7] },
    { appVersion: [2, 3000, 7], appVersionLastFetchedMs: NOW_MS },
  ],
  [{ kind: "setPropsHash", propsHash: "h" }, { propsHash: "h" }],
  [
    { kind: "setPreKeyWatermarks", nextPreKeyId: 31, firstUnuploadedPreKeyId: 11 },
    { nextPreKeyId: 31, firstUnuploadedPreKeyId: 11 },
  ],
  [
    { kind: "setAdvSecretKey", advSecretKey: new Uint8Array(32).fill(9) },
    { advSecretKey: new Uint8Array(32).fill(9) },
  ],
  [{ kind: "setNctSalt", nctSalt: salt(2) }, { nctSalt: salt(2) }],
  [{ kind: "setNctSaltFromHistorySync", nctSalt: salt(3) }, { nctSalt: salt(3) }],
  [{ kind: "setServerCertChain", serverCertChain: chain }, { serverCertChain: chain }],
  [{ kind: "clearServerCertChain" }, { serverCertChain: undefined }],
  [{ kind: "incrementLoginCounter" }, { loginCounter: 1 }],
  [{ kind: "setLidMigrated", lidMigrated: true }, { lidMigrated: true }],
  [
    {
      kind: "setSignedPreKey",
      signedPreKey: { privateKey: new Uint8Array(32), publicKey: new Uint8Array(32) },
      signedPreKeyId: 2,
      signedPreKeySignature: new Uint8Array(64),
      rotatedAtMs: 5,
    },
    {
      signedPreKey: { privateKey: new Uint8Array(32), publicKey: new Uint8Array(32) },
      signedPreKeyId: 2,
      signedPreKeySignature: new Uint8Array(64),
      lastSignedPreKeyRotationMs: 5,
    },
  ],
  [
    { kind: "setServerClientExpiration", serverClientExpiration: { expiresAt: 5, version: "2.3000" } },
    { serverClientExpiration: { expiresAt: 5, version: "2.3000" } },
  ],
  [{ kind: "setReadReceiptsDisabled", readReceiptsDisabled: true }, { readReceiptsDisabled: true }],
  [{ kind: "setEdgeRoutingInfo", edgeRoutingInfo: salt(4) }, { edgeRoutingInfo: salt(4) }],
  [{ kind: "setServerHasPreKeys", serverHasPreKeys: true }, { serverHasPreKeys: true }],
];

test("each command changes what it names, nothing else, and not its argument", () => {
  for (const [command, change] of CHANGES) {
    const state = initial();
    const before = structuredClone(state);
    expect(after(state, command).device, command.kind).toEqual({ ...state.device, ...change });
    expect(state, command.kind).toEqual(before);
  }
});

test("runtime state is no part of the device", () => {
  const state = initial();
  const changed = after(
    state,
    { kind: "setDeviceProps", deviceProps: { os: "Holdfast", platformType: 1 } },
    { kind: "setDeviceProps", deviceProps: { requireFullSync: true } },
    { kind: "setClientProfile", clientProfile: { platform: 14 } },
  );
  expect(changed.device).toBe(state.device);
  expect(changed.runtime).toEqual({
    deviceProps: { os: "Holdfast", platformType: 1, requireFullSync: true },
    clientProfile: { platform: 14 },
    nctSaltSyncSeen: false,
  });
});

test("runtime state has every field of the device's props and profile", () => {
  const deviceProps: Required<DeviceProps> = {
    ...{ os: "Holdfast", version: [1, 2, 3], platformType: 1, requireFullSync: true },
    historySyncConfig: salt(5),
  };
  const clientProfile: Required<ClientProfile> = {
    ...{ platform: 14, webSubPlatform: 2, osVersion: "12", osBuildNumber: "12.1", manufacturer: "Acme" },
    ...{ device: "Desk", localeLanguage: "pt", localeCountry: "BR" },
    ...{ includeWebInfo: true, passiveLogin: true, phoneId: "id" },
  };
  const commands: DeviceCommand[] = [
    { kind: "setDeviceProps", deviceProps },
    { kind: "setClientProfile", clientProfile },
  ];
  const { runtime } = after(initial(), ...commands);
  expect(runtime).toEqual({ deviceProps, clientProfile, nctSaltSyncSeen: false });
});

test("a salt from history sync counts only before any other", () => {
  const history = (byte: number): DeviceCommand => ({
    kind: "setNctSaltFromHistorySync",
    nctSalt: salt(byte),
  });
  const first = after(initial(), history(1));
  expect(first.runtime.nctSaltSyncSeen).toBe(false);
  expect(after(first, history(2)).device.nctSalt).toEqual(salt(1));
  const authoritative = after(first, { kind: "setNctSalt", nctSalt: salt(3) });
  expect(authoritative).toMatchObject({ device: { nctSalt: salt(3) }, runtime: { nctSaltSyncSeen: true } });
  const cleared = after(authoritative, { kind: "setNctSalt", nctSalt: undefined });
  expect(after(cleared, history(4)).device.nctSalt).toBeUndefined();
});

test("the rotation baseline starts a schedule and never moves one", () => {
  const state = initial();
  const baseline: DeviceCommand = { kind: "setSignedPreKeyRotationBaseline", rotatedAtMs: 77 };
  const old = { ...state, device: { ...state.device, lastSignedPreKeyRotationMs: 0 } };
  expect(after(old, baseline).device.lastSignedPreKeyRotationMs).toBe(77);
  expect(after(state, baseline)).toBe(state);
});

function watermarks(state: DeviceState, nextPreKeyId: number, firstUnuploadedPreKeyId: number): number[] {
  const { device } = after(state, { kind: "setPreKeyWatermarks", nextPreKeyId, firstUnuploadedPreKeyId });
  return [device.nextPreKeyId, device.firstUnuploadedPreKeyId];
}

test("pre-key counters never move back, nor across the end of the ids", () => {
  const at = (nextPreKeyId: number, firstUnuploadedPreKeyId: number): DeviceState => {
    const state = initial();
    return { ...state, device: { ...state.device, nextPreKeyId, firstUnuploadedPreKeyId } };
  };
  expect(watermarks(at(31, 11), 31, 15)).toEqual([31, 15]);
  expect(watermarks(at(31, 11), 31, 11)).toEqual([31, 11]);
  // An explicit command is carried out or refused, never ignored.
  expect(() => watermarks(at(31, 11), 20, 15)).toThrow("nextPreKeyId cannot go back from 31 to 20");
  expect(() => watermarks(at(31, 11), 31, 5)).toThrow("firstUnuploadedPreKeyId cannot go back from 11 to 5");
  expect(() => watermarks(at(31, 11), 0, 0)).toThrow(RangeError);
  expect(() => watermarks(at(31, 31), 31 + 2 ** 23, 31)).toThrow(RangeError);
  expect(watermarks(at(31, 31), 30 + 2 ** 23, 31)).toEqual([30 + 2 ** 23, 31]);
  expect(watermarks(at(0, 0), 812, 1)).toEqual([812, 1]);
  const last = at(MAX_KEY_ID - 2, MAX_KEY_ID - 5);
  expect(watermarks(last, 4, MAX_KEY_ID)).toEqual([4, MAX_KEY_ID]);
  expect(watermarks(at(4, MAX_KEY_ID), 4, 2)).toEqual([4, 2]);
  expect(() => watermarks(at(4, MAX_KEY_ID), MAX_KEY_ID - 2, 2)).toThrow("cannot go back");
  expect(() => watermarks(at(31, 11), 31, 32)).toThrow(RangeError);
});

test("a command of no known kind is refused", () => {
  expect(() => after(initial(), { kind: "setEverything" } as unknown as DeviceCommand)).toThrow(TypeError);
});

test("an empty salt from a history sync is ignored", () => {
  const state = initial();
  const empty: DeviceCommand = { kind: "setNctSaltFromHistorySync", nctSalt: new Uint8Array(0) };
  expect(after(state, empty)).toBe(state);
  const filled = after(state, empty, { kind: "setNctSaltFromHistorySync", nctSalt: salt(1) });
  expect(filled.device.nctSalt).toEqual(salt(1));
});

test("the login counter stays at its greatest value", () => {
  const state = initial();
  const full = { ...state, device: { ...state.device, loginCounter: 2 ** 32 - 2 } };
  const next = after(full, { kind: "incrementLoginCounter" }, { kind: "incrementLoginCounter" });
  expect(next.device.loginCounter).toBe(2 ** 32 - 1);
});
