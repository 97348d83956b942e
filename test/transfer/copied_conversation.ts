/**
 * One account that sends by Baileys' real library, from several places at once: the original and its copies.
 * Counts the message keys that are used twice.
 */
import { Curve } from "baileys";
import type { Backend } from "../../src/backend/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { FakeClock } from "../../src/testing/mod.ts";
import type { BackupSource } from "../../src/transfer/mod.ts";
import { type HoldfastPeer, openPeer } from "../baileys/holdfast_peer.ts";
import { offeredSession } from "../baileys/offered_session.ts";
import { groupKeyName, messageKeyName } from "../baileys/signal_peer.ts";
import { pairedCreds } from "../support/whatsapp/mod.ts";

const ME = "100000000000001:1@lid";
const PEERS = ["100000000000002:2@lid", "100000000000003:0@lid", "100000000000004:7@lid"];
const GROUP = "120363000000000001@g.us";

/** Message keys of one account, wherever it is opened. */
export class CopiedConversation {
  readonly clock: FakeClock = new FakeClock();
  readonly #used = new Set<string>();
  readonly #creds = pairedCreds({ pn: "15550000002" });
  readonly #preKey = Curve.generateKeyPair();
  reused = 0;
  sent = 0;
  /** Sessions that had to be set up, of all openings. */
  greeted = 0;

  /** Opens the account at a place, and sets up the sessions that it lacks. */
  async open(backend: Backend | Promise<Backend>): Promise<HoldfastPeer> {
    const host = { logger: silentLogger, clock: this.clock };
    const opened = await openPeer(ME, backend, { saverIntervalMs: "manual", housekeeping: false, host });
    for (const jid of PEERS) {
      if ((await opened.peer.repository.validateSession(jid)).exists) continue;
      this.greeted += 1;
      const session = offeredSession(this.#creds, this.#preKey);
      await opened.peer.repository.injectE2ESession({ jid, session });
    }
    return opened;
  }

  /** Sends messages in turn to each peer and the group. */
  async send({ peer }: HoldfastPeer, messages: number): Promise<void> {
    for (let n = 0; n < messages; n += 1) {
      const data = Buffer.from(String(this.sent));
      const jid = PEERS[n % (PEERS.length + 1)];
      if (jid === undefined) this.#use(groupKeyName((await peer.sendToGroup(GROUP, String(n))).message));
      else this.#use(messageKeyName(await peer.repository.encryptMessage({ jid, data })));
    }
  }

  /** Opens the account at a place, sends, and closes it. */
  async use(backend: Backend | Promise<Backend>, messages: number): Promise<void> {
    const opened = await this.open(backend);
    await this.send(opened, messages);
    await opened.account.close();
  }

  #use(key: string): void {
    this.sent += 1;
    if (this.#used.has(key)) this.reused += 1;
    this.#used.add(key);
  }
}

/** An open account during whose backup something happens while each page is read. */
export function whileRead(
  { account }: HoldfastPeer,
  during: (page: number) => Promise<unknown>,
): BackupSource {
  let pages = 0;
  const listRows: Backend["listRows"] = async (...args) => {
    pages += 1;
    const running = during(pages);
    const page = await account.store.listRows(...args);
    await running;
    return page;
  };
  const store: Backend = Object.create(account.store, {
    listRows: { value: listRows },
    load: { value: () => account.store.load() },
    readOwner: { value: () => account.store.readOwner() },
  });
  return {
    host: account.host,
    store,
    flush: () => account.flush(),
    followCommits: (follower) => account.followCommits(follower),
  };
}
