/**
 * A local WhatsApp-like server and real Baileys sockets against it, offline: for tests that must see when a
 * frame leaves a client relative to when its keys are durable.
 *
 * ```ts
 * await using server = await startWhatsAppServer({ claimedPreKeyCount: 1 });
 * const timeline = new Timeline();
 * await using anna = await makeTestSocket({
 *   server,
 *   creds: pairedCreds({ pn: "15550000001" }),
 *   keys: timeline.observe(memoryKeys()),
 *   onLeave: timeline.onLeave,
 * });
 * await using ben = await makeTestSocket({ server, creds: pairedCreds({ pn: "15550000002" }), keys: memoryKeys() });
 * await anna.sendText(ben.userJid, "hello");
 * await ben.receivedCount(1);
 * timeline.find(leaves("message")) < timeline.find(concerns("durable", "session:")); // true: too early
 * ```
 * @module
 */

export type { Enrolment } from "./directory.ts";
export type { Addressing } from "./jids.ts";
export { type MemoryKeys, memoryKeys } from "./memory_keys.ts";
export { bytesOf, child, children, element, SERVER_JID } from "./nodes.ts";
export { type PairedCredsOptions, pairedCreds } from "./paired_creds.ts";
export { QueryCounter, type QueryCounts } from "./query_counts.ts";
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
