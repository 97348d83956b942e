/** Structural types of the parts of Baileys' module and socket that the hooks use. */

import type { MakeRepository } from "../signal_repository.ts";

/**
 * The imported module, such as `import * as baileys from "baileys"`. It is handed in, since the package does
 * not depend on Baileys.
 */
export interface BaileysModule {
  /** Opens a socket. */
  // biome-ignore lint/suspicious/noExplicitAny: the types of options and socket are Baileys' own.
  readonly makeWASocket: (options: any) => any;
  /** Makes the id of a message. */
  readonly generateMessageIDV2: (userId?: string) => string;
  /** The defaults of its sockets, of which only the Signal repository is used. */
  readonly DEFAULT_CONNECTION_CONFIG: { readonly makeSignalRepository: MakeRepository };
  /** Its codecs of messages. */
  // biome-ignore lint/suspicious/noExplicitAny: the types of messages are Baileys' own.
  readonly proto: any;
  /** Reads what a stanza says about its message. */
  // biome-ignore lint/suspicious/noExplicitAny: see `proto`.
  readonly decodeMessageNode: (stanza: any, meId: string, meLid: string) => DecodedStanza<any>;
  /** Writes the JIDs of a message as its events show them. */
  // biome-ignore lint/suspicious/noExplicitAny: see `proto`.
  readonly cleanMessage: (message: any, meId: string, meLid: string) => void;
  /** AES-256-GCM with the tag at the end. Throws when the tag is wrong. */
  readonly aesDecryptGCM: (
    ciphertext: Uint8Array,
    key: Uint8Array,
    iv: Uint8Array,
    additionalData: Uint8Array,
  ) => Uint8Array;
}

/** What Baileys reads in a stanza. */
export interface DecodedStanza<Message> {
  /** The message as `messages.upsert` carries it, without its decrypted content. */
  readonly fullMessage: Message;
  /** The device that sent it. */
  readonly author: string;
}

/** A message in the form of this module's event `messages.upsert`. */
export type ReceivedMessage<Module extends BaileysModule> = ReturnType<
  Module["decodeMessageNode"]
>["fullMessage"];

/** The options of this module's sockets. */
export type SocketOptions<Module extends BaileysModule> = Parameters<Module["makeWASocket"]>[0];

/** The sockets of this module. */
export type Socket<Module extends BaileysModule> = ReturnType<Module["makeWASocket"]>;

/** A listener of any of Baileys' events. */
// biome-ignore lint/suspicious/noExplicitAny: each event has arguments of its own.
export type SocketListener = (...parameters: any[]) => void;

/** The part of a socket that every hook may use. */
export interface SocketLike {
  /** Events for users of the library. */
  readonly ev: {
    // biome-ignore lint/suspicious/noExplicitAny: the names are a union of Baileys' own.
    on(event: any, listener: SocketListener): unknown;
    // biome-ignore lint/suspicious/noExplicitAny: see `on`.
    off(event: any, listener: SocketListener): unknown;
  };
  /** The connection, which emits received nodes as `CB:<tag>`. */
  readonly ws: {
    prependListener(event: string, listener: SocketListener): unknown;
    off(event: string, listener: SocketListener): unknown;
  };
  /** Ends the connection, with the reason that `connection.update` shows. */
  end(error: Error | undefined): unknown;
}
