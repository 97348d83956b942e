/** The network without WhatsApp, in network.js: a local server, and contacts that are Baileys sockets. */
import type { AuthenticationCreds } from "baileys";

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

/** Starts the network. Until it is closed, Baileys in this process trusts it instead of WhatsApp. */
export function startLocalNetwork(): Promise<LocalNetwork>;
