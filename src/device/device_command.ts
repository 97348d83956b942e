import type {
  AdvSignedDeviceIdentity,
  AppVersion,
  KeyPair,
  ServerCertChain,
  ServerClientExpiration,
} from "../backend/mod.ts";
import type { ClientProfile, DeviceProps } from "./device_state.ts";

/**
 * Every change of the device that has a name. Fields that must never be seen apart are in one command.
 * `undefined` clears where it is allowed.
 *
 * - `setAppVersion` also stamps the time of the fetch.
 * - `setDeviceProps` changes the props that it names.
 * - `setPreKeyWatermarks` moves both counters forward on the ring of ids, and is refused when one would go
 *   back.
 * - `setNctSalt` is authoritative, also when it clears; `setNctSaltFromHistorySync` counts only while no salt
 *   is set and no authoritative one was seen in this process, and an empty one is ignored.
 * - `incrementLoginCounter` stays at 2^32−1.
 * - `setSignedPreKey` changes key, id, signature and time of rotation together.
 * - `setSignedPreKeyRotationBaseline` starts the rotation schedule of a device that has none, without
 *   touching the key; it never replaces a time that is set.
 */
export type DeviceCommand =
  | { readonly kind: "setId"; readonly pn: string | undefined }
  | { readonly kind: "setLid"; readonly lid: string | undefined }
  | { readonly kind: "setPushName"; readonly pushName: string }
  | { readonly kind: "setPlatform"; readonly platform: string | undefined }
  | { readonly kind: "setAccount"; readonly account: AdvSignedDeviceIdentity | undefined }
  | { readonly kind: "setAppVersion"; readonly appVersion: AppVersion }
  | { readonly kind: "setDeviceProps"; readonly deviceProps: DeviceProps }
  | { readonly kind: "setClientProfile"; readonly clientProfile: ClientProfile | undefined }
  | { readonly kind: "setPropsHash"; readonly propsHash: string | undefined }
  | {
      readonly kind: "setPreKeyWatermarks";
      readonly nextPreKeyId: number;
      readonly firstUnuploadedPreKeyId: number;
    }
  | { readonly kind: "setAdvSecretKey"; readonly advSecretKey: Uint8Array }
  | { readonly kind: "setNctSalt"; readonly nctSalt: Uint8Array | undefined }
  | { readonly kind: "setNctSaltFromHistorySync"; readonly nctSalt: Uint8Array }
  | { readonly kind: "setServerCertChain"; readonly serverCertChain: ServerCertChain }
  | { readonly kind: "clearServerCertChain" }
  | { readonly kind: "incrementLoginCounter" }
  | { readonly kind: "setLidMigrated"; readonly lidMigrated: boolean }
  | {
      readonly kind: "setSignedPreKey";
      readonly signedPreKey: KeyPair;
      readonly signedPreKeyId: number;
      readonly signedPreKeySignature: Uint8Array;
      readonly rotatedAtMs: number;
    }
  | { readonly kind: "setSignedPreKeyRotationBaseline"; readonly rotatedAtMs: number }
  | {
      readonly kind: "setServerClientExpiration";
      readonly serverClientExpiration: ServerClientExpiration | undefined;
    }
  | { readonly kind: "setReadReceiptsDisabled"; readonly readReceiptsDisabled: boolean }
  | { readonly kind: "setEdgeRoutingInfo"; readonly edgeRoutingInfo: Uint8Array | undefined }
  | { readonly kind: "setServerHasPreKeys"; readonly serverHasPreKeys: boolean };

/** The name of a command. */
export type DeviceCommandKind = DeviceCommand["kind"];

/** The command with one name. */
export type DeviceCommandOf<K extends DeviceCommandKind> = Extract<DeviceCommand, { readonly kind: K }>;
