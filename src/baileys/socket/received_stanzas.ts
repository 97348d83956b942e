import { formatJid, toUserJid, tryParseJid } from "../../addresses/mod.ts";
import type { MessageRef } from "../../backend/mod.ts";
import type { Hook } from "./hook.ts";
import type { BaileysModule, SocketLike } from "./library.ts";
import { childrenOf, type NodeLike } from "./node.ts";

/** Types of ciphertexts that Baileys passes to the Signal repository. */
const CIPHERTEXT_TYPES: readonly unknown[] = ["pkmsg", "msg", "skmsg"];

/** Our own JIDs, as Baileys has them in the credentials. */
export type OwnJids = () => { readonly id: string; readonly lid: string };

/** The connection on which a stanza arrived. */
export class StanzaConnection {
  readonly socket: SocketLike;
  /** Whether the connection has ended, so that nothing can be acknowledged on it any more. */
  hasEnded = false;

  constructor(socket: SocketLike) {
    this.socket = socket;
  }

  /** Ends the connection. The server delivers what was not acknowledged again. */
  end(error: Error): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    void (async () => await this.socket.end(error))().catch(() => {});
  }
}

/** A received message stanza, whose ciphertexts Baileys decrypts one after the other. */
export class ReceivedStanza {
  readonly node: NodeLike;
  readonly connection: StanzaConnection;
  /** What identifies the message: its JIDs are without device. `undefined` when Baileys cannot read it. */
  readonly ref: MessageRef | undefined;
  /** Number of ciphertexts that are not decrypted yet. */
  left: number;
  /** The plaintexts so far, without padding. */
  readonly plaintexts: Uint8Array[] = [];

  constructor(node: NodeLike, connection: StanzaConnection, ref: MessageRef | undefined, left: number) {
    this.node = node;
    this.connection = connection;
    this.ref = ref;
    this.left = left;
  }

  /** Whether it is between our own devices and not for the user, such as a share of keys. */
  get isPeer(): boolean {
    return this.node.attrs.category === "peer";
  }
}

/**
 * Finds the stanza of a ciphertext. Baileys passes the content of a node to the Signal repository as the same
 * object, so a listener that comes before Baileys' own can remember where it belongs.
 */
export class ReceivedStanzas {
  readonly #baileys: BaileysModule;
  readonly #own: OwnJids;
  readonly #stanzas = new WeakMap<Uint8Array, ReceivedStanza>();

  constructor(baileys: BaileysModule, own: OwnJids) {
    this.#baileys = baileys;
    this.#own = own;
  }

  /** The stanza of a ciphertext; `undefined` when its socket is not bound. */
  of(ciphertext: Uint8Array): ReceivedStanza | undefined {
    return this.#stanzas.get(ciphertext);
  }

  /** Follows a socket. It must come before hooks that follow decryptions. */
  readonly follow: NonNullable<Hook["follow"]> = (socket) => {
    const connection = new StanzaConnection(socket);
    const note = (node: NodeLike): void => this.#note(node, connection);
    const updated = (update: { readonly connection?: unknown }): void => {
      if (update.connection === "close") connection.hasEnded = true;
    };
    socket.ws.prependListener("CB:message", note);
    socket.ev.on("connection.update", updated);
    return () => {
      socket.ws.off("CB:message", note);
      socket.ev.off("connection.update", updated);
    };
  };

  #note(node: NodeLike, connection: StanzaConnection): void {
    const ciphertexts = childrenOf(node, "enc").flatMap(({ attrs, content }) =>
      CIPHERTEXT_TYPES.includes(attrs.type) && content instanceof Uint8Array ? [content] : [],
    );
    if (ciphertexts.length === 0) return;
    const stanza = new ReceivedStanza(node, connection, this.#refOf(node), ciphertexts.length);
    for (const ciphertext of ciphertexts) this.#stanzas.set(ciphertext, stanza);
  }

  #refOf(node: NodeLike): MessageRef | undefined {
    const { id, lid } = this.#own();
    try {
      const { fullMessage, author } = this.#baileys.decodeMessageNode(node, id, lid);
      const chat = userJidOf(fullMessage.key.remoteJid);
      return { chat, sender: userJidOf(author), id: String(fullMessage.key.id) };
    } catch {
      // Baileys refuses the stanza as well, and decrypts nothing of it.
      return undefined;
    }
  }
}

/** A JID without its device. Returns what is no JID unchanged. */
export function userJidOf(jid: string): string {
  const parsed = tryParseJid(jid);
  return parsed === undefined ? jid : formatJid(toUserJid(parsed));
}
