/**
 * The network of `templates/bot-node` without WhatsApp: the local server, and contacts that are real
 * Baileys sockets. `npm run generate` bundles this file into the example.
 * @module
 */

import type { AuthenticationCreds } from "baileys";
import { memoryKeys } from "./memory_keys.ts";
import { pairedCreds } from "./paired_creds.ts";
import { startWhatsAppServer } from "./server.ts";
import { makeTestSocket, textOf } from "./test_socket.ts";

/** A person with a phone. */
export interface LocalContact {
  /** User JID by phone number. */
  readonly jid: string;
  /** Sends a text. */
  say(jid: string, text: string): Promise<void>;
}

/** A network on this machine. */
export interface LocalNetwork {
  /** For the socket option `waWebSocketUrl`. */
  readonly url: string;
  /** Links a device to a phone number, as its phone does by a QR code. A linked device stays as it is. */
  link(creds: AuthenticationCreds, phoneNumber: string): void;
  /** Adds a contact. `onText` is called with each text that it gets. */
  addContact(phoneNumber: string, onText: (text: string) => void): Promise<LocalContact>;
  close(): Promise<void>;
}

/** Starts the network. */
export async function startLocalNetwork(): Promise<LocalNetwork> {
  const server = await startWhatsAppServer({ claimedPreKeyCount: 1 });
  const contacts: AsyncDisposable[] = [];
  return {
    url: server.url,
    link: (creds, phoneNumber) => {
      if (creds.account === undefined) Object.assign(creds, pairedCreds({ pn: phoneNumber, creds }));
      const { me, noiseKey } = creds;
      server.enrol({ id: me?.id ?? "", lid: me?.lid ?? "", noiseKey: noiseKey.public, name: "bot" });
    },
    addContact: async (phoneNumber, onText) => {
      const socket = await makeTestSocket({
        server,
        creds: pairedCreds({ pn: phoneNumber }),
        keys: memoryKeys(),
      });
      contacts.push(socket);
      let heard = 0;
      socket.sock.ev.on("messages.upsert", () => {
        // The socket's own listener, which comes first, has added the texts.
        for (const message of socket.received.slice(heard)) onText(textOf(message) ?? "");
        heard = socket.received.length;
      });
      return {
        jid: socket.userJid,
        say: async (jid, text) => void (await socket.sendText(jid, text)),
      };
    },
    close: async () => {
      for (const contact of contacts) await contact[Symbol.asyncDispose]();
      await server.close();
    },
  };
}
