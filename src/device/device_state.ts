import type { AppVersion, Device } from "../backend/mod.ts";

/** How this device presents itself to the primary one when it is linked. */
export interface DeviceProps {
  /** Name of the operating system or the application, as the primary device shows it. */
  readonly os?: string | undefined;
  /** Version of the operating system or the application, in three numbers. */
  readonly version?: AppVersion | undefined;
  /** Number of the platform in the protocol's own table. */
  readonly platformType?: number | undefined;
  /** Whether the primary device is asked for its full history. */
  readonly requireFullSync?: boolean | undefined;
  /** The protocol's own message `HistorySyncConfig`, as opaque bytes. */
  readonly historySyncConfig?: Uint8Array | undefined;
}

/** What the login payload says about the client. */
export interface ClientProfile {
  /** Number of the platform in the protocol's own table. */
  readonly platform?: number | undefined;
  /** Number of the web platform in the protocol's own table. */
  readonly webSubPlatform?: number | undefined;
  /** Version of the operating system, as text. */
  readonly osVersion?: string | undefined;
  /** Build of the operating system, as text. */
  readonly osBuildNumber?: string | undefined;
  /** Maker of the hardware, as text. */
  readonly manufacturer?: string | undefined;
  /** Model of the hardware, as text. */
  readonly device?: string | undefined;
  /** Language in ISO 639-1, such as `pt`. */
  readonly localeLanguage?: string | undefined;
  /** Country in ISO 3166-1 alpha-2, such as `BR`. */
  readonly localeCountry?: string | undefined;
  /** Whether the payload carries the section about the web client. */
  readonly includeWebInfo?: boolean | undefined;
  /** Whether the client logs in without taking over as the active one. */
  readonly passiveLogin?: boolean | undefined;
  /** Identifies the installation of the client to the server. */
  readonly phoneId?: string | undefined;
}

/** State of the device that lives as long as the process and is never stored. */
export interface DeviceRuntime {
  /** How the device presents itself when it is linked; empty at the start of a process. */
  readonly deviceProps: DeviceProps;
  /** What the login payload says; `undefined` until `setClientProfile`. */
  readonly clientProfile: ClientProfile | undefined;
  /** Whether an authoritative NCT salt was seen, even if it was then cleared. */
  readonly nctSaltSyncSeen: boolean;
}

/** The device as it is stored, and beside it what is not. */
export interface DeviceState {
  readonly device: Device;
  readonly runtime: DeviceRuntime;
}

/** The runtime state at the start of a process. */
export const INITIAL_RUNTIME: DeviceRuntime = {
  deviceProps: {},
  clientProfile: undefined,
  nctSaltSyncSeen: false,
};

/** Whether the device is paired: it has a phone number. */
export function isRegistered(device: Device): boolean {
  return device.pn !== undefined;
}

/** Whether the device can announce itself: it is paired and has a push name. */
export function isReadyForPresence(device: Device): boolean {
  return isRegistered(device) && device.pushName !== "";
}
