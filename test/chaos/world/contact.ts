import { formatJid, parseSignalAddress, signalAddressToJid } from "../../../src/addresses/mod.ts";
import type { SeededRandom } from "../../../src/testing/mod.ts";
import type { Bundle, Outgoing } from "../clients/client.ts";
import type { ChaosPeer, PeerGroupSealed, PeerSealed } from "../clients/peer.ts";

/** A pairwise message to a contact. */
export interface OutgoingMail extends Outgoing {
  readonly text: string;
  /** Number of its sending chain among those that left to this contact. */
  readonly chainNumber: number;
}

/** A group message to a contact. The sender key went another way. */
export interface OutgoingGroupMail {
  readonly body: Uint8Array;
  readonly text: string;
  readonly group: string;
  /** The contact's installation when it was sent. */
  readonly installation: number;
  /** Whether that installation has been sent a sender key of ours in the group. */
  readonly hasKey: boolean;
  /** How many it has been sent. */
  readonly keys: number;
}

/** A message to the account. */
export type IncomingMail = {
  readonly text: string;
  /** The contact's installation that sent it. */
  readonly installation: number;
  /** It may have been read before: the process died while it was reading. */
  repeated?: boolean;
} & (
  | (PeerSealed & { readonly kind: "pairwise"; readonly chainNumber: number })
  | (PeerGroupSealed & {
      readonly kind: "group";
      readonly group: string;
      readonly keyId: number;
      readonly iteration: number;
    })
);

/** A sender key that the account was sent. */
export interface LearntKey {
  readonly from: number;
  durable: boolean;
}

/** Why messages of a session need not be readable any more. */
export type Excuse = "deleted" | "another identity" | "lost in a crash" | "broken by its library";

/** A person, reached under a phone number and under a LID, which are one user once that is told. */
export class ChaosUser {
  readonly lid: string;
  readonly pn: string | undefined;
  /** Whether the account knows that the two are one. */
  isTold: boolean;
  /** Whether the server answers with the LID when it is asked for the phone number's. */
  isPublic = false;
  /** Devices that its lists name: not all that write. */
  readonly listed: readonly number[];
  /** Names the registration, as its lists do. */
  rawId: number;
  /** No list of this registration is known to have been stored. */
  isAnew = false;
  /** The registration before. */
  formerRawId: number | undefined;
  /** Time of the newest list, in Unix seconds. */
  listedAtS = 0;

  constructor(
    lid: string,
    pn: string | undefined,
    lists: { readonly listed: readonly number[]; readonly rawId: number },
  ) {
    this.lid = lid;
    this.pn = pn;
    this.isTold = pn === undefined;
    this.listed = lists.listed;
    this.rawId = lists.rawId;
  }

  /** Where its device lists are kept, as far as the account can know. */
  get canonical(): string {
    return this.isTold ? this.lid : (this.pn ?? this.lid);
  }
}

/** One device of a person: a peer, how it is reached, and what is on its way. */
export class Contact {
  readonly name: string;
  readonly user: ChaosUser;
  readonly device: number;
  readonly peer: ChaosPeer;
  readonly outbox: OutgoingMail[] = [];
  readonly groupOutbox: OutgoingGroupMail[] = [];
  inbox: IncomingMail[] = [];
  /** Sessions that the account has or had, and under which address. */
  readonly known: Set<string> = new Set();
  readonly #addressOf = new Map<string, string>();
  readonly #excuses = new Map<string, Excuse>();
  /** The sending chain that left last in each session during this incarnation of the account. */
  readonly lastChains: Map<string, string> = new Map();
  /**
   * Sender keys of the contact that the account has, by the name that a message has shown, and from which
   * iteration on.
   */
  readonly learnt: Map<string, LearntKey> = new Map();
  /** From which iteration on the contact can read each of our sender keys. */
  readonly learntFrom: Map<string, number> = new Map();
  /** Groups whose sender keys it has lost by installing anew, until it is sent them. */
  readonly withoutKeyOf: Set<string> = new Set();
  /** How many sender keys of ours it has been sent, by group. */
  readonly keysOf: Map<string, number> = new Map();
  /** Sessions that a crash has cost. */
  readonly lost: Set<string> = new Set();
  installation = 0;
  /** The contact begins a new session with its next message. */
  renews = false;
  /** So does the account. */
  needsGreeting = false;
  readonly #chainsOut = new Map<string, number>();
  readonly #chainsIn = new Map<string, number>();
  /** Greatest number of a chain that arrived. */
  arrivedOut = 0;
  arrivedIn = 0;

  constructor(name: string, user: ChaosUser, device: number, peer: ChaosPeer) {
    this.name = name;
    this.user = user;
    this.device = device;
    this.peer = peer;
  }

  get lidAddress(): string {
    return this.#address(this.user.lid, "lid");
  }

  get pnAddress(): string | undefined {
    return this.user.pn === undefined ? undefined : this.#address(this.user.pn, "c.us");
  }

  /** Where it is reached, unless a session says otherwise. */
  get mainAddress(): string {
    return this.user.isTold ? this.lidAddress : (this.pnAddress ?? this.lidAddress);
  }

  get addresses(): readonly string[] {
    const { pnAddress } = this;
    return pnAddress === undefined ? [this.lidAddress] : [this.lidAddress, pnAddress];
  }

  /** Both JIDs, in the order of `addresses`. */
  get jids(): readonly string[] {
    return this.addresses.map((address) => formatJid(signalAddressToJid(parseSignalAddress(address))));
  }

  /** An address under which a session is found: either, once the two are known to be one user. */
  addressOf(base: string, random: SeededRandom): string {
    return this.user.isTold ? random.pick(this.addresses) : (this.#addressOf.get(base) ?? this.mainAddress);
  }

  place(base: string, address: string): void {
    if (!this.#addressOf.has(base)) this.#addressOf.set(base, address);
  }

  excuseKnown(excuse: Excuse): void {
    for (const base of this.known) this.excuse(base, excuse);
  }

  excuse(base: string, excuse: Excuse): void {
    if (!this.#excuses.has(base)) this.#excuses.set(base, excuse);
  }

  excuseOf(base: string): Excuse | undefined {
    return this.#excuses.get(base);
  }

  chainOut(chain: string): number {
    return numberOf(this.#chainsOut, chain);
  }

  chainIn(chain: string): number {
    return numberOf(this.#chainsIn, chain);
  }

  bundle(): Bundle {
    return this.peer.bundle();
  }

  /** Another installation: nothing of the old one is on its way any more. */
  reinstall(groups: readonly string[]): void {
    this.installation += 1;
    this.inbox = [];
    this.learnt.clear();
    for (const group of groups) this.withoutKeyOf.add(group);
    this.excuseKnown("another identity");
    this.peer.reinstall();
  }

  #address(user: string, server: string): string {
    return `${user}${this.device === 0 ? "" : `:${this.device}`}@${server}.0`;
  }
}

function numberOf(chains: Map<string, number>, chain: string): number {
  const known = chains.get(chain);
  if (known !== undefined) return known;
  chains.set(chain, chains.size + 1);
  return chains.size;
}
