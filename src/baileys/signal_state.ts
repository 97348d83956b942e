import type { Account } from "../account/mod.ts";
import { type SignalStoreCache, signalCache } from "../signal/mod.ts";
import type { LocalIdentity } from "./convert/mod.ts";
import { type NodeSenderKeyRecord, nodeSenderKeyCodec } from "./node_sender_key_record.ts";
import { type NodeSessionRecord, nodeSessionCodec } from "./node_session_record.ts";

/** The Signal cache of an account for Baileys. */
export type NodeSignalCache = SignalStoreCache<NodeSessionRecord, NodeSenderKeyRecord>;

/** Opens the account's Signal cache with libsignal-node's records. Call it once for each account. */
export function nodeSignalCache(account: Account): NodeSignalCache {
  const local = (): LocalIdentity => {
    const { identityKey, registrationId } = account.device.getDeviceSnapshot();
    return { localIdentityPublic: identityKey.publicKey, localRegistrationId: registrationId };
  };
  return signalCache(account, { sessions: nodeSessionCodec(local), senderKeys: nodeSenderKeyCodec });
}
