import { startLocalNetwork } from "../local/network.js";
import type { Bot } from "./bot.ts";
import { say } from "./log.ts";

const PING_EVERY_MS = 2_000;

/** A network on this machine, with a contact that talks to the bots. */
export interface LocalTalk {
  readonly url: string;
  /** Links the bots to phone numbers. */
  link(bots: readonly Bot[]): void;
  /** Begins to send the bots messages. */
  begin(): Promise<void>;
  close(): Promise<void>;
}

/** Starts the network. */
export async function startLocalTalk(): Promise<LocalTalk> {
  const network = await startLocalNetwork();
  const jids: string[] = [];
  let timer: ReturnType<typeof setInterval> | undefined;
  let count = 0;
  return {
    url: network.url,
    link: (bots) => {
      for (const [index, bot] of bots.entries()) {
        const phoneNumber = `1555000${String(index + 1).padStart(4, "0")}`;
        network.link(bot.creds, phoneNumber);
        jids.push(`${bot.creds.me?.id.split(":")[0]}@s.whatsapp.net`);
      }
    },
    begin: async () => {
      // This number has not written to the bots before.
      const phoneNumber = `1556${String(Date.now()).slice(-9)}`;
      const contact = await network.addContact(phoneNumber, (text) => say("contact", `got "${text}"`));
      const ping = async (): Promise<void> => {
        count += 1;
        for (const jid of jids) {
          say("contact", `sends "!ping ${count}" to ${jid}`);
          await contact.say(jid, `!ping ${count}`);
        }
      };
      const tryPing = (): void => void ping().catch(() => say("contact", "could not send"));
      tryPing();
      timer = setInterval(tryPing, PING_EVERY_MS);
    },
    close: async () => {
      clearInterval(timer);
      await network.close();
    },
  };
}
