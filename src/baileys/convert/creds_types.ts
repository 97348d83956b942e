/** Structural types of Baileys' `AuthenticationCreds`: the package does not depend on Baileys. */

/** A key pair. Both keys are 32 bytes. */
export interface BaileysKeys {
  private: Uint8Array;
  public: Uint8Array;
}

/** The proof of linking. */
export interface BaileysAccount {
  details?: Uint8Array;
  accountSignatureKey?: Uint8Array;
  accountSignature?: Uint8Array;
  deviceSignature?: Uint8Array;
}

/** The credentials of a Baileys client. Other properties are kept as well. */
export interface BaileysCreds {
  noiseKey: BaileysKeys;
  pairingEphemeralKeyPair: BaileysKeys;
  signedIdentityKey: BaileysKeys;
  signedPreKey: { keyPair: BaileysKeys; signature: Uint8Array; keyId: number; timestampS?: number };
  registrationId: number;
  /** Base64 of 32 bytes. */
  advSecretKey: string;
  me?: { id: string; lid?: string; name?: string };
  account?: BaileysAccount;
  // biome-ignore lint/suspicious/noExplicitAny: Baileys' `SignalIdentity`.
  signalIdentities?: any[];
  myAppStateKeyId?: string;
  firstUnuploadedPreKeyId: number;
  nextPreKeyId: number;
  lastAccountSyncTimestamp?: number;
  platform?: string;
  // biome-ignore lint/suspicious/noExplicitAny: Baileys' `MinimalMessage`.
  processedHistoryMessages: any[];
  accountSyncCounter: number;
  // biome-ignore lint/suspicious/noExplicitAny: part of it is a protobuf type of Baileys.
  accountSettings: { unarchiveChats: boolean; defaultDisappearingMode?: any };
  registered: boolean;
  pairingCode: string | undefined;
  lastPropHash: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: a `Buffer`, which is a type of one host.
  routingInfo: any;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the client puts there.
  additionalData?: any;
}
