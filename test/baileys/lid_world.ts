/** Anna, with a Holdfast account that can crash, and peers over stock Baileys with memory keys. */
import { initAuthCreds } from "baileys";
import { vi } from "vitest";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import type { SignalAddressEntry } from "../../src/backend/mod.ts";
import { memoryKeys, pairedCreds } from "../support/whatsapp/mod.ts";
import { type HoldfastPeer, openPeer } from "./holdfast_peer.ts";
import { type Frame, SignalPeer } from "./signal_peer.ts";

export const ANNA = "15550000001:1@s.whatsapp.net";
export const ANNA_LID = "915550000001:1@lid";
export const GROUP = "120363000000000001@g.us";
export const BEN_PN = "15550000002";
export const BEN_LID = "200000000000002";

/** Ben's JIDs for a device. */
export function pn(device = 0): string {
  return `${BEN_PN}${device === 0 ? "" : `:${device}`}@s.whatsapp.net`;
}
export function lid(device = 0): string {
  return `${BEN_LID}${device === 0 ? "" : `:${device}`}@lid`;
}

/** A way to report that Ben's phone number and LID are one user. */
export type Telling = (anna: HoldfastPeer) => Promise<unknown>;

const PAIR = { lid: lid(), pn: pn() };

/** Silences libsignal, which prints whole sessions. */
export function silenceLibsignal(): void {
  for (const method of ["info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
}

/** Stock Baileys over memory keys. */
export function stockPeer(jid: string): SignalPeer {
  return new SignalPeer({ jid, creds: initAuthCreds(), keys: memoryKeys() });
}

export class LidWorld {
  readonly database: MemoryDatabase = new MemoryDatabase();
  anna!: HoldfastPeer;
  #nextPreKeyId = 1;

  /** @param me `creds.me` of a paired Anna. Defaults to an unpaired account. */
  static async open(me?: { readonly id: string; readonly lid?: string }): Promise<LidWorld> {
    const world = new LidWorld();
    await world.reopen();
    if (me !== undefined) {
      const { account } = pairedCreds({ pn: "15550000001" });
      Object.assign(world.anna.peer.creds, { me, account });
      await world.anna.saveCreds();
    }
    return world;
  }

  /** Opens the account in a new process. The previous one has crashed, unless it was closed. */
  async reopen(): Promise<void> {
    const backend = memoryBackend({ database: this.database });
    this.anna = await openPeer(ANNA, backend, { saverIntervalMs: "manual", housekeeping: false });
  }

  /** Exchanges messages between Anna and a device of Ben under his phone number. */
  async meet(device: SignalPeer): Promise<void> {
    const { peer } = this.anna;
    const asAnna = { ...peer, jid: ANNA, creds: peer.creds, socketKeys: peer.socketKeys } as SignalPeer;
    await device.greet(asAnna, this.#nextPreKeyId);
    this.#nextPreKeyId += 1;
    await this.reads(device, "hello");
    await device.receive(asAnna, await this.write("answer", device.jid));
    await this.reads(device, "hello again");
  }

  /** Sends a message of Ben that Anna decrypts under its address. @returns The decrypted text. */
  async reads(device: SignalPeer, text: string, from: string = device.jid): Promise<string> {
    return await this.decrypt(await this.sealed(device, text), from);
  }

  /** Encrypts a message of Ben without delivering it. */
  async sealed(device: SignalPeer, text: string): Promise<Frame> {
    return await device.repository.encryptMessage({ jid: ANNA, data: Buffer.from(text) });
  }

  async decrypt(frame: Frame, from: string): Promise<string> {
    return Buffer.from(await this.anna.peer.repository.decryptMessage({ jid: from, ...frame })).toString();
  }

  async write(text: string, to: string): Promise<Frame> {
    return await this.anna.peer.repository.encryptMessage({ jid: to, data: Buffer.from(text) });
  }

  /** Stores the mapping as another tool or an earlier release does, without moving state. */
  async strand(): Promise<void> {
    const { account } = this.anna;
    await account.flush();
    const mapping = { lid: BEN_LID, phoneNumber: BEN_PN, createdAt: 1, updatedAt: 1 };
    await account.store.putLidMapping({ ...mapping, learningSource: "other" });
    await this.reopen();
  }

  /** Ben's rows in the database. */
  async rows(): Promise<string[]> {
    await this.anna.account.flush();
    const found = await memoryBackend({ database: this.database }).listSignalAddresses([BEN_PN, BEN_LID]);
    return found.map(({ kind, address }: SignalAddressEntry) => `${kind} ${address}`).sort();
  }
}

/** Every way in which rc14, or code that uses it, reports a mapping. */
export const TELLINGS: readonly (readonly [string, Telling])[] = [
  ["storeLIDPNMappings", ({ peer }) => peer.repository.lidMapping.storeLIDPNMappings([PAIR])],
  [
    "storeLIDPNMappings of a history sync",
    ({ peer }) =>
      peer.repository.lidMapping.storeLIDPNMappings([
        { lid: "300000000000003@lid", pn: "15550000003@s.whatsapp.net" },
        PAIR,
        { lid: "not a JID", pn: "15550000004@s.whatsapp.net" },
      ]),
  ],
  ["migrateSession", ({ peer }) => peer.repository.migrateSession(pn(), lid())],
  [
    "keys.set",
    ({ keys }) => keys.set({ "lid-mapping": { [BEN_PN]: BEN_LID, [`${BEN_LID}_reverse`]: BEN_PN } }),
  ],
  [
    "a socket's transaction",
    ({ peer }) =>
      peer.socketKeys.transaction(
        async () => peer.socketKeys.set({ "lid-mapping": { [BEN_PN]: BEN_LID } }),
        "lid-mapping",
      ),
  ],
];
