import type { Account } from "../account/mod.ts";
import type { Device } from "../backend/mod.ts";
import { type SignalStoreCache, signalCache } from "../signal/mod.ts";
import type { LocalIdentity } from "./convert/mod.ts";
import { type NodeSenderKeyRecord, nodeSenderKeyCodec } from "./node_sender_key_record.ts";
import { type NodeSessionRecord, nodeSessionCodec } from "./node_session_record.ts";

/** The Signal cache of an account for Baileys. */
export type NodeSignalCache = SignalStoreCache<NodeSessionRecord, NodeSenderKeyRecord>;

/** Opens the account's Signal cache with libsignal-node's records. Call it once for each account. */
export function nodeSignalCache(account: Account): NodeSignalCache {
  // Each read of a snapshot's bytes makes a copy.
  let known: { readonly snapshot: Device; readonly identity: LocalIdentity } | undefined;
  const local = (): LocalIdentity => {
    const snapshot = account.device.getDeviceSnapshot();
    if (known?.snapshot === snapshot) return known.identity;
    const { identityKey, registrationId } = snapshot;
    const identity = { localIdentityPublic: identityKey.publicKey, localRegistrationId: registrationId };
    known = { snapshot, identity };
    return identity;
  };
  return signalCache(account, { sessions: nodeSessionCodec(local), senderKeys: nodeSenderKeyCodec });
}
