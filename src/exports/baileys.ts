/**
 * The state of a Baileys client in Holdfast: its auth state and its Signal repository.
 *
 * @module
 */
export {
  type BaileysAccount,
  type BaileysAuthState,
  type BaileysCreds,
  type BaileysKeys,
  baileysAuthState,
  formatNodeAddress,
  formatNodeSenderKeyName,
  type JidPair,
  type KeyDataSet,
  type KeyStore,
  type KeyType,
  type LidMappingLike,
  type MakeRepository,
  parseNodeAddress,
  parseNodeSenderKeyName,
  type SignalRepositoryLike,
  signalRepository,
} from "../baileys/mod.ts";
