/**
 * Names on the network: JIDs, the addresses of Signal sessions, and the names of sender keys. Everything is
 * parsed and formatted here, and checked on the way: a text that is no JID is an error, never half of one.
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
