/**
 * The server's answers to the queries (`iq`) that a client makes after login and while it sends.
 * @module
 */

import type { BinaryNode } from "baileys";
import {
  type Account,
  accountJid,
  type Device,
  type Directory,
  type Group,
  serveBundle,
  storeBundle,
} from "./directory.ts";
import { changeMembers, describeGroup } from "./groups.ts";
import { addressingOf } from "./jids.ts";
import { child, children, element, SERVER_JID, timestamp } from "./nodes.ts";

/** Side effects of answers. */
export interface QueryEffects {
  /** The client is ready for stanzas. */
  activate(): void;
  /** A device has handed out one of its one-time keys. */
  preKeyServed(device: Device): void;
  /** The client gave a contact a privacy token. */
  tokenIssued(contactJid: string, issuedAt: string): void;
  /** A client changed the members of a group. */
  groupChanged(group: Group, content: BinaryNode, changed: readonly Account[]): void;
  /** A protocol violation that a test should see. */
  incident(text: string): void;
}

/** The context of a query. */
export interface QueryContext {
  /** The device that sent the query. */
  readonly device: Device;
  readonly directory: Directory;
  readonly effects: QueryEffects;
  /** See the server's option of this name. */
  readonly claimedPreKeyCount: number;
}

type Content = BinaryNode[] | undefined;
type Handler = (query: BinaryNode, context: QueryContext) => Content;

const nothing: Handler = () => undefined;

/** By `xmlns:type`. */
const HANDLERS: Readonly<Record<string, Handler>> = {
  "encrypt:get": answerEncryptGet,
  "encrypt:set": answerEncryptSet,
  "usync:get": answerUsync,
  "w:g2:get": answerGroup,
  "w:g2:set": answerGroupSet,
  "privacy:set": answerTokens,
  "privacy:get": () => [
    element("privacy", {}, [element("category", { name: "readreceipts", value: "all" })]),
  ],
  "passive:set": (query, { effects }) => {
    if (child(query, "active") !== undefined) effects.activate();
    return undefined;
  },
  "abt:get": () => [element("props", { hash: "test", refresh: "86400" }, [])],
  "blocklist:get": () => [element("list", {}, [])],
  "w:p:get": nothing,
  // A client that logs out by itself.
  "md:set": nothing,
  "w:m:set": () => [
    element("media_conn", { auth: "test", ttl: "3600", max_buckets: "12" }, [
      element("host", { hostname: "media.invalid" }),
    ]),
  ],
  "urn:xmpp:whatsapp:dirty:set": nothing,
};

/** Answers one query. An unknown one gets the error 501 and counts as an incident. */
export function answerQuery(query: BinaryNode, context: QueryContext): BinaryNode {
  const from = query.attrs.to ?? SERVER_JID;
  const id = query.attrs.id;
  const kind = `${query.attrs.xmlns}:${query.attrs.type}`;
  const handler = HANDLERS[kind];
  if (handler === undefined) {
    context.effects.incident(`unknown query ${kind}`);
    const error = element("error", { code: "501", text: "feature-not-implemented" });
    return element("iq", { id, from, type: "error" }, [error]);
  }
  const content = handler(query, context);
  return element("iq", { id, from, type: "result" }, content);
}

function answerEncryptGet(query: BinaryNode, context: QueryContext): Content {
  const { device, directory, effects } = context;
  if (child(query, "count") !== undefined) {
    const count = device.bundle?.preKeys.size ?? context.claimedPreKeyCount;
    return [element("count", { value: String(count) })];
  }
  if (child(query, "digest") !== undefined) return digest(device);
  const users: BinaryNode[] = [];
  for (const { attrs } of children(child(query, "key"), "user")) {
    const jid = attrs.jid ?? "";
    const target = directory.device(jid);
    const user = target && serveBundle(target, jid);
    if (target === undefined || user === undefined) continue;
    users.push(user);
    effects.preKeyServed(target);
  }
  return [element("list", {}, users)];
}

function digest(device: Device): Content {
  const bundle = device.bundle;
  if (bundle === undefined) return [];
  const ids = [...bundle.preKeys.values()].flatMap((key) => child(key, "id") ?? []);
  return [
    element("digest", {}, [
      bundle.registration,
      bundle.type,
      bundle.identity,
      bundle.signedPreKey,
      element("list", {}, ids),
    ]),
  ];
}

function answerEncryptSet(query: BinaryNode, { device, effects }: QueryContext): Content {
  const rotated = child(child(query, "rotate"), "skey");
  if (rotated !== undefined) {
    if (device.bundle !== undefined) device.bundle.signedPreKey = rotated;
    return undefined;
  }
  for (const suspicion of storeBundle(device, query)) effects.incident(suspicion);
  return undefined;
}

/**
 * Answers with device lists and LIDs, without unknown users and without the LIDs of users that are queried by
 * LID.
 */
function answerUsync(query: BinaryNode, { directory }: QueryContext): Content {
  const usync = child(query, "usync");
  const protocols = children(child(usync, "query"));
  const users: BinaryNode[] = [];
  for (const { attrs, content } of children(child(usync, "list"), "user")) {
    const phone = Array.isArray(content)
      ? content.find((part) => part.tag === "contact")?.content
      : undefined;
    const jid = attrs.jid ?? `${String(phone).replace("+", "")}${SERVER_JID}`;
    const account = directory.account(jid);
    if (account === undefined) continue;
    const answers: BinaryNode[] = [];
    for (const { tag } of protocols) {
      if (tag === "devices") answers.push(deviceList([...account.devices.keys()]));
      if (tag === "lid" && addressingOf(jid) === "pn" && !account.isLidHidden) {
        answers.push(element("lid", { val: accountJid(account, "lid") }));
      }
      if (tag === "contact") answers.push(element("contact", { type: "in" }));
    }
    users.push(element("user", { jid }, answers));
  }
  return [element("usync", {}, [element("list", {}, users)])];
}

function deviceList(numbers: readonly number[]): BinaryNode {
  const devices = numbers.map((number) =>
    element("device", { id: String(number), "key-index": number === 0 ? undefined : String(number) }),
  );
  return element("devices", {}, [element("device-list", { hash: "2:test" }, devices)]);
}

function answerGroup(query: BinaryNode, { device, directory, effects }: QueryContext): Content {
  if (child(query, "participating") !== undefined)
    return [element("groups", {}, directory.groupsOf(device.account).map(describeGroup))];
  const group = directory.group(query.attrs.to ?? "");
  if (group === undefined) {
    effects.incident(`query of unknown group ${query.attrs.to}`);
    return [element("error", { code: "404", text: "item-not-found" })];
  }
  return [describeGroup(group)];
}

/** Changes the members of a group as a client asks. */
function answerGroupSet(query: BinaryNode, { directory, effects }: QueryContext): Content {
  const group = directory.group(query.attrs.to ?? "");
  const [request] = children(query);
  if (group === undefined || (request?.tag !== "add" && request?.tag !== "remove")) {
    effects.incident(`unknown request to group ${query.attrs.to}`);
    return [element("error", { code: "400", text: "bad-request" })];
  }
  const accounts = children(request, "participant").flatMap(
    ({ attrs }) => directory.account(attrs.jid ?? "") ?? [],
  );
  const content = changeMembers(group, { kind: request.tag, accounts });
  effects.groupChanged(group, content, accounts);
  return [content];
}

function answerTokens(query: BinaryNode, { effects }: QueryContext): Content {
  for (const { attrs } of children(child(query, "tokens"), "token")) {
    effects.tokenIssued(attrs.jid ?? "", attrs.t ?? timestamp());
  }
  return undefined;
}
