/**
 * JIDs, addresses of Signal sessions, and names of sender keys: parsing, formatting and checking. Malformed
 * text throws a `TypeError`; nothing is parsed in part.
 *
 * @module
 */
export {
  formatJid,
  formatSenderKeyName,
  formatSignalAddress,
  isBot,
  isBroadcast,
  isGroup,
  isHosted,
  isHostedLid,
  isLid,
  isNewsletter,
  isPn,
  isStatusBroadcast,
  JID_SERVERS,
  type Jid,
  type JidServer,
  parseJid,
  parseSenderKeyName,
  parseSignalAddress,
  type SenderKeyName,
  type SignalAddress,
  type SignalServer,
  signalAddressToJid,
  toSignalAddress,
  toUserJid,
  tryParseJid,
  tryParseSenderKeyName,
  tryParseSignalAddress,
  withDevice,
} from "../addresses/mod.ts";
