import type { DeviceListRecord, HashState, SyncKey } from "../records/mod.ts";
import type { CollectionName, MutationMac } from "./app_sync_store.ts";
import type { Device } from "./device_store.ts";
import type {
  LidPnMapping,
  MessageRef,
  MsgSecretEntry,
  PendingInbound,
  SenderKeyDevice,
  TcTokenEntry,
} from "./protocol_store.ts";
import type { Lease, QuarantinePut } from "./signal_rows.ts";

/**
 * Every mutation that a backend can be asked for, as data. Each is idempotent: applying it twice in a row leaves what
 * applying it once leaves. (An expiry with a `limit`, the most rows that it takes, takes more the next time; which ones first is
 * not said.) Times named `…At`, `cutoff` and `…Timestamp` are Unix seconds.
 */
export type Write =
  | { readonly kind: "identity.put"; readonly address: string; readonly key: Uint8Array }
  | { readonly kind: "identity.delete"; readonly address: string }
  | {
      readonly kind: "session.put";
      readonly address: string;
      readonly record: Uint8Array;
      /** Stored beside the record, in place of the one before. Without it the row has none. */
      readonly lease?: Lease | undefined;
    }
  | { readonly kind: "session.delete"; readonly address: string }
  | {
      readonly kind: "preKey.put";
      readonly id: number;
      readonly record: Uint8Array;
      readonly uploaded: boolean;
    }
  | { readonly kind: "preKey.markUploaded"; readonly ids: readonly number[] }
  | { readonly kind: "preKey.remove"; readonly id: number }
  | { readonly kind: "signedPreKey.put"; readonly id: number; readonly record: Uint8Array }
  | { readonly kind: "signedPreKey.remove"; readonly id: number }
  | {
      readonly kind: "senderKey.put";
      readonly name: string;
      readonly record: Uint8Array;
      /** As in `session.put`. */
      readonly lease?: Lease | undefined;
    }
  | { readonly kind: "senderKey.delete"; readonly name: string }
  | QuarantinePut
  | { readonly kind: "syncKey.put"; readonly keyId: Uint8Array; readonly key: SyncKey }
  | { readonly kind: "syncKey.delete"; readonly keyId: Uint8Array }
  | { readonly kind: "syncVersion.put"; readonly name: CollectionName; readonly state: HashState }
  | { readonly kind: "syncVersion.delete"; readonly name: CollectionName }
  | {
      readonly kind: "mutationMacs.put";
      readonly name: CollectionName;
      readonly version: bigint;
      readonly macs: readonly MutationMac[];
    }
  | {
      readonly kind: "mutationMacs.delete";
      readonly name: CollectionName;
      readonly indexMacs: readonly Uint8Array[];
    }
  | { readonly kind: "mutationMacs.clear"; readonly name: CollectionName }
  | {
      readonly kind: "senderKeyDevices.set";
      readonly group: string;
      readonly entries: readonly SenderKeyDevice[];
    }
  | { readonly kind: "senderKeyDevices.clear"; readonly group: string }
  | { readonly kind: "senderKeyDevices.deleteRows"; readonly deviceJids: readonly string[] }
  | { readonly kind: "senderKeyDevices.clearAll" }
  | { readonly kind: "lidMapping.put"; readonly entries: readonly LidPnMapping[] }
  | { readonly kind: "lidMapping.delete"; readonly lids: readonly string[] }
  | {
      readonly kind: "baseKey.put";
      readonly address: string;
      readonly messageId: string;
      readonly key: Uint8Array;
      readonly createdAt: number;
    }
  | { readonly kind: "baseKey.delete"; readonly address: string; readonly messageId: string }
  | { readonly kind: "baseKey.expire"; readonly cutoff: number; readonly limit?: number | undefined }
  | { readonly kind: "deviceList.put"; readonly records: readonly DeviceListRecord[] }
  | { readonly kind: "deviceList.delete"; readonly user: string }
  | { readonly kind: "groupMetadata.put"; readonly group: string; readonly blob: Uint8Array }
  | { readonly kind: "groupMetadata.delete"; readonly group: string }
  | { readonly kind: "tcToken.put"; readonly jid: string; readonly entry: TcTokenEntry }
  | {
      readonly kind: "tcToken.receive";
      readonly jid: string;
      readonly token: Uint8Array;
      readonly tokenTimestamp: number;
    }
  | { readonly kind: "tcToken.touchSender"; readonly jid: string; readonly senderTimestamp: number }
  | { readonly kind: "tcToken.delete"; readonly jid: string }
  | {
      readonly kind: "tcToken.expire";
      readonly tokenCutoff: number;
      readonly senderCutoff: number;
      readonly limit?: number | undefined;
    }
  | {
      readonly kind: "sentMessage.put";
      readonly chat: string;
      readonly id: string;
      readonly payload: Uint8Array;
      readonly createdAt: number;
    }
  | { readonly kind: "sentMessage.delete"; readonly chat: string; readonly id: string }
  | { readonly kind: "sentMessage.expire"; readonly cutoff: number; readonly limit?: number | undefined }
  | { readonly kind: "pendingInbound.put"; readonly rows: readonly PendingInbound[] }
  | { readonly kind: "pendingInbound.delete"; readonly keys: readonly MessageRef[] }
  | { readonly kind: "pendingInbound.expire"; readonly cutoff: number; readonly limit?: number | undefined }
  | { readonly kind: "msgSecret.put"; readonly entries: readonly MsgSecretEntry[] }
  | { readonly kind: "msgSecret.expire"; readonly cutoff: number; readonly limit?: number | undefined }
  | { readonly kind: "device.save"; readonly device: Device }
  | { readonly kind: "account.delete"; readonly accountId: number };

/** The name of a mutation. */
export type WriteKind = Write["kind"];

/** The mutation with one name. */
export type WriteOf<K extends WriteKind> = Extract<Write, { readonly kind: K }>;
