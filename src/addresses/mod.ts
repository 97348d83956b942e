/**
 * Names of users, devices, groups and sessions: JIDs, Signal addresses, sender key names, and
 * libsignal-node's spelling of them. Malformed input throws a `TypeError`.
 *
 * @example
 * ```ts
 * import { formatSignalAddress, parseJid, toSignalAddress } from "@holdfast/store/addresses";
 *
 * formatSignalAddress(toSignalAddress(parseJid("5511999990000:3@s.whatsapp.net"))); // "5511999990000:3@c.us.0"
 * ```
 *
 * @module
 */
export {
  formatJid,
  isLidServer,
  isPnServer,
  JID_SERVERS,
  type Jid,
  type JidServer,
  parseJid,
  tryParseJid,
} from "./jid.ts";
export {
  isBot,
  isBroadcast,
  isGroup,
  isHosted,
  isHostedLid,
  isLid,
  isNewsletter,
  isPn,
  isStatusBroadcast,
  toUserJid,
  withDevice,
} from "./jid_kind.ts";
export {
  formatNodeAddress,
  formatNodeSenderKeyName,
  parseNodeAddress,
  parseNodeSenderKeyName,
} from "./node_address.ts";
export {
  formatSenderKeyName,
  parseSenderKeyName,
  type SenderKeyName,
  tryParseSenderKeyName,
  userOfSenderKeyName,
} from "./sender_key_name.ts";
export {
  formatSignalAddress,
  parseSignalAddress,
  type SignalAddress,
  type SignalServer,
  signalAddressToJid,
  toSignalAddress,
  tryParseSignalAddress,
  userOfAddress,
} from "./signal_address.ts";
