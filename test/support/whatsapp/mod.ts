/**
 * A local WhatsApp-like server and real Baileys sockets against it, offline: for tests that must see when a
 * frame leaves a client relative to when its keys are durable.
 * @module
 */

export type { Enrolment } from "./directory.ts";
export type { Addressing } from "./jids.ts";
export { type MemoryKeys, memoryKeys } from "./memory_keys.ts";
export { bytesOf, child, children, element, SERVER_JID } from "./nodes.ts";
export { type PairedCredsOptions, pairedCreds } from "./paired_creds.ts";
export {
  type FrameListener,
  type FramePosition,
  type ServerClient,
  startWhatsAppServer,
  type WhatsAppServer,
  type WhatsAppServerOptions,
} from "./server.ts";
export { silentLogger } from "./silent_logger.ts";
export {
  type LeftFrame,
  makeTestSocket,
  type TestSocket,
  type TestSocketOptions,
  textOf,
} from "./test_socket.ts";
export { concerns, leaves, Timeline, type TimelineEvent } from "./timeline.ts";
