/**
 * Converts stanzas of one client to stanzas of others: the fan-out of messages, and receipts. Sends nothing
 * and returns a list of deliveries.
 * @module
 */

import type { BinaryNode } from "baileys";
import { type Account, accountJid, type Device, type Directory, deviceJid, type Group } from "./directory.ts";
import { type Addressing, addressingOf, isGroupJid, otherAddressing, parseJid } from "./jids.ts";
import { child, children, element, timestamp } from "./nodes.ts";

/** A stanza for one device. */
export interface Delivery {
  readonly to: Device;
  readonly node: BinaryNode;
}

/** Parts of a message stanza that are for the server, or are forwarded in another form. */
const NOT_HANDED_ON: ReadonlySet<string> = new Set([
  "participants",
  "enc",
  "device-identity",
  "reporting",
  "tctoken",
]);

/** The deliveries that a client's message causes. @throws Error when its destination is unknown. */
export function routeMessage(directory: Directory, sender: Device, stanza: BinaryNode): Delivery[] {
  const to = stanza.attrs.to ?? "";
  if (!isGroupJid(to)) return routeDirect(directory, sender, stanza);
  const group = directory.group(to);
  if (group === undefined) throw new Error(`route message: unknown group ${to}`);
  return routeGroup(directory, { sender, stanza, group });
}

function routeDirect(directory: Directory, sender: Device, stanza: BinaryNode): Delivery[] {
  const to = stanza.attrs.to ?? "";
  const recipient = directory.account(to);
  if (recipient === undefined) throw new Error(`route message: unknown user ${to}`);
  const addressing = addressingOf(to);
  const deliver = (target: Device, parts: readonly BinaryNode[]): Delivery => {
    const attributes = {
      ...commonAttributes(sender, stanza, addressing),
      from: deviceJid(sender, addressing),
      recipient: target.account === sender.account ? (stanza.attrs.recipient ?? to) : undefined,
      [addressing === "lid" ? "sender_pn" : "sender_lid"]: accountJid(
        sender.account,
        otherAddressing(addressing),
      ),
    };
    return { to: target, node: element("message", attributes, assemble(stanza, parts)) };
  };
  const direct = children(stanza, "enc");
  if (direct.length > 0) {
    const target = recipient.devices.get(parseJid(to).device ?? 0);
    return target === undefined ? [] : [deliver(target, direct)];
  }
  const deliveries: Delivery[] = [];
  for (const { jid, parts } of fanOut(stanza)) {
    const target = directory.device(jid);
    if (target !== undefined && target !== sender) deliveries.push(deliver(target, parts));
  }
  return deliveries;
}

function routeGroup(
  directory: Directory,
  message: { sender: Device; stanza: BinaryNode; group: Group },
): Delivery[] {
  const { sender, stanza, group } = message;
  const { addressing } = group;
  const attributes = {
    ...commonAttributes(sender, stanza, addressing),
    from: group.jid,
    participant: deviceJid(sender, addressing),
    addressing_mode: addressing,
    [addressing === "lid" ? "participant_pn" : "participant_lid"]: accountJid(
      sender.account,
      otherAddressing(addressing),
    ),
  };
  const direct = children(stanza, "enc");
  const only = stanza.attrs.participant;
  const own = new Map<Device, readonly BinaryNode[]>();
  for (const { jid, parts } of fanOut(stanza)) {
    const target = directory.device(jid);
    if (target !== undefined) own.set(target, parts);
  }
  const targets = only === undefined ? devicesOf(group.members) : [directory.device(only)];
  const deliveries: Delivery[] = [];
  for (const target of targets) {
    if (target === undefined || target === sender) continue;
    const parts = only === undefined ? [...(own.get(target) ?? []), ...direct] : direct;
    deliveries.push({ to: target, node: element("message", attributes, assemble(stanza, parts)) });
  }
  return deliveries;
}

/** The deliveries that a client's receipt causes. Receipts to unknown users cause none. */
export function routeReceipt(directory: Directory, sender: Device, receipt: BinaryNode): Delivery[] {
  const { to = "", participant, id, type, recipient } = receipt.attrs;
  const author = isGroupJid(to) ? participant : to;
  if (author === undefined || author === "") return [];
  const target = directory.device(author);
  if (target === undefined || target === sender) return [];
  const from = deviceJid(sender, addressingOf(author));
  const attributes = {
    id,
    t: timestamp(),
    // "inactive" means that the receiver was inactive. Its peer gets a plain delivery receipt.
    type: type === "inactive" ? undefined : type,
    recipient,
    ...(isGroupJid(to) ? { from: to, participant: from } : { from }),
  };
  return [{ to: target, node: element("receipt", attributes, receipt.content) }];
}

function commonAttributes(
  sender: Device,
  stanza: BinaryNode,
  addressing: Addressing,
): Record<string, string | undefined> {
  const { id, type, category, edit } = stanza.attrs;
  return {
    id,
    type: type ?? "text",
    t: timestamp(),
    notify: sender.account.name,
    category,
    edit,
    addressing_mode: addressing === "lid" ? "lid" : undefined,
  };
}

/** The ciphertexts for one device, the sender's identity if one starts a session, and the forwarded parts. */
function assemble(stanza: BinaryNode, parts: readonly BinaryNode[]): BinaryNode[] {
  const identity = child(stanza, "device-identity");
  const startsSession = parts.some((part) => part.attrs.type === "pkmsg");
  return [
    ...parts,
    ...(startsSession && identity !== undefined ? [identity] : []),
    ...children(stanza).filter((part) => !NOT_HANDED_ON.has(part.tag)),
  ];
}

function fanOut(stanza: BinaryNode): { jid: string; parts: readonly BinaryNode[] }[] {
  return children(child(stanza, "participants"), "to").map((target) => ({
    jid: target.attrs.jid ?? "",
    parts: children(target, "enc"),
  }));
}

function devicesOf(accounts: readonly Account[]): Device[] {
  return accounts.flatMap((account) => [...account.devices.values()]);
}
