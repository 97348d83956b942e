import {
  formatSenderKeyName,
  formatSignalAddress,
  parseNodeAddress,
  parseNodeSenderKeyName,
  type SignalAddress,
} from "../../addresses/mod.ts";
import type { Write } from "../../backend/mod.ts";
import {
  baileysToHashState,
  baileysToSyncKey,
  deviceListToDevices,
  identityKeyToRaw,
  type LocalIdentity,
  parsedJson,
  preKeyIdOf,
  preKeyToRecord,
  readBytes,
  senderKeyMemoryToDevices,
  senderKeyToRecord,
  sessionToRecord,
  syncKeyIdToBytes,
  TC_TOKEN_INDEX_ID,
  tcTokenToEntry,
} from "../../baileys/convert/mod.ts";
import { CorruptError } from "../../errors/mod.ts";
import { collectionWrites } from "../collection_writes.ts";
import type { SkipReason } from "../report.ts";
import type { StateType } from "./state_key.ts";

/** What a value becomes. */
export type Conversion = { readonly writes: readonly Write[] } | { readonly skip: SkipReason };

/** What is known of the whole state when single values are converted. */
export interface ConversionContext {
  readonly local: LocalIdentity;
  /** Pre-keys below it were uploaded. */
  readonly firstUnuploadedPreKeyId: number;
  /** Users that are known to be LIDs. */
  readonly lids: ReadonlySet<string>;
  /** Whether a group's own sender key was converted. */
  readonly hasOwnSenderKey: (group: string) => boolean;
}

type Convert = (id: string, value: unknown, context: ConversionContext) => Conversion;

/**
 * The conversion of each type of keys. Mappings are not among them: they are read together.
 *
 * @throws {CorruptError | WrongLengthError} When the value is damaged.
 */
export const CONVERSIONS: Readonly<Record<Exclude<StateType, "lid-mapping">, Convert>> = {
  "pre-key": (id, value, { firstUnuploadedPreKeyId }) => {
    const keyId = preKeyIdOf(id);
    if (keyId === undefined) return { skip: "unaddressable" };
    const record = preKeyToRecord(keyId, value);
    return one({ kind: "preKey.put", id: keyId, record, uploaded: keyId < firstUnuploadedPreKeyId });
  },
  session: (id, value, { local, lids }) =>
    atAddress(id, lids, (address) => {
      const record = sessionToRecord(value, local);
      return record.length === 0 ? { skip: "empty" } : one({ kind: "session.put", address, record });
    }),
  "identity-key": (id, value, { lids }) =>
    atAddress(id, lids, (address) => one({ kind: "identity.put", address, key: identityKeyToRaw(value) })),
  "sender-key": (id, value, { lids }) => {
    const name = nameOf(id);
    if (name === undefined) return { skip: "unaddressable" };
    if (isUnderNumber(name.sender, lids) || Array.isArray(value)) return { skip: "version-6" };
    const record = senderKeyToRecord(serialisedSenderKey(value));
    return record.length === 0
      ? { skip: "empty" }
      : one({ kind: "senderKey.put", name: formatSenderKeyName(name), record });
  },
  "sender-key-memory": (group, value, { hasOwnSenderKey }) => {
    if (!hasOwnSenderKey(group)) return { skip: "no-sender-key" };
    const entries = senderKeyMemoryToDevices(value);
    return entries.length === 0 ? { skip: "empty" } : one({ kind: "senderKeyDevices.set", group, entries });
  },
  "app-state-sync-key": (id, value) => {
    const keyId = syncKeyIdToBytes(id);
    return keyId === undefined
      ? { skip: "unaddressable" }
      : one({ kind: "syncKey.put", keyId, key: baileysToSyncKey(value) });
  },
  "app-state-sync-version": (name, value) => ({ writes: collectionWrites(name, baileysToHashState(value)) }),
  "device-list": (user, value) => {
    const devices = deviceListToDevices(value);
    return one({ kind: "deviceList.put", records: [{ user, devices, timestamp: 0 }] });
  },
  tctoken: (jid, value) =>
    jid === TC_TOKEN_INDEX_ID
      ? { skip: "derived" }
      : one({ kind: "tcToken.put", jid, entry: tcTokenToEntry(value) }),
};

/** The address of libsignal-node's name; `undefined` when it is none. */
export function addressOf(id: string): SignalAddress | undefined {
  return orUndefined(() => parseNodeAddress(id));
}

/** The name of Baileys' id of a sender key; `undefined` when it is none. */
export function nameOf(id: string): ReturnType<typeof parseNodeSenderKeyName> | undefined {
  return orUndefined(() => parseNodeSenderKeyName(id));
}

function one(write: Write): Conversion {
  return { writes: [write] };
}

function atAddress(
  id: string,
  lids: ReadonlySet<string>,
  convert: (address: string) => Conversion,
): Conversion {
  const address = addressOf(id);
  if (address === undefined) return { skip: "unaddressable" };
  return isUnderNumber(address, lids) ? { skip: "version-6" } : convert(formatSignalAddress(address));
}

/** Whether Baileys 6 stored the state of a LID, whose address there has no domain. */
function isUnderNumber({ server, user }: SignalAddress, lids: ReadonlySet<string>): boolean {
  return server === "c.us" && lids.has(user);
}

/** The JSON of a sender key, which Baileys stores as bytes. @throws {CorruptError} */
function serialisedSenderKey(value: unknown): unknown {
  if (typeof value === "string" && value.startsWith("[")) return value;
  const bytes = readBytes(value);
  if (bytes === undefined) throw new CorruptError("convert sender key: not bytes");
  return parsedJson("convert sender key", bytes);
}

function orUndefined<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
