/** Anna over stock Baileys with files, and Ben and Cleo over stock Baileys in memory. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AuthenticationCreds, initAuthCreds, useMultiFileAuthState } from "baileys";
import { groupKeyName, messageKeyName, SignalPeer } from "../baileys/signal_peer.ts";
import { type MemoryKeys, memoryKeys, pairedCreds } from "../support/whatsapp/mod.ts";

export const ANNA_LID = "915550000001:1@lid";
export const GROUP = "120363000000000001@g.us";
export const BEN_LID = "200000000000002:3@lid";

/** A folder that is removed at the end of a test. */
export function temporaryFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "holdfast-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** A paired Anna over the files of a folder. */
export async function annaOnFolder(path: string): Promise<SignalPeer> {
  const { state, saveCreds } = await useMultiFileAuthState(path);
  if (state.creds.me === undefined) {
    const paired: AuthenticationCreds = pairedCreds({ pn: "15550000001", creds: state.creds });
    Object.assign(state.creds, paired);
    const pairs = Object.fromEntries(
      [1, 2, 3, 4, 5].map((id) => [String(id), initAuthCreds().pairingEphemeralKeyPair]),
    );
    await state.keys.set({ "pre-key": pairs });
    Object.assign(state.creds, { nextPreKeyId: 6, firstUnuploadedPreKeyId: 4 });
    await saveCreds();
  }
  return new SignalPeer({ jid: ANNA_LID, creds: state.creds, keys: state.keys });
}

/** Ben, over stock Baileys in memory. */
export function ben(jid: string = BEN_LID): Ben {
  return benOf(jid, initAuthCreds(), memoryKeys());
}

/** Ben, who can be copied with everything he has learnt. */
export interface Ben {
  readonly peer: SignalPeer;
  copy(): Ben;
  /** The same Ben, whom others call by another JID. */
  under(jid: string): Ben;
}

function benOf(jid: string, creds: AuthenticationCreds, keys: MemoryKeys): Ben {
  return {
    peer: new SignalPeer({ jid, creds, keys }),
    copy: () => {
      const copied = memoryKeys();
      for (const [name, record] of keys.records) copied.records.set(name, record);
      return benOf(jid, creds, copied);
    },
    under: (other) => benOf(other, creds, keys),
  };
}

/** Talks with Ben in both directions, and notes each key that Anna used. Throws at a repetition. */
export class Talk {
  readonly used: Set<string>;
  readonly #ben: SignalPeer;
  #number = 0;

  constructor({ peer }: Ben, used: Set<string> = new Set()) {
    this.#ben = peer;
    this.used = used;
  }

  /** Ben begins the session with one of Anna's pre-keys, and both learn the sender keys of a group. */
  async begin(anna: SignalPeer, preKeyId = 1): Promise<void> {
    await this.#ben.greet(anna, preKeyId);
    await this.fromBen(anna);
    await this.fromAnna(anna);
    const theirs = await this.#ben.sendToGroup(GROUP, "hello");
    await anna.learnSenderKey(GROUP, this.#ben, theirs.senderKey);
    await anna.receiveFromGroup(GROUP, this.#ben, theirs.message);
    await this.toGroup(anna);
  }

  /** Some messages in each direction, and in the group. */
  async goOn(anna: SignalPeer, rounds = 2): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      await this.fromAnna(anna);
      await this.fromAnna(anna);
      await this.fromBen(anna);
      await this.toGroup(anna);
      await this.fromGroup(anna);
    }
  }

  async fromBen(anna: SignalPeer): Promise<void> {
    const text = this.#text();
    const frame = await this.#ben.send(anna, text);
    this.#same(await anna.receive(this.#ben, frame), text);
  }

  async fromAnna(anna: SignalPeer): Promise<void> {
    const text = this.#text();
    const frame = await anna.send(this.#ben, text);
    this.#use(messageKeyName(frame));
    this.#same(await this.#ben.receive(anna, frame), text);
  }

  async toGroup(anna: SignalPeer): Promise<void> {
    const text = this.#text();
    const { message, senderKey } = await anna.sendToGroup(GROUP, text);
    this.#use(groupKeyName(message));
    await this.#ben.learnSenderKey(GROUP, anna, senderKey);
    this.#same(await this.#ben.receiveFromGroup(GROUP, anna, message), text);
  }

  async fromGroup(anna: SignalPeer): Promise<void> {
    const text = this.#text();
    const { message } = await this.#ben.sendToGroup(GROUP, text);
    this.#same(await anna.receiveFromGroup(GROUP, this.#ben, message), text);
  }

  #text(): string {
    this.#number += 1;
    return `message ${this.#number}`;
  }

  #use(key: string): void {
    if (this.used.has(key)) throw new Error(`key ${key} was used before`);
    this.used.add(key);
  }

  #same(got: string, expected: string): void {
    if (got !== expected) throw new Error(`read ${got}, expected ${expected}`);
  }
}
