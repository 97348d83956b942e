import { MAX_RECEIVER_CHAINS } from "../../ratchet/mod.ts";
import { type NodeChainJson, type NodeSessionJson, RECEIVING, readChain } from "./node_session.ts";
import { MAX_SPENT_CHAINS, PackedChains, type SpentChains } from "./session_chain.ts";

/** A session in two parts. */
export interface SplitSession {
  /** The session without its spent chains, except those in fields of the standard. */
  readonly session: NodeSessionJson;
  /** The newest of the spent chains, valid until the next split. */
  readonly spent: SpentChains;
}

/**
 * Splits successive states of an open session. It packs each spent chain once: a session may have hundreds of
 * them, and a message adds one at most.
 */
export class SpentChainSplitter {
  /** Names of the packed chains, as in the JSON. */
  #names: string[] = [];
  readonly #packed = new PackedChains();

  /** @throws {CorruptError | WrongLengthError} When a spent chain is malformed. */
  split(session: NodeSessionJson): SplitSession {
    const chains = session._chains ?? {};
    const names = Object.keys(chains);
    const standard = standardNames(names, session);
    const spent: string[] = [];
    const rest: [string, NodeChainJson][] = [];
    for (const name of names) {
      const chain = chains[name] as NodeChainJson;
      if (!standard.has(name) && isSpentJson(chain)) spent.push(name);
      else rest.push([name, chain]);
    }
    this.#pack(spent.slice(-MAX_SPENT_CHAINS), chains);
    return { session: { ...session, _chains: Object.fromEntries(rest) }, spent: this.#packed.chains() };
  }

  /** Keeps what is packed already: chains are dropped from the front, and added at the end. */
  #pack(names: string[], chains: Readonly<Record<string, NodeChainJson>>): void {
    const [first = ""] = names;
    const dropped = this.#names[0] === first ? 0 : this.#names.indexOf(first);
    const kept = dropped < 0 ? 0 : this.#names.length - dropped;
    const isSame = (name: string, at: number): boolean =>
      name === this.#names[dropped + at] &&
      chains[name]?.chainKey.counter === this.#packed.counter(dropped + at);
    if (dropped >= 0 && kept <= names.length && names.slice(0, kept).every(isSame))
      this.#packed.drop(dropped);
    else this.#packed.drop(this.#names.length);
    for (const name of names.slice(this.#packed.count)) this.#packed.add(readChain(name, chains[name]));
    this.#names = names;
  }
}

/** Names of the receiving chains that have fields in the standard: the newest, and the peer's last one. */
function standardNames(names: readonly string[], session: NodeSessionJson): ReadonlySet<string> {
  const last = session.currentRatchet?.lastRemoteEphemeralKey;
  const standard = new Set<string>();
  const isReceiving = (name: string): boolean => session._chains[name]?.chainType === RECEIVING;
  if (typeof last === "string" && isReceiving(last)) standard.add(last);
  for (let at = names.length - 1; at >= 0 && standard.size < MAX_RECEIVER_CHAINS; at--) {
    const name = names[at] as string;
    if (isReceiving(name)) standard.add(name);
  }
  return standard;
}

/** Whether a receiving chain is closed and has no message keys. A malformed chain is not. */
function isSpentJson(chain: NodeChainJson): boolean {
  if (chain?.chainType !== RECEIVING || typeof chain.chainKey !== "object" || chain.chainKey?.key != null)
    return false;
  for (const _index in chain.messageKeys) return false;
  return typeof chain.messageKeys === "object" && chain.messageKeys !== null;
}
