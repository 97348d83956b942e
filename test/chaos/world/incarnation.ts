import { type Account, openAccount } from "../../../src/account/mod.ts";
import type { Device } from "../../../src/backend/mod.ts";
import { createDevice } from "../../../src/device/mod.ts";
import type { Host } from "../../../src/ports/mod.ts";
import type { Durability } from "../../../src/signal/mod.ts";
import { type FakeHost, fakeHost } from "../../../src/testing/mod.ts";
import type { WriteBehindPolicy } from "../../../src/write_behind/mod.ts";
import { backendWithout } from "../../support/protections/backend_without.ts";
import type { Protection } from "../../support/protections/names.ts";
import { hostWithout } from "../../support/protections/protections.ts";
import type { ChaosClient, ChaosClientFactory, ClientObserver } from "../clients/client.ts";
import type { ChaosBackend } from "../places/chaos_backend.ts";
import { type CommitListener, Link } from "../places/link.ts";
import type { Contact, IncomingMail } from "./contact.ts";

/** How an account is opened. */
export interface IncarnationOptions {
  readonly backend: ChaosBackend;
  readonly makeClient: ChaosClientFactory;
  readonly observer: (incarnation: Incarnation) => ClientObserver;
  readonly applied: CommitListener;
  /** See `Link`. */
  readonly mourns: boolean;
  readonly seed: number;
  readonly startMs: number | undefined;
  readonly durability: Durability;
  readonly capacity: number;
  readonly policy: Partial<WriteBehindPolicy>;
  /** Protections that are left out: see `leaveOut`, which must be in force, too. */
  readonly off: readonly Protection[];
  /** Number of an earlier incarnation whose randomness is drawn again: a machine that was cloned. */
  readonly sameRandomnessAs?: number | undefined;
  /** Id of the first pre-key of a new device. */
  readonly preKeysFrom: number;
  /** Planned faults that the opening itself meets. */
  readonly prepare?: ((link: Link) => void) | undefined;
}

/** The account's phone number and LID. */
export const OUR_PN_USER = "15550009999";
export const OUR_LID_USER = "900000000000009";
export const OUR_DEVICE = 1;

/** One process that has the account open. */
export class Incarnation {
  readonly number: number;
  readonly host: FakeHost;
  /** Number of the incarnation that first drew its randomness. */
  readonly randomness: number;
  readonly link: Link;
  readonly account: Account;
  readonly durability: Durability;
  readonly client: ChaosClient;
  /** What is under way, by name. */
  readonly tasks: Map<Promise<void>, string> = new Map();
  /** Messages that are being read. */
  readonly reading: Map<IncomingMail, Contact> = new Map();
  /** Contacts whose sessions are being deleted since their user has registered anew. */
  readonly dropping: Set<Contact> = new Set();
  /** Messages that have left. */
  published = 0;
  isOver = false;
  /** Who moves its clock at this moment. */
  clockMoves = 0;
  /** Another process has the account. */
  isSuperseded = false;

  private constructor(
    number: number,
    link: Link,
    host: FakeHost,
    account: Account,
    options: IncarnationOptions,
  ) {
    this.number = number;
    this.link = link;
    this.host = host;
    this.randomness = options.sameRandomnessAs ?? number;
    this.account = account;
    this.durability = options.durability;
    this.client = options.makeClient(account, options.observer(this));
  }

  static async open(number: number, options: IncarnationOptions): Promise<Incarnation> {
    const { seed, startMs, durability, capacity, policy, off } = options;
    const host = fakeHost({ seed: seed * 1_000 + (options.sameRandomnessAs ?? number), startMs });
    const link = await Link.open(options.backend, host, options);
    options.prepare?.(link);
    const account = await openAccount({
      backend: backendWithout(link.backend, host, off),
      host: hostWithout(host, off),
      policy,
      signal: { durability, capacity },
      newDevice: (on) => newDevice(on, options.preKeysFrom),
    });
    return new Incarnation(number, link, host, account, options);
  }

  /** The process is gone, with everything that it was about to do. */
  end(): void {
    this.isOver = true;
    this.link.cut();
  }
}

async function newDevice(host: Host, preKeysFrom: number): Promise<Device> {
  return {
    ...(await createDevice(host)),
    nextPreKeyId: preKeysFrom,
    firstUnuploadedPreKeyId: preKeysFrom,
    pn: `${OUR_PN_USER}:${OUR_DEVICE}@s.whatsapp.net`,
    lid: `${OUR_LID_USER}:${OUR_DEVICE}@lid`,
  };
}
