import type {
  Device,
  KeyPair,
  Lease,
  MessageRef,
  OwnerGuard,
  Write,
  WriteKind,
  WriteOf,
} from "../backend/mod.ts";
import { ArgumentTypeError } from "../errors/mod.ts";

/** Whether a value is of a type. What is in it the backend checks. */
type Is = (value: unknown) => boolean;

/** One entry for each member of a type: a new one does not compile until it says what it is. */
type MembersOf<T> = { readonly [Name in keyof T]-?: Is };

type Shapes = { readonly [K in WriteKind]: MembersOf<Omit<WriteOf<K>, "kind">> };

const text: Is = (value) => typeof value === "string";
const number: Is = (value) => typeof value === "number";
const integer: Is = (value) => typeof value === "bigint";
const boolean: Is = (value) => typeof value === "boolean";
const bytes: Is = (value) => value instanceof Uint8Array;

function optional(is: Is): Is {
  return (value) => value === undefined || is(value);
}

function listOf(is: Is): Is {
  return (value) => Array.isArray(value) && value.every(is);
}

function tupleOf(...parts: readonly Is[]): Is {
  return (value) =>
    Array.isArray(value) && value.length === parts.length && parts.every((is, index) => is(value[index]));
}

function mapOf(is: Is): Is {
  return (value) => value instanceof Map && [...value].every(([name, entry]) => text(name) && is(entry));
}

function objectOf<T>(members: MembersOf<T>): Is {
  const entries = Object.entries<Is>(members);
  return (value) =>
    isObject(value) &&
    entries.every(([name, is]) => is(Object.hasOwn(value, name) ? value[name] : undefined));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return !(value instanceof Uint8Array) && !(value instanceof Map);
}

const messageRef: MembersOf<MessageRef> = { chat: text, sender: text, id: text };
const keyPair = objectOf<KeyPair>({ privateKey: bytes, publicKey: bytes });
const lease = optional(objectOf<Lease>({ reservedUntil: number, incarnation: text, burned: number }));
const certificate = objectOf<NonNullable<Device["serverCertChain"]>["leaf"]>({
  key: bytes,
  notBefore: number,
  notAfter: number,
});

const device = objectOf<Device>({
  pn: optional(text),
  lid: optional(text),
  registrationId: number,
  noiseKey: keyPair,
  identityKey: keyPair,
  signedPreKey: keyPair,
  signedPreKeyId: number,
  signedPreKeySignature: bytes,
  advSecretKey: bytes,
  account: optional(
    objectOf<NonNullable<Device["account"]>>({
      details: optional(bytes),
      accountSignatureKey: optional(bytes),
      accountSignature: optional(bytes),
      deviceSignature: optional(bytes),
    }),
  ),
  pushName: text,
  platform: optional(text),
  appVersion: tupleOf(number, number, number),
  appVersionLastFetchedMs: number,
  edgeRoutingInfo: optional(bytes),
  propsHash: optional(text),
  nextPreKeyId: number,
  firstUnuploadedPreKeyId: number,
  serverHasPreKeys: boolean,
  nctSalt: optional(bytes),
  serverCertChain: optional(
    objectOf<NonNullable<Device["serverCertChain"]>>({ intermediate: certificate, leaf: certificate }),
  ),
  loginCounter: number,
  lidMigrated: boolean,
  lastSignedPreKeyRotationMs: number,
  readReceiptsDisabled: boolean,
  serverClientExpiration: optional(
    objectOf<NonNullable<Device["serverClientExpiration"]>>({ expiresAt: number, version: text }),
  ),
  extra: mapOf(bytes),
});

const SHAPES: Shapes = {
  "identity.put": { address: text, key: bytes },
  "identity.delete": { address: text },
  "session.put": { address: text, record: bytes, lease },
  "session.delete": { address: text },
  "preKey.put": { id: number, record: bytes, uploaded: boolean },
  "preKey.markUploaded": { ids: listOf(number) },
  "preKey.remove": { id: number },
  "signedPreKey.put": { id: number, record: bytes },
  "signedPreKey.remove": { id: number },
  "senderKey.put": { name: text, record: bytes, lease },
  "senderKey.delete": { name: text },
  "quarantine.put": { store: text, address: text, record: bytes, reason: text },
  "syncKey.put": {
    keyId: bytes,
    key: objectOf<WriteOf<"syncKey.put">["key"]>({ keyData: bytes, fingerprint: bytes, timestamp: number }),
  },
  "syncKey.delete": { keyId: bytes },
  "syncVersion.put": {
    name: text,
    state: objectOf<WriteOf<"syncVersion.put">["state"]>({
      version: integer,
      hash: bytes,
      indexValueMap: mapOf(bytes),
      macMismatchFatal: boolean,
    }),
  },
  "syncVersion.delete": { name: text },
  "mutationMacs.put": {
    name: text,
    version: integer,
    macs: listOf(objectOf<WriteOf<"mutationMacs.put">["macs"][number]>({ indexMac: bytes, valueMac: bytes })),
  },
  "mutationMacs.delete": { name: text, indexMacs: listOf(bytes) },
  "mutationMacs.clear": { name: text },
  "senderKeyDevices.set": { group: text, entries: listOf(tupleOf(text, boolean)) },
  "senderKeyDevices.clear": { group: text },
  "senderKeyDevices.deleteRows": { deviceJids: listOf(text) },
  "senderKeyDevices.clearAll": {},
  "lidMapping.put": {
    entries: listOf(
      objectOf<WriteOf<"lidMapping.put">["entries"][number]>({
        lid: text,
        phoneNumber: text,
        createdAt: number,
        updatedAt: number,
        learningSource: text,
      }),
    ),
  },
  "lidMapping.delete": { lids: listOf(text) },
  "baseKey.put": { address: text, messageId: text, key: bytes, createdAt: number },
  "baseKey.delete": { address: text, messageId: text },
  "baseKey.expire": { cutoff: number, limit: optional(number) },
  "deviceList.put": {
    records: listOf(
      objectOf<WriteOf<"deviceList.put">["records"][number]>({
        user: text,
        devices: listOf(
          objectOf<WriteOf<"deviceList.put">["records"][number]["devices"][number]>({
            deviceId: number,
            keyIndex: optional(number),
            isHosted: optional(boolean),
          }),
        ),
        timestamp: number,
        phash: optional(text),
        rawId: optional(number),
      }),
    ),
  },
  "deviceList.delete": { user: text },
  "groupMetadata.put": { group: text, blob: bytes },
  "groupMetadata.delete": { group: text },
  "tcToken.put": {
    jid: text,
    entry: objectOf<WriteOf<"tcToken.put">["entry"]>({
      token: bytes,
      tokenTimestamp: number,
      senderTimestamp: optional(number),
    }),
  },
  "tcToken.receive": { jid: text, token: bytes, tokenTimestamp: number },
  "tcToken.touchSender": { jid: text, senderTimestamp: number },
  "tcToken.delete": { jid: text },
  "tcToken.expire": { tokenCutoff: number, senderCutoff: number, limit: optional(number) },
  "sentMessage.put": { chat: text, id: text, payload: bytes, createdAt: number },
  "sentMessage.delete": { chat: text, id: text },
  "sentMessage.expire": { cutoff: number, limit: optional(number) },
  "pendingInbound.put": {
    rows: listOf(
      objectOf<WriteOf<"pendingInbound.put">["rows"][number]>({
        ...messageRef,
        payload: bytes,
        receivedAt: number,
      }),
    ),
  },
  "pendingInbound.delete": { keys: listOf(objectOf<MessageRef>(messageRef)) },
  "pendingInbound.expire": { cutoff: number, limit: optional(number) },
  "msgSecret.put": {
    entries: listOf(
      objectOf<WriteOf<"msgSecret.put">["entries"][number]>({
        ...messageRef,
        secret: bytes,
        expiresAt: number,
        messageTs: number,
      }),
    ),
  },
  "msgSecret.expire": { cutoff: number, limit: optional(number) },
  "device.save": { device },
  "account.delete": { accountId: number },
};

const checks: ReadonlyMap<string, Is> = new Map(
  Object.entries(SHAPES).map(([kind, members]) => [kind, objectOf<object>(members)]),
);

const isGuard = objectOf<OwnerGuard>({
  owner: optional(text),
  minEpoch: number,
  maxEpoch: number,
  next: optional(objectOf<NonNullable<OwnerGuard["next"]>>({ owner: text, epoch: number })),
});

/**
 * Checks the types in writes that came over a network, before a backend sees them: a text is a list of texts to whoever walks
 * through it, and a database stores a text where a flag should be. Ranges and lengths the backend checks.
 *
 * @throws {TypeError} When a write is of no known kind, or a part of it is of another type.
 */
export function requireWrites(writes: readonly unknown[]): asserts writes is Write[] {
  for (const [index, write] of writes.entries()) {
    const kind = isObject(write) && typeof write.kind === "string" ? write.kind : "";
    const is = checks.get(kind);
    if (is === undefined) throw new ArgumentTypeError(`commit: write ${index} has no known kind`);
    if (!is(write)) throw new ArgumentTypeError(`commit: write ${index} is no ${kind}`);
  }
}

/** Checks the types in a guard. @throws {TypeError} When it is none. */
export function requireGuardShape(guard: unknown): asserts guard is OwnerGuard {
  if (!isGuard(guard)) throw new ArgumentTypeError("commit: not a guard");
}
