import type { BinaryNode } from "baileys";
import { child, children } from "./nodes.ts";
import type { WhatsAppServer } from "./server.ts";

/** Queries of one client. */
export interface QueryCounts {
  /** Queries of a group's metadata. */
  groups: number;
  /** Queries of users' devices. */
  devices: number;
  /** Queries of users' LIDs alone. */
  lids: number;
  /** JIDs of the devices whose key bundles were queried: each query spends a pre-key of the device. */
  bundles: string[];
}

/** Counts the queries of each client, by its JID with a phone number. */
export class QueryCounter {
  readonly #counts = new Map<string, QueryCounts>();

  constructor(server: WhatsAppServer) {
    server.onFrame(({ jid }, node) => {
      if (node.tag === "iq") count(this.of(jid), node);
    });
  }

  /** The counts of a client. The object changes with further queries. */
  of(jid: string): QueryCounts {
    const known = this.#counts.get(jid) ?? none();
    this.#counts.set(jid, known);
    return known;
  }

  /** Begins anew for all clients. */
  reset(): void {
    this.#counts.clear();
  }
}

function none(): QueryCounts {
  return { groups: 0, devices: 0, lids: 0, bundles: [] };
}

function count(counts: QueryCounts, query: BinaryNode): void {
  const kind = `${query.attrs.xmlns}:${query.attrs.type}`;
  if (kind === "w:g2:get") counts.groups += 1;
  if (kind === "encrypt:get") {
    for (const { attrs } of children(child(query, "key"), "user")) counts.bundles.push(attrs.jid ?? "");
  }
  if (kind !== "usync:get") return;
  const protocols = children(child(child(query, "usync"), "query")).map(({ tag }) => tag);
  if (protocols.includes("devices")) counts.devices += 1;
  else if (protocols.includes("lid")) counts.lids += 1;
}
