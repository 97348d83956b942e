/**
 * A WhatsApp-like server on 127.0.0.1 for real clients. It handles handshakes, answers queries, serves keys
 * and routes messages. It never reads the content of a message.
 * @module
 */

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type BinaryNode, Curve } from "baileys";
import { WebSocketServer } from "ws";
import { issueCertificate, trustTestRoot } from "./certificates.ts";
import { Connection } from "./connection.ts";
import {
  type Account,
  accountJid,
  type Device,
  Directory,
  deviceJid,
  type Enrolment,
  type Group,
} from "./directory.ts";
import { changeAddressing, changeMembers } from "./groups.ts";
import { type Addressing, addressingOf, parseJid } from "./jids.ts";
import { element, SERVER_JID, timestamp, withAttributes } from "./nodes.ts";
import type { ClientFinish } from "./noise.ts";
import { type LinkCodeRequest, type LinkedDevice, Pairing } from "./pairing.ts";
import { answerQuery } from "./queries.ts";
import { type Delivery, routeMessage, routeReceipt } from "./routing.ts";
import { Waiters } from "./waiting.ts";

/** Options of {@linkcode startWhatsAppServer}. */
export interface WhatsAppServerOptions {
  /** TCP port. Defaults to 0, which lets the system choose. */
  readonly port?: number;
  /** Whether contacts are notified of privacy tokens, so that their clients store them. Defaults to true. */
  readonly privacyTokens?: boolean;
  /**
   * A device with fewer unserved one-time keys is asked to upload more. Defaults to 5, the clients' own
   * minimum.
   */
  readonly lowPreKeyCount?: number;
  /**
   * Number of one-time keys that the server reports for a device without an upload. Defaults to 0. At 0 a
   * client creates and uploads 812 keys, which takes a third of a second; at 1 it creates 5.
   */
  readonly claimedPreKeyCount?: number;
}

/** The device at the other end of a connection. */
export interface ServerClient {
  /** Device JID by phone number. */
  readonly jid: string;
  /** Device JID by LID. */
  readonly lid: string;
}

/** The position of a frame on its connection. */
export interface FramePosition {
  /** Index among the frames that the client sent on this connection, including its two handshake frames. */
  readonly ordinal: number;
  /** The `tag` parameter of the URL that the client connected with. */
  readonly tag: string | undefined;
}

/**
 * Called for each received node. The server processes the node, and then the next one, after it resolves. It
 * ignores a node for which a listener returns `"lost"`, as if the network had lost it.
 */
export type FrameListener = (
  client: ServerClient,
  node: BinaryNode,
  position: FramePosition,
  // biome-ignore lint/suspicious/noConfusingVoidType: most listeners return nothing.
) => void | "lost" | Promise<void | "lost">;

/** A running server. */
export interface WhatsAppServer extends AsyncDisposable {
  /** `ws:` URL for the socket option `waWebSocketUrl`. */
  readonly url: string;
  /**
   * Protocol violations of clients, in order: unknown queries, reused one-time key ids, logins with foreign
   * keys, broken frames. Empty after a correct run.
   */
  readonly incidents: readonly string[];
  /** Adds a paired device. Required once before its first login. Enrolling it again changes nothing. */
  enrol(enrolment: Enrolment): void;
  /**
   * Pairs the client that shows a QR code, as a phone does that scans it, and enrols it. The client then
   * connects again.
   */
  scan(qr: string, device: LinkedDevice): void;
  /** Requests to be paired by a code that is typed on the phone, in order. They are not answered. */
  readonly linkCodeRequests: readonly LinkCodeRequest[];
  /** Adds a group of enrolled accounts (any of their JIDs). The first is its creator. */
  createGroup(options: {
    readonly subject?: string;
    readonly members: readonly string[];
    readonly addressing?: Addressing;
  }): string;
  /** Adds members to a group or removes them, and tells its members and those who were removed. */
  changeMembers(group: string, kind: "add" | "remove", members: readonly string[]): void;
  /** Changes how a group names its members. No client is told. */
  changeAddressing(group: string, addressing: Addressing): void;
  /** Sets the time after which messages of a group disappear, and tells its members. 0 ends it. */
  setEphemeral(group: string, seconds: number): void;
  /** Tells all clients of other accounts about a device of an enrolled account. */
  announceDevice(kind: "add" | "remove" | "update", deviceJid: string): void;
  /** Whether user syncs tell the LID of an account. They do by default. */
  hideLid(jid: string, isHidden?: boolean): void;
  /** Listens to what clients send. Returns the undo. */
  onFrame(listener: FrameListener): () => void;
  /** Sends a node to a connected device, by either of its JIDs. @throws Error when it is not connected. */
  send(clientJid: string, node: BinaryNode): void;
  /** Cuts a device's connection, as a network failure does. Stanzas for it are kept until it reconnects. */
  disconnect(clientJid: string): void;
  /** Number of unacknowledged stanzas of a device. */
  pendingCount(clientJid: string): number;
  /** Number of unserved one-time keys of a device. */
  preKeyCount(clientJid: string): number;
  /** Resolves when a condition on the server holds. It is checked after each processed frame. */
  until(condition: () => boolean, timeoutMs?: number): Promise<void>;
  /** Ends all connections and the listener. Resolves when the port is free. Idempotent. */
  close(): Promise<void>;
}

/** Starts a server. Until it is closed, clients in this process trust it instead of the real one. */
export async function startWhatsAppServer(options: WhatsAppServerOptions = {}): Promise<WhatsAppServer> {
  const listener = new WebSocketServer({ host: "127.0.0.1", port: options.port ?? 0 });
  await once(listener, "listening");
  return new LocalServer(listener, options);
}

interface Session {
  readonly device: Device;
  readonly client: ServerClient;
  /** Whether the client asked for stanzas. */
  active: boolean;
}

class LocalServer implements WhatsAppServer {
  readonly url: string;
  readonly incidents: string[] = [];
  readonly #listener: WebSocketServer;
  readonly #options: Required<Omit<WhatsAppServerOptions, "port">>;
  readonly #directory = new Directory();
  readonly #frameListeners = new Set<FrameListener>();
  readonly #pairing = new Pairing((enrolment) => this.enrol(enrolment));
  readonly #sessions = new Map<Connection, Session>();
  readonly #connections = new Map<Device, Connection>();
  readonly #distrust = trustTestRoot();
  readonly #waiters = new Waiters(() => `server with ${this.#connections.size} clients`);
  #groupCount = 0;
  #stanzaCount = 0;
  #closing: Promise<void> | undefined;

  constructor(listener: WebSocketServer, options: WhatsAppServerOptions) {
    this.#listener = listener;
    this.#options = {
      privacyTokens: options.privacyTokens ?? true,
      lowPreKeyCount: options.lowPreKeyCount ?? 5,
      claimedPreKeyCount: options.claimedPreKeyCount ?? 0,
    };
    this.url = `ws://127.0.0.1:${(listener.address() as AddressInfo).port}/ws/chat`;
    const staticKey = Curve.generateKeyPair();
    const certificate = issueCertificate(staticKey.public);
    listener.on("connection", (socket, request) => {
      new Connection(socket, {
        tag: new URL(request.url ?? "/", this.url).searchParams.get("tag") ?? undefined,
        staticKey,
        certificate,
        events: {
          login: (connection, finish) => this.#login(connection, finish),
          node: (connection, node, ordinal) => this.#receive(connection, node, ordinal),
          closed: (connection) => this.#forget(connection),
          failed: (error) => this.incidents.push(String(error)),
        },
      });
    });
  }

  enrol(enrolment: Enrolment): void {
    this.#directory.enrol(enrolment);
  }

  get linkCodeRequests(): readonly LinkCodeRequest[] {
    return this.#pairing.linkCodeRequests;
  }

  scan(qr: string, device: LinkedDevice): void {
    this.#pairing.scan(qr, device);
  }

  createGroup(options: {
    readonly subject?: string;
    readonly members: readonly string[];
    readonly addressing?: Addressing;
  }): string {
    this.#groupCount += 1;
    const jid = `12036300000000${String(this.#groupCount).padStart(4, "0")}@g.us`;
    const members = options.members.map((member) => this.#account(member));
    const [creator] = members;
    if (creator === undefined) throw new TypeError("create group: no members");
    const group: Group = {
      jid,
      subject: options.subject ?? "group",
      addressing: options.addressing ?? "lid",
      creator,
      members,
      ephemeralS: 0,
    };
    this.#directory.addGroup(group);
    return jid;
  }

  changeMembers(group: string, kind: "add" | "remove", members: readonly string[]): void {
    const known = this.#group(group);
    const accounts = members.map((member) => this.#account(member));
    const change = { kind, accounts };
    this.#tellGroup(known, changeMembers(known, change), accounts);
  }

  changeAddressing(group: string, addressing: Addressing): void {
    changeAddressing(this.#group(group), addressing);
  }

  setEphemeral(group: string, seconds: number): void {
    const known = this.#group(group);
    known.ephemeralS = seconds;
    const content =
      seconds === 0 ? element("not_ephemeral") : element("ephemeral", { expiration: String(seconds) });
    this.#tellGroup(known, content);
  }

  announceDevice(kind: "add" | "remove" | "update", deviceJid: string): void {
    const account = this.#account(deviceJid);
    const from = accountJid(account, addressingOf(deviceJid));
    const attributes = { jid: deviceJid, "key-index": String(parseJid(deviceJid).device ?? 0) };
    const content = element(kind, { device_hash: "2:test" }, [element("device", attributes)]);
    for (const to of this.#directory.devices()) {
      if (to.account !== account) this.#deliver({ to, node: this.#notification("devices", from, [content]) });
    }
  }

  hideLid(jid: string, isHidden = true): void {
    this.#account(jid).isLidHidden = isHidden;
  }

  onFrame(listener: FrameListener): () => void {
    this.#frameListeners.add(listener);
    return () => void this.#frameListeners.delete(listener);
  }

  send(clientJid: string, node: BinaryNode): void {
    this.#connected(clientJid).send(node);
  }

  disconnect(clientJid: string): void {
    this.#connected(clientJid).terminate();
  }

  pendingCount(clientJid: string): number {
    return this.#directory.device(clientJid)?.pending.length ?? 0;
  }

  preKeyCount(clientJid: string): number {
    return this.#directory.device(clientJid)?.bundle?.preKeys.size ?? 0;
  }

  until(condition: () => boolean, timeoutMs?: number): Promise<void> {
    return this.#waiters.until(condition, timeoutMs);
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #shutDown(): Promise<void> {
    const closed = once(this.#listener, "close");
    this.#listener.close();
    for (const socket of this.#listener.clients) socket.terminate();
    await closed;
    this.#distrust();
    this.#waiters.end();
  }

  #connected(clientJid: string): Connection {
    const device = this.#directory.device(clientJid);
    const connection = device && this.#connections.get(device);
    if (connection === undefined) throw new Error(`reach client: ${clientJid} is not connected`);
    return connection;
  }

  #login(connection: Connection, { noiseKey, payload }: ClientFinish): BinaryNode {
    if (payload.devicePairingData) return this.#pairing.offer(connection, noiseKey);
    const jid = `${payload.username}:${payload.device}${SERVER_JID}`;
    const device = this.#directory.device(jid);
    if (device === undefined || Buffer.compare(device.noiseKey, noiseKey) !== 0) {
      this.incidents.push(`refused login of ${jid}`);
      return element("failure", { reason: "401", location: "test" });
    }
    const replaced = this.#connections.get(device);
    replaced?.send(element("stream:error", {}, [element("conflict", { type: "replaced" })]));
    const client = { jid: deviceJid(device, "pn"), lid: deviceJid(device, "lid") };
    this.#sessions.set(connection, { device, client, active: false });
    this.#connections.set(device, connection);
    return element("success", { t: timestamp(), lid: client.lid, props: "0", location: "test" });
  }

  #forget(connection: Connection): void {
    this.#pairing.forget(connection);
    const session = this.#sessions.get(connection);
    if (session === undefined) return;
    this.#sessions.delete(connection);
    if (this.#connections.get(session.device) === connection) this.#connections.delete(session.device);
  }

  async #receive(connection: Connection, node: BinaryNode, ordinal: number): Promise<void> {
    const session = this.#sessions.get(connection);
    if (session === undefined) {
      this.#pairing.receive(connection, node);
      this.#waiters.look();
      return;
    }
    for (const listener of [...this.#frameListeners]) {
      const fate = await listener(session.client, node, { ordinal, tag: connection.tag });
      if (fate === "lost") return;
    }
    if (node.tag === "iq") this.#query(connection, session, node);
    else if (node.tag === "message") this.#message(connection, session, node);
    else if (node.tag === "receipt") this.#receipt(connection, session, node);
    else if (node.tag === "ack")
      acknowledge(session.device, { ...node.attrs, class: node.attrs.class ?? "" });
    this.#waiters.look();
  }

  #query(connection: Connection, session: Session, query: BinaryNode): void {
    if (query.attrs.type === "result" || query.attrs.type === "error") return;
    let activated = false;
    const answer = answerQuery(query, {
      device: session.device,
      directory: this.#directory,
      claimedPreKeyCount: this.#options.claimedPreKeyCount,
      effects: {
        activate: () => {
          activated = true;
        },
        preKeyServed: (device) => this.#watchPreKeys(device),
        tokenIssued: (contact, issuedAt) => this.#announceToken(session.device, contact, issuedAt),
        groupChanged: (group, content, changed) => this.#tellGroup(group, content, changed),
        incident: (text) => this.incidents.push(`${session.client.jid}: ${text}`),
      },
    });
    connection.send(answer);
    if (activated) this.#activate(connection, session);
  }

  /** Delivers the waiting stanzas, marked as offline, and sends their number. */
  #activate(connection: Connection, session: Session): void {
    if (session.active) return;
    session.active = true;
    const waiting = session.device.pending;
    for (const [index, node] of waiting.entries()) {
      connection.send(withAttributes(node, { offline: String(index) }));
    }
    connection.send(element("ib", {}, [element("offline", { count: String(waiting.length) })]));
  }

  #message(connection: Connection, session: Session, message: BinaryNode): void {
    const { id, to, participant } = message.attrs;
    let deliveries: Delivery[] = [];
    let error: string | undefined;
    try {
      deliveries = routeMessage(this.#directory, session.device, message);
    } catch (cause) {
      error = "479";
      this.incidents.push(`${session.client.jid}: ${String(cause)}`);
    }
    connection.send(element("ack", { class: "message", id, from: to, participant, t: timestamp(), error }));
    for (const delivery of deliveries) this.#deliver(delivery);
  }

  #receipt(connection: Connection, session: Session, receipt: BinaryNode): void {
    const { id, to, participant, type } = receipt.attrs;
    if (type !== "retry") acknowledge(session.device, { class: "message", id, to, participant });
    connection.send(element("ack", { class: "receipt", id, from: to, participant, type }));
    for (const delivery of routeReceipt(this.#directory, session.device, receipt)) this.#deliver(delivery);
  }

  #deliver({ to, node }: Delivery): void {
    to.pending.push(node);
    const connection = this.#connections.get(to);
    if (connection !== undefined && this.#sessions.get(connection)?.active) connection.send(node);
  }

  #watchPreKeys(device: Device): void {
    const left = device.bundle?.preKeys.size ?? 0;
    if (left >= this.#options.lowPreKeyCount) return;
    const count = element("count", { value: String(left) });
    this.#deliver({ to: device, node: this.#notification("encrypt", SERVER_JID, [count]) });
  }

  #announceToken(sender: Device, contactJid: string, issuedAt: string): void {
    if (!this.#options.privacyTokens) return;
    const contact = this.#directory.account(contactJid);
    if (contact === undefined || contact === sender.account) return;
    const from = accountJid(sender.account, addressingOf(contactJid));
    const lid = accountJid(sender.account, "lid");
    for (const to of contact.devices.values()) {
      const token = element("token", { type: "trusted_contact", t: issuedAt }, randomBytes(16));
      const node = this.#notification("privacy_token", from, [element("tokens", {}, [token])]);
      this.#deliver({ to, node: withAttributes(node, { sender_lid: lid }) });
    }
  }

  /** Tells the members of a group, and others, what has changed. */
  #tellGroup(group: Group, content: BinaryNode, others: readonly Account[] = []): void {
    const participant = accountJid(group.creator, group.addressing);
    for (const account of new Set([...group.members, ...others])) {
      for (const to of account.devices.values()) {
        const node = this.#notification("w:gp2", group.jid, [content]);
        this.#deliver({ to, node: withAttributes(node, { participant, addressing_mode: group.addressing }) });
      }
    }
  }

  #account(jid: string): Account {
    const account = this.#directory.account(jid);
    if (account === undefined) throw new TypeError(`find account: ${jid} is unknown`);
    return account;
  }

  #group(jid: string): Group {
    const group = this.#directory.group(jid);
    if (group === undefined) throw new TypeError(`find group: ${jid} is unknown`);
    return group;
  }

  #notification(type: string, from: string, content: BinaryNode[]): BinaryNode {
    this.#stanzaCount += 1;
    const id = `notification-${this.#stanzaCount}`;
    return element("notification", { id, from, type, t: timestamp() }, content);
  }
}

/** Removes an acknowledged stanza from the device's list. */
function acknowledge(
  device: Device,
  done: { readonly class: string; readonly [attribute: string]: string | undefined },
): void {
  const index = device.pending.findIndex(
    ({ tag, attrs }) =>
      tag === done.class &&
      attrs.id === done.id &&
      (done.participant === undefined || attrs.participant === done.participant),
  );
  if (index >= 0) device.pending.splice(index, 1);
}
