import type { Bundle, GroupOutgoing, Outgoing } from "./client.ts";
import type { ChaosPeer, PeerGroupSealed, PeerSealed } from "./peer.ts";

/** A pairwise message to a contact. */
export interface OutgoingMail extends Outgoing {
  readonly text: string;
  /** Number of its sending chain among those that left to this contact. */
  readonly chainNumber: number;
}

/** A group message to a contact. */
export interface OutgoingGroupMail extends GroupOutgoing {
  readonly text: string;
  readonly group: string;
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

/** Why messages of a session need not be readable any more. */
export type Excuse = "deleted" | "another identity" | "lost in a crash" | "broken by its library";

/** A person, reached under a phone number until the LID is known, or under a LID from the start. */
export class ChaosUser {
  readonly lid: string;
  readonly pn: string | undefined;
  /** Whether everything is under the LID. */
  isMoved: boolean;
  /** A move is in doubt, or the database knows the mapping and not all has moved: nothing may be read for the phone number. */
  isSuspended = false;

  constructor(lid: string, pn: string | undefined) {
    this.lid = lid;
    this.pn = pn;
    this.isMoved = pn === undefined;
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
  /** Sender keys of the contact that the account has, by what it finds them under, and from which iteration on. */
  readonly learnt: Map<string, { from: number; durable: boolean }> = new Map();
  /** From which iteration on the contact can read each of our sender keys. */
  readonly learntFrom: Map<string, number> = new Map();
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
    return this.user.isMoved ? this.lidAddress : (this.pnAddress ?? this.lidAddress);
  }

  get addresses(): readonly string[] {
    const { pnAddress } = this;
    return pnAddress === undefined ? [this.lidAddress] : [this.lidAddress, pnAddress];
  }

  /** Where a session is. */
  addressOf(base: string): string {
    return this.user.isMoved ? this.lidAddress : (this.#addressOf.get(base) ?? this.mainAddress);
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
  reinstall(): void {
    this.installation += 1;
    this.inbox = [];
    this.learnt.clear();
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
