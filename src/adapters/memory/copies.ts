import type {
  AdvSignedDeviceIdentity,
  Device,
  DeviceListRecord,
  HashState,
  KeyPair,
  ServerCert,
  TcTokenEntry,
} from "../../backend/mod.ts";

/** Bytes are copied on their way in and on their way out: neither side can change what the other holds. */
export function copyBytes(bytes: Uint8Array): Uint8Array {
  // A new plain Uint8Array: slice() of a Buffer would be another Buffer over the same memory.
  return new Uint8Array(bytes);
}

function copyOptional(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes === undefined ? undefined : copyBytes(bytes);
}

/** A map of bytes, copied deeply. */
export function copyBytesMap(map: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array> {
  return new Map([...map].map(([name, bytes]) => [name, copyBytes(bytes)]));
}

/** A collection's state, copied deeply. */
export function copyHashState(state: HashState): HashState {
  return {
    version: state.version,
    hash: copyBytes(state.hash),
    indexValueMap: copyBytesMap(state.indexValueMap),
    macMismatchFatal: state.macMismatchFatal,
  };
}

/** A device list, copied deeply. */
export function copyDeviceList(record: DeviceListRecord): DeviceListRecord {
  return {
    user: record.user,
    devices: record.devices.map(({ deviceId, keyIndex, isHosted }) => ({ deviceId, keyIndex, isHosted })),
    timestamp: record.timestamp,
    phash: record.phash,
    rawId: record.rawId,
  };
}

/** A token entry, copied deeply. */
export function copyTcToken(entry: TcTokenEntry): TcTokenEntry {
  return {
    token: copyBytes(entry.token),
    tokenTimestamp: entry.tokenTimestamp,
    senderTimestamp: entry.senderTimestamp,
  };
}

function copyKeyPair(pair: KeyPair): KeyPair {
  return { privateKey: copyBytes(pair.privateKey), publicKey: copyBytes(pair.publicKey) };
}

function copyAccount(account: AdvSignedDeviceIdentity): AdvSignedDeviceIdentity {
  return {
    details: copyOptional(account.details),
    accountSignatureKey: copyOptional(account.accountSignatureKey),
    accountSignature: copyOptional(account.accountSignature),
    deviceSignature: copyOptional(account.deviceSignature),
  };
}

function copyCert(cert: ServerCert): ServerCert {
  return { key: copyBytes(cert.key), notBefore: cert.notBefore, notAfter: cert.notAfter };
}

/**
 * A device, copied deeply. Each field is named, so that a new field of `Device` does not compile until it is copied,
 * and what is no field of it is not stored.
 */
export function copyDevice(device: Device): Device {
  const { account, serverCertChain, serverClientExpiration } = device;
  return {
    pn: device.pn,
    lid: device.lid,
    registrationId: device.registrationId,
    noiseKey: copyKeyPair(device.noiseKey),
    identityKey: copyKeyPair(device.identityKey),
    signedPreKey: copyKeyPair(device.signedPreKey),
    signedPreKeyId: device.signedPreKeyId,
    signedPreKeySignature: copyBytes(device.signedPreKeySignature),
    advSecretKey: copyBytes(device.advSecretKey),
    account: account === undefined ? undefined : copyAccount(account),
    pushName: device.pushName,
    platform: device.platform,
    appVersion: [...device.appVersion],
    appVersionLastFetchedMs: device.appVersionLastFetchedMs,
    edgeRoutingInfo: copyOptional(device.edgeRoutingInfo),
    propsHash: device.propsHash,
    nextPreKeyId: device.nextPreKeyId,
    firstUnuploadedPreKeyId: device.firstUnuploadedPreKeyId,
    serverHasPreKeys: device.serverHasPreKeys,
    nctSalt: copyOptional(device.nctSalt),
    serverCertChain:
      serverCertChain === undefined
        ? undefined
        : { intermediate: copyCert(serverCertChain.intermediate), leaf: copyCert(serverCertChain.leaf) },
    loginCounter: device.loginCounter,
    lidMigrated: device.lidMigrated,
    lastSignedPreKeyRotationMs: device.lastSignedPreKeyRotationMs,
    readReceiptsDisabled: device.readReceiptsDisabled,
    serverClientExpiration:
      serverClientExpiration === undefined
        ? undefined
        : { expiresAt: serverClientExpiration.expiresAt, version: serverClientExpiration.version },
    extra: copyBytesMap(device.extra),
  };
}
