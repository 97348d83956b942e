/** Structural types of Baileys' `AuthenticationCreds`: the package does not depend on Baileys. */

/** A key pair. Both keys are 32 bytes. */
export interface BaileysKeys {
  /** Private key. */
  private: Uint8Array;
  /** Public key, without the 0x05 prefix. */
  public: Uint8Array;
}

/** The proof of linking. */
export interface BaileysAccount {
  /** Encoded `ADVDeviceIdentity`. */
  details?: Uint8Array;
  /** Key of the primary device, 32 bytes. */
  accountSignatureKey?: Uint8Array;
  /** Signature of the primary device, 64 bytes. */
  accountSignature?: Uint8Array;
  /** Signature of this device, 64 bytes. */
  deviceSignature?: Uint8Array;
}

/** The credentials of a Baileys client. Other properties are kept as well. */
export interface BaileysCreds {
  /** Pair of the Noise handshake. */
  noiseKey: BaileysKeys;
  /** Pair of the pairing by code. Kept in `Device.extra`. */
  pairingEphemeralKeyPair: BaileysKeys;
  /** Pair that identifies this device to its peers. */
  signedIdentityKey: BaileysKeys;
  /**
   * The signed pre-key: its pair, its signature of 64 bytes, its id and, if Baileys has set it, its time in
   * Unix seconds.
   */
  signedPreKey: { keyPair: BaileysKeys; signature: Uint8Array; keyId: number; timestampS?: number };
  /** The number that peers see in pre-key bundles; 0 once in 256 times, which Baileys may draw. */
  registrationId: number;
  /** Base64 of 32 bytes. */
  advSecretKey: string;
  /**
   * Our JIDs and push name. Set by pairing, or with the entered number alone while a pairing by code runs.
   */
  me?: { id: string; lid?: string; name?: string };
  /** The proof of linking; absent before. */
  account?: BaileysAccount;
  /** Identities that Baileys collected of ourselves. Kept in `Device.extra`. */
  // biome-ignore lint/suspicious/noExplicitAny: Baileys' `SignalIdentity`.
  signalIdentities?: any[];
  /** Id of the newest app-state sync key, in base64. Kept in `Device.extra`. */
  myAppStateKeyId?: string;
  /** The first pre-key id that was not uploaded. */
  firstUnuploadedPreKeyId: number;
  /** The next pre-key id to generate. */
  nextPreKeyId: number;
  /** Unix seconds of the last account sync. Kept in `Device.extra`. */
  lastAccountSyncTimestamp?: number;
  /** Platform of the primary device, such as `android`. */
  platform?: string;
  /** Keys of the history notifications that were handled. Kept in `Device.extra`. */
  // biome-ignore lint/suspicious/noExplicitAny: Baileys' `MinimalMessage`.
  processedHistoryMessages: any[];
  /** Number of account syncs. Kept in `Device.extra`. */
  accountSyncCounter: number;
  /** Settings of the account that affect the client. Kept in `Device.extra`. */
  // biome-ignore lint/suspicious/noExplicitAny: part of it is a protobuf type of Baileys.
  accountSettings: { unarchiveChats: boolean; defaultDisappearingMode?: any };
  /** Whether Baileys considers the device registered. Kept in `Device.extra`. */
  registered: boolean;
  /** The code of a pairing that is under way. Kept in `Device.extra`. */
  pairingCode: string | undefined;
  /** Hash of the server properties that the client has. */
  lastPropHash: string | undefined;
  /** Opaque bytes that the server wants at the beginning of the next connection. */
  // biome-ignore lint/suspicious/noExplicitAny: a `Buffer`, which is a type of one host.
  routingInfo: any;
  /** Whatever the application puts there. Kept in `Device.extra`. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever the client puts there.
  additionalData?: any;
}
