import type { Device } from "../backend/mod.ts";

/**
 * A device without keys, tokens and signatures, for debugging. What is secret is told by its presence or its length in
 * bytes. JIDs are kept: a snapshot that does not say whose it is helps nobody.
 */
export interface RedactedDevice {
  readonly pn: string | undefined;
  readonly lid: string | undefined;
  readonly registrationId: number;
  readonly signedPreKeyId: number;
  readonly hasAccount: boolean;
  readonly hasPushName: boolean;
  readonly platform: string | undefined;
  readonly appVersion: string;
  readonly appVersionLastFetchedMs: number;
  readonly edgeRoutingInfoBytes: number | undefined;
  readonly hasPropsHash: boolean;
  readonly nextPreKeyId: number;
  readonly firstUnuploadedPreKeyId: number;
  readonly serverHasPreKeys: boolean;
  readonly nctSaltBytes: number | undefined;
  /** Unix seconds. */
  readonly serverCertNotAfter: number | undefined;
  readonly loginCounter: number;
  readonly lidMigrated: boolean;
  readonly lastSignedPreKeyRotationMs: number;
  readonly readReceiptsDisabled: boolean;
  /** Unix seconds. */
  readonly serverClientExpiresAt: number | undefined;
  /** Length in bytes of each named value. */
  readonly extraBytes: Readonly<Record<string, number>>;
}

type Redactors = { readonly [K in keyof Device]: (value: Device[K]) => Partial<RedactedDevice> };

/** One entry for each field: a new one does not compile until it says what may be shown of it. */
const REDACTORS: Redactors = {
  pn: (pn) => ({ pn }),
  lid: (lid) => ({ lid }),
  registrationId: (registrationId) => ({ registrationId }),
  noiseKey: () => ({}),
  identityKey: () => ({}),
  signedPreKey: () => ({}),
  signedPreKeyId: (signedPreKeyId) => ({ signedPreKeyId }),
  signedPreKeySignature: () => ({}),
  advSecretKey: () => ({}),
  account: (account) => ({ hasAccount: account !== undefined }),
  pushName: (pushName) => ({ hasPushName: pushName !== "" }),
  platform: (platform) => ({ platform }),
  appVersion: (appVersion) => ({ appVersion: appVersion.join(".") }),
  appVersionLastFetchedMs: (appVersionLastFetchedMs) => ({ appVersionLastFetchedMs }),
  edgeRoutingInfo: (info) => ({ edgeRoutingInfoBytes: info?.length }),
  propsHash: (propsHash) => ({ hasPropsHash: propsHash !== undefined }),
  nextPreKeyId: (nextPreKeyId) => ({ nextPreKeyId }),
  firstUnuploadedPreKeyId: (firstUnuploadedPreKeyId) => ({ firstUnuploadedPreKeyId }),
  serverHasPreKeys: (serverHasPreKeys) => ({ serverHasPreKeys }),
  nctSalt: (salt) => ({ nctSaltBytes: salt?.length }),
  serverCertChain: (chain) => ({ serverCertNotAfter: chain?.leaf.notAfter }),
  loginCounter: (loginCounter) => ({ loginCounter }),
  lidMigrated: (lidMigrated) => ({ lidMigrated }),
  lastSignedPreKeyRotationMs: (lastSignedPreKeyRotationMs) => ({ lastSignedPreKeyRotationMs }),
  readReceiptsDisabled: (readReceiptsDisabled) => ({ readReceiptsDisabled }),
  serverClientExpiration: (expiration) => ({ serverClientExpiresAt: expiration?.expiresAt }),
  extra: (extra) => ({
    extraBytes: Object.fromEntries([...extra].map(([name, value]) => [name, value.length])),
  }),
};

/** What may be shown of a device. */
export function redactDevice(device: Device): RedactedDevice {
  const parts = (Object.keys(REDACTORS) as (keyof Device)[]).map((field) => {
    const redact = REDACTORS[field] as (value: unknown) => Partial<RedactedDevice>;
    return redact(device[field]);
  });
  return Object.assign({}, ...parts) as RedactedDevice;
}
