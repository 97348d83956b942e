/**
 * A real `makeWASocket` connected to a {@linkcode WhatsAppServer}, with decrypted messages and the time at
 * which each frame is sent.
 * @module
 */

import { randomUUID } from "node:crypto";
import {
  type AuthenticationCreds,
  type BinaryNode,
  jidNormalizedUser,
  makeWASocket,
  type proto,
  type SignalKeyStore,
  type SocketConfig,
  type WAMessage,
  type WASocket,
} from "baileys";
import type { WebSocket } from "ws";
import { looseUploadTimers } from "./library_timers.ts";
import type { WhatsAppServer } from "./server.ts";
import { silentLogger } from "./silent_logger.ts";
import { SAFETY_TIMEOUT_MS, Waiters } from "./waiting.ts";

/** A frame that the client has sent. */
export interface LeftFrame {
  /** Index among the connection's frames. The handshake frames are 0 and 1. */
  readonly ordinal: number;
  /** The node of the frame. Set when the server has decoded it, before the server processes it. */
  readonly node: BinaryNode | undefined;
}

/** Options of {@linkcode makeTestSocket}. */
export interface TestSocketOptions {
  readonly server: WhatsAppServer;
  /** Paired credentials, such as those of `pairedCreds`. The socket assigns its updates to this object. */
  readonly creds: AuthenticationCreds;
  readonly keys: SignalKeyStore;
  /** Defaults to the library's own. */
  readonly makeSignalRepository?: SocketConfig["makeSignalRepository"] | undefined;
  /** Called for each update of the credentials, after it is assigned. Attached before the socket connects. */
  readonly saveCreds?: ((update: Partial<AuthenticationCreds>) => void | Promise<void>) | undefined;
  /** Called inside the call that passes the frame to the WebSocket, before any code that awaits it. */
  readonly onLeave?: ((frame: LeftFrame) => void) | undefined;
  /** Called with the socket directly after it is made. */
  readonly onSocket?: ((socket: WASocket) => void) | undefined;
  /** Further socket options. They override the ones made here. */
  readonly config?: Partial<SocketConfig> | undefined;
}

/** A connected client. */
export interface TestSocket extends AsyncDisposable {
  readonly sock: WASocket;
  /** Device JID by phone number. */
  readonly jid: string;
  /** Device JID by LID. */
  readonly lid: string;
  /** User JID by phone number, the address for 1:1 messages. */
  readonly userJid: string;
  /** User JID by LID. */
  readonly userLid: string;
  /** Messages of others that were decrypted, in the order of their events. */
  readonly received: readonly WAMessage[];
  /** Ids of messages that could not be decrypted on arrival. */
  readonly undecryptable: readonly string[];
  /** Sent frames, in order. */
  readonly left: readonly LeftFrame[];
  /** Sends a text through `sock.sendMessage`. Resolves with the message id. */
  sendText(jid: string, text: string): Promise<string>;
  /** Resolves with the received messages when there are `count` in all. Rejects after `timeoutMs`. */
  receivedCount(count: number, timeoutMs?: number): Promise<readonly WAMessage[]>;
  /** Resolves when a condition on this object holds. It is checked after each event of the socket. */
  until(condition: (socket: TestSocket) => boolean, timeoutMs?: number): Promise<void>;
  /** Ends the connection and frees the socket's resources. */
  close(): Promise<void>;
}

/** The text of a message, in either form of text messages. */
export function textOf(message: WAMessage): string | undefined {
  return message.message?.conversation ?? message.message?.extendedTextMessage?.text ?? undefined;
}

/**
 * Creates a socket and enrols its device at the server. Resolves when it is open and has its offline
 * messages.
 */
export async function makeTestSocket(options: TestSocketOptions): Promise<TestSocket> {
  const { me, noiseKey } = options.creds;
  if (me?.lid === undefined) throw new TypeError("make test socket: credentials are not paired");
  options.server.enrol({ id: me.id, lid: me.lid, noiseKey: noiseKey.public, name: me.name });
  const client = new Client(options, { jid: me.id, lid: me.lid });
  try {
    await client.until(() => client.ready);
  } catch (error) {
    await client.close();
    throw error;
  }
  return client;
}

class Client implements TestSocket {
  readonly sock: WASocket;
  readonly jid: string;
  readonly lid: string;
  readonly userJid: string;
  readonly userLid: string;
  readonly received: WAMessage[] = [];
  readonly undecryptable: string[] = [];
  readonly left: { ordinal: number; node: BinaryNode | undefined }[] = [];
  readonly #tag = randomUUID();
  readonly #sent = new Map<string, proto.IMessage>();
  readonly #waiters = new Waiters(
    () => `socket ${this.jid} with ${this.received.length} received, ${this.undecryptable.length} failed`,
  );
  readonly #undo: (() => void)[] = [];
  #open = false;
  #offlineDone = false;

  constructor(options: TestSocketOptions, address: { jid: string; lid: string }) {
    this.jid = address.jid;
    this.lid = address.lid;
    this.userJid = jidNormalizedUser(address.jid);
    this.userLid = jidNormalizedUser(address.lid);
    this.#undo.push(looseUploadTimers());
    this.sock = makeWASocket(this.#config(options));
    options.onSocket?.(this.sock);
    this.#watchFrames(options);
    this.#watchEvents(options);
  }

  /** Whether the socket is open and the server has delivered all waiting stanzas. */
  get ready(): boolean {
    return this.#open && this.#offlineDone;
  }

  async sendText(jid: string, text: string): Promise<string> {
    const message = await this.sock.sendMessage(jid, { text });
    const id = message?.key.id;
    if (!id) throw new Error("send text: no message id");
    return id;
  }

  async receivedCount(count: number, timeoutMs?: number): Promise<readonly WAMessage[]> {
    await this.until(() => this.received.length >= count, timeoutMs);
    return this.received;
  }

  until(condition: (socket: TestSocket) => boolean, timeoutMs?: number): Promise<void> {
    return this.#waiters.until(() => condition(this), timeoutMs);
  }

  async close(): Promise<void> {
    await this.sock.end(undefined);
    for (const undo of this.#undo.splice(0)) undo();
    this.#waiters.end();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #config(options: TestSocketOptions): Parameters<typeof makeWASocket>[0] {
    return {
      auth: { creds: options.creds, keys: options.keys },
      waWebSocketUrl: `${options.server.url}?tag=${this.#tag}`,
      version: [2, 3000, 1043857760],
      logger: silentLogger,
      browser: ["Test", "Chrome", "1"],
      connectTimeoutMs: SAFETY_TIMEOUT_MS,
      defaultQueryTimeoutMs: SAFETY_TIMEOUT_MS,
      retryRequestDelayMs: 0,
      generateHighQualityLinkPreview: false,
      markOnlineOnConnect: true,
      getMessage: async (key) => this.#sentMessage(key.remoteJid ?? "", key.id ?? ""),
      ...(options.makeSignalRepository && { makeSignalRepository: options.makeSignalRepository }),
      ...options.config,
    };
  }

  /**
   * A message that was sent before, for a retry. The library's own cache is keyed by user, but a retry names
   * a device.
   */
  #sentMessage(remoteJid: string, id: string): proto.IMessage | undefined {
    const recent = this.sock.messageRetryManager?.getRecentMessage(jidNormalizedUser(remoteJid), id);
    return recent?.message ?? this.#sent.get(id);
  }

  #watchFrames(options: TestSocketOptions): void {
    const { socket } = this.sock.ws as unknown as { socket: WebSocket };
    const send = socket.send.bind(socket) as (...parameters: unknown[]) => void;
    socket.send = (...parameters: unknown[]): void => {
      const frame = { ordinal: this.left.length, node: undefined };
      this.left.push(frame);
      options.onLeave?.(frame);
      send(...parameters);
    };
    const unlisten = options.server.onFrame((_client, node, { ordinal, tag }) => {
      const frame = tag === this.#tag ? this.left[ordinal] : undefined;
      if (frame !== undefined) frame.node = node;
    });
    this.#undo.push(unlisten);
  }

  #watchEvents(options: TestSocketOptions): void {
    const { ev } = this.sock;
    ev.on("creds.update", (update) => void options.saveCreds?.(update));
    ev.on("connection.update", ({ connection, receivedPendingNotifications, lastDisconnect }) => {
      if (connection === "open") this.#open = true;
      if (receivedPendingNotifications) this.#offlineDone = true;
      this.#waiters.look();
      if (connection === "close") this.#waiters.end(lastDisconnect?.error);
    });
    ev.on("messages.upsert", ({ messages }) => {
      for (const message of messages) this.#take(message);
      this.#waiters.look();
    });
    ev.on("messages.update", () => this.#waiters.look());
    ev.on("message-receipt.update", () => this.#waiters.look());
  }

  #take(message: WAMessage): void {
    const id = message.key.id ?? "";
    if (message.key.fromMe) {
      if (message.message) this.#sent.set(id, message.message);
    } else if (textOf(message) !== undefined) this.received.push(message);
    else if (!message.message) this.undecryptable.push(id);
  }
}
