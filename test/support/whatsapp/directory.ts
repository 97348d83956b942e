/**
 * The state of the server: accounts, their devices with uploaded key bundles, and groups. It is in memory and
 * survives the disconnection of a client, but not the end of the server.
 * @module
 */

import type { BinaryNode } from "baileys";
import { type Addressing, addressingOf, parseJid, writeJid } from "./jids.ts";
import { bytesOf, child, children, element } from "./nodes.ts";

/** The facts of a linked device that the phone reports to the server at pairing. */
export interface Enrolment {
  /** Device JID by phone number: `user:device@s.whatsapp.net`. */
  readonly id: string;
  /** Device JID by LID: `user:device@lid`. */
  readonly lid: string;
  /** Public Noise key, 32 bytes. A login with another one is refused. */
  readonly noiseKey: Uint8Array;
  /** Push name shown to others. Defaults to the phone number. */
  readonly name?: string | undefined;
}

/** An account: one user under two addresses. */
export interface Account {
  readonly pnUser: string;
  readonly lidUser: string;
  readonly name: string;
  readonly devices: Map<number, Device>;
  /** Whether user syncs tell the LID. */
  isLidHidden: boolean;
}

/** The keys that a device uploaded. The nodes are served unchanged. */
export interface KeyBundle {
  readonly registration: BinaryNode;
  readonly type: BinaryNode;
  readonly identity: BinaryNode;
  signedPreKey: BinaryNode;
  /** Unserved one-time keys by hexadecimal id, oldest first. */
  readonly preKeys: Map<string, BinaryNode>;
}

/** One linked device of an account. */
export interface Device {
  readonly account: Account;
  readonly number: number;
  readonly noiseKey: Uint8Array;
  bundle: KeyBundle | undefined;
  /** Hexadecimal public value of every uploaded one-time key, by id. */
  readonly uploaded: Map<string, string>;
  /** Stanzas that the device has not acknowledged, oldest first. */
  readonly pending: BinaryNode[];
}

/** A group as its metadata query shows it. */
export interface Group {
  readonly jid: string;
  readonly subject: string;
  addressing: Addressing;
  readonly creator: Account;
  members: readonly Account[];
  /** Seconds after which messages disappear; 0 when they do not. */
  ephemeralS: number;
}

/** All accounts and groups of one server. */
export class Directory {
  readonly #byPn = new Map<string, Account>();
  readonly #byLid = new Map<string, Account>();
  readonly #groups = new Map<string, Group>();

  /** Adds a device, and its account with the first device. Known devices do not change. */
  enrol(enrolment: Enrolment): Device {
    const pn = parseJid(enrolment.id);
    const lid = parseJid(enrolment.lid);
    const number = pn.device ?? 0;
    let account = this.#byPn.get(pn.user);
    if (account === undefined) {
      account = {
        pnUser: pn.user,
        lidUser: lid.user,
        name: enrolment.name ?? pn.user,
        devices: new Map(),
        isLidHidden: false,
      };
      this.#byPn.set(pn.user, account);
      this.#byLid.set(lid.user, account);
    }
    let device = account.devices.get(number);
    if (device === undefined) {
      const noiseKey = Uint8Array.from(enrolment.noiseKey);
      device = { account, number, noiseKey, bundle: undefined, uploaded: new Map(), pending: [] };
      account.devices.set(number, device);
    }
    return device;
  }

  /** The account that a user's or device's JID names, under either address. */
  account(jid: string): Account | undefined {
    const { user } = parseJid(jid);
    return addressingOf(jid) === "lid" ? this.#byLid.get(user) : this.#byPn.get(user);
  }

  /** All devices. */
  devices(): Device[] {
    return [...this.#byPn.values()].flatMap((account) => [...account.devices.values()]);
  }

  /** The device that a JID names. A JID without a device names device 0. */
  device(jid: string): Device | undefined {
    return this.account(jid)?.devices.get(parseJid(jid).device ?? 0);
  }

  /** Adds a group. */
  addGroup(group: Group): void {
    this.#groups.set(group.jid, group);
  }

  /** The groups of an account. */
  groupsOf(account: Account): Group[] {
    return [...this.#groups.values()].filter(({ members }) => members.includes(account));
  }

  /** The group with a JID. */
  group(jid: string): Group | undefined {
    return this.#groups.get(jid);
  }
}

/** The address of a device. */
export function deviceJid(device: Device, addressing: Addressing): string {
  return writeJid(userOf(device.account, addressing), addressing, device.number);
}

/** The address of an account, without a device. */
export function accountJid(account: Account, addressing: Addressing): string {
  return writeJid(userOf(account, addressing), addressing);
}

function userOf(account: Account, addressing: Addressing): string {
  return addressing === "lid" ? account.lidUser : account.pnUser;
}

/**
 * Stores an upload of keys (`iq` of `encrypt`, type `set`). Returns incidents: a one-time key id that is
 * uploaded with another key, or after it was served.
 */
export function storeBundle(device: Device, upload: BinaryNode): string[] {
  const [registration, type, identity, signedPreKey] = ["registration", "type", "identity", "skey"].map(
    (tag) => child(upload, tag),
  );
  if (!registration || !type || !identity || !signedPreKey) return ["key upload without all of its parts"];
  const preKeys = device.bundle?.preKeys ?? new Map<string, BinaryNode>();
  const suspicions: string[] = [];
  for (const key of children(child(upload, "list"), "key")) {
    const id = hex(child(key, "id"));
    const value = hex(child(key, "value"));
    const earlier = device.uploaded.get(id);
    if (earlier !== undefined && earlier !== value)
      suspicions.push(`pre-key ${id} uploaded with another key`);
    if (earlier !== undefined && !preKeys.has(id))
      suspicions.push(`pre-key ${id} uploaded after it was served`);
    device.uploaded.set(id, value);
    preKeys.set(id, key);
  }
  device.bundle = { registration, type, identity, signedPreKey, preKeys };
  return suspicions;
}

/** Returns a device's bundle for the answer to a key query, and consumes a one-time key. */
export function serveBundle(device: Device, jid: string): BinaryNode | undefined {
  const bundle = device.bundle;
  if (bundle === undefined) return undefined;
  const parts = [bundle.registration, bundle.type, bundle.identity, bundle.signedPreKey];
  for (const [id, key] of bundle.preKeys) {
    bundle.preKeys.delete(id);
    parts.push(key);
    break;
  }
  return element("user", { jid }, parts);
}

function hex(node: BinaryNode | undefined): string {
  return Buffer.from(bytesOf(node) ?? []).toString("hex");
}
