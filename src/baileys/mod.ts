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
export type { HoldfastEvent, HoldfastListener } from "./socket/holdfast_events.ts";
export type { InboxMessage, InboxOptions } from "./socket/inbox_options.ts";
export type {
  BaileysModule,
  DecodedStanza,
  ReceivedMessage,
  Socket,
  SocketLike,
  SocketListener,
  SocketOptions,
} from "./socket/library.ts";
export type { MessageSecrets, SecretPayload } from "./socket/secret_payloads.ts";
export type { SecretPolicy } from "./socket/secret_policy.ts";
export type { SentMessages, SentMessagesOptions } from "./socket/sent_messages.ts";
export { silenceLibsignal } from "./socket/silence_libsignal.ts";
export {
  type BaileysHoldfast,
  type HoldfastOptions,
  type SocketOptionName,
  useHoldfast,
} from "./socket/use_holdfast.ts";
