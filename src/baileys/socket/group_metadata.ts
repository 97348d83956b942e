import type { Account } from "../../account/mod.ts";
import { tryParseJid } from "../../addresses/mod.ts";
import { PortableCache } from "../../cache/mod.ts";
import { directory } from "../../directory/mod.ts";
import { bindingOf } from "../binding.ts";
import { acceptedIn, addressingIn, changesIn, type GroupChange } from "./group_change.ts";
import {
  type Addressing,
  type GroupMetadataLike,
  isGroupJid,
  readGroupMetadata,
} from "./group_metadata_value.ts";
import type { Hook } from "./hook.ts";
import type { SocketLike } from "./library.ts";
import { childOf, childrenOf, type NodeLike } from "./node.ts";
import { StoredGroups } from "./stored_groups.ts";

/** Limit of groups whose last stanza's addressing is remembered. The oldest go. */
const MAX_ADDRESSINGS = 10_000;

/** The used part of Baileys' event `connection.update`. */
interface ConnectionUpdate {
  readonly connection?: unknown;
  readonly receivedPendingNotifications?: unknown;
}

/** The socket option. Baileys queries the group when it answers `undefined`. */
export interface GroupMetadataOptions {
  readonly cachedGroupMetadata: (jid: string) => Promise<GroupMetadataLike | undefined>;
}

/**
 * Remembers the metadata of groups for the socket option `cachedGroupMetadata`.
 *
 * It reads the nodes as they arrive, before Baileys does: Baileys buffers some of its events for up to 30 s
 * and others not, so that their order changes, and tells neither a change of addressing nor, without an
 * error, a changed number.
 *
 * Metadata is handed out only while it is known to be current: it came on the present connection, or the
 * notifications that were waiting for this connection have come.
 */
export function groupMetadata(account: Account): Hook<GroupMetadataOptions> {
  return account.attachments.of(GroupMetadataHook, () => new GroupMetadataHook(account));
}

class GroupMetadataHook implements Hook<GroupMetadataOptions> {
  readonly options: GroupMetadataOptions;
  readonly #groups: StoredGroups;
  readonly #isOwn: (user: string) => boolean;
  /** How the last stanza of each group named its members, since its metadata came. */
  readonly #addressings: PortableCache<string, Addressing>;
  /** Number of the present connection. It grows when a connection begins or is lost. */
  #connection = 0;
  /** Whether the notifications that waited for this connection have come. */
  #isCaughtUp = false;
  /** Whether the server says that groups have changed without notifications. */
  #isDirty = false;

  constructor(account: Account) {
    const { host, store, writeBehind } = account;
    const { groups } = directory(account);
    const { told } = bindingOf(account);
    this.#isOwn = (user) => told.isOwn(user);
    this.#addressings = new PortableCache({ capacity: MAX_ADDRESSINGS, clock: host.clock });
    this.#groups = new StoredGroups({
      reads: store,
      clock: host.clock,
      logger: host.logger,
      notify: () => writeBehind.notify("may"),
      changed: (group) => groups.outdated(group),
      storing: (writes) => groups.follow(writes),
    });
    groups.onForgotten((group) => this.#groups.forget(group));
    account.onCommitted((writes) => this.#groups.follow(writes));
    account.onStored((writes) => this.#groups.follow(writes));
    account.onIdentityChanged(() => this.#groups.clear());
    writeBehind.addFlushable(this.#groups);
    this.options = { cachedGroupMetadata: (jid) => this.#current(jid) };
  }

  follow({ ev, ws }: SocketLike): () => void {
    const onNode: Readonly<Record<string, (node: NodeLike) => void>> = {
      "CB:notification,type:w:gp2": (node) => this.#notified(node),
      "CB:iq,type:result": (node) => this.#answered(node),
      "CB:message": (node) => this.#addressed(node),
      "CB:ib,,dirty": (node) => {
        if (childOf(node, "dirty")?.attrs.type === "groups") this.#isDirty = true;
      },
    };
    const onUpdate = ({ connection, receivedPendingNotifications }: ConnectionUpdate): void => {
      if (receivedPendingNotifications === true) this.#isCaughtUp = true;
      if (connection === "close") this.#distrust();
    };
    this.#distrust();
    for (const [event, listener] of Object.entries(onNode)) ws.prependListener(event, listener);
    ev.on("connection.update", onUpdate);
    return () => {
      for (const [event, listener] of Object.entries(onNode)) ws.off(event, listener);
      ev.off("connection.update", onUpdate);
      this.#distrust();
    };
  }

  /** Metadata that is known to be current. */
  async #current(group: string): Promise<GroupMetadataLike | undefined> {
    const known = isGroupJid(group) ? await this.#groups.get(group) : undefined;
    if (known === undefined) return undefined;
    const { metadata, source } = known;
    const addressing = this.#addressings.get(group);
    if (addressing !== undefined && addressing !== metadata.addressingMode) {
      this.#groups.forget(group);
      return undefined;
    }
    const isCurrent = source === this.#connection || (this.#isCaughtUp && !this.#isDirty);
    return isCurrent ? metadata : undefined;
  }

  /** Changes may go unnoticed from now on. */
  #distrust(): void {
    this.#connection += 1;
    this.#isCaughtUp = false;
    this.#isDirty = false;
  }

  #notified(node: NodeLike): void {
    const group = node.attrs.from;
    if (!isGroupJid(group)) return;
    this.#addressed(node);
    this.#change(group, changesIn(node));
  }

  #answered(node: NodeLike): void {
    const { from } = node.attrs;
    if (isGroupJid(from)) {
      this.#replaced(childrenOf(node, "group").filter(({ attrs }) => jidOf(attrs.id) === from));
      this.#change(from, acceptedIn(node));
    } else if (from === "@g.us") {
      const all = childOf(node, "groups");
      if (all !== undefined) this.#isDirty = false;
      this.#replaced(childrenOf(all, "group"));
      for (const { attrs } of childrenOf(childOf(node, "leave"), "group")) {
        const left = jidOf(attrs.id);
        if (isGroupJid(left)) this.#groups.forget(left);
      }
    }
  }

  #replaced(nodes: readonly NodeLike[]): void {
    for (const node of nodes) {
      const metadata = readGroupMetadata(node);
      if (metadata === undefined) continue;
      this.#addressings.invalidate(metadata.id);
      this.#groups.replace(metadata, this.#connection);
    }
  }

  #change(group: string, changes: readonly GroupChange[]): void {
    for (const change of changes) if (change.kind === "replace") this.#addressings.invalidate(group);
    const hasLeft = changes.some((change) => change.kind === "remove" && change.members.some(this.#isOwnJid));
    if (hasLeft) this.#groups.forget(group);
    else this.#groups.change(group, changes, this.#connection);
  }

  readonly #isOwnJid = ({ id }: { readonly id: string }): boolean => this.#isOwn(tryParseJid(id)?.user ?? "");

  #addressed(node: NodeLike): void {
    const { from } = node.attrs;
    const addressing = addressingIn(node);
    if (addressing !== undefined && isGroupJid(from)) this.#addressings.insert(from, addressing);
  }
}

function jidOf(id: string | undefined): string | undefined {
  return id === undefined || id.includes("@") ? id : `${id}@g.us`;
}
