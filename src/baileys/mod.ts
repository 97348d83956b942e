/**
 * The state of a Baileys client in Holdfast: its auth state and its Signal repository.
 *
 * @module
 */
export {
  formatNodeAddress,
  formatNodeSenderKeyName,
  parseNodeAddress,
  parseNodeSenderKeyName,
} from "../addresses/mod.ts";
export { baileysAuthState } from "./auth_state.ts";
export type { BaileysAccount, BaileysCreds, BaileysKeys } from "./convert/mod.ts";
export type {
  BaileysAuthState,
  JidPair,
  KeyDataSet,
  KeyStore,
  KeyType,
  LidMappingLike,
  SignalRepositoryLike,
} from "./library_types.ts";
export { type MakeRepository, signalRepository } from "./signal_repository.ts";
