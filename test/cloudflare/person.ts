/** A person with an ordinary client, who writes with the bot. */
import type { AuthenticationCreds, WASocket } from "baileys";
import {
  type MemoryKeys,
  makeTestSocket,
  memoryKeys,
  pairedCreds,
  type TestSocket,
  textOf,
  type WhatsAppServer,
} from "../support/whatsapp/mod.ts";

/** A person whose client comes and goes. */
export class Person {
  /** Texts that it could read, in the order of their arrival. */
  readonly texts: string[] = [];
  /** Ids of messages that it could not decrypt on arrival. */
  readonly undecryptable: string[] = [];
  readonly #server: WhatsAppServer;
  readonly #creds: AuthenticationCreds;
  readonly #keys: MemoryKeys = memoryKeys();
  #socket: TestSocket | undefined;

  constructor(server: WhatsAppServer, pn: string) {
    this.#server = server;
    this.#creds = pairedCreds({ pn });
  }

  /** The client. @throws {Error} When it is offline. */
  get socket(): TestSocket {
    if (this.#socket === undefined) throw new Error("use person: it is offline");
    return this.#socket;
  }

  /** Connects. Resolves when the client has what came while it was away. */
  async online(): Promise<this> {
    const onSocket = ({ ev }: WASocket): void => {
      ev.on("messages.upsert", ({ messages }) => {
        this.texts.push(...messages.flatMap((message) => textOf(message) ?? []));
      });
      // What could be decrypted only after a retry receipt.
      ev.on("messages.update", (updates) => {
        this.texts.push(
          ...updates.flatMap(({ update }) => (update.message && textOf(update as never)) ?? []),
        );
      });
    };
    const { server, creds, keys } = { server: this.#server, creds: this.#creds, keys: this.#keys };
    this.#socket = await makeTestSocket({ server, creds, keys, onSocket });
    return this;
  }

  async offline(): Promise<void> {
    this.undecryptable.push(...(this.#socket?.undecryptable ?? []));
    await this.#socket?.close();
    this.#socket = undefined;
  }

  /** Resolves when it has read all of these texts. */
  async reads(texts: readonly string[], timeoutMs: number): Promise<void> {
    await this.socket.until(() => texts.every((text) => this.texts.includes(text)), timeoutMs);
  }

  /** Loses all sessions and sender keys, so that nothing that waits can be decrypted. */
  lose(): void {
    for (const name of [...this.#keys.records.keys()]) {
      if (/^(session|sender-key):/.test(name)) this.#keys.records.delete(name);
    }
  }
}
