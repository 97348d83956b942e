import {
  formatSenderKeyName,
  formatSignalAddress,
  isLidServer,
  parseSignalAddress,
  tryParseSenderKeyName,
  tryParseSignalAddress,
} from "../addresses/mod.ts";
import type { Write } from "../backend/mod.ts";
import { lidForm, type MovedUser } from "./moved_user.ts";
import { SweptUsers } from "./swept_users.ts";

/** Maximum number of users per query: more than the largest group has. */
const USERS_PER_QUERY = 4_096;

/** Maximum number of users whose state is moved together, since it is all held in memory. */
const USERS_PER_MOVE = 250;

/** Mappings between phone numbers and LIDs: an account's `lid`. */
export interface UserMappings {
  /** The user of a Signal address of either kind, if its mapping is known; else `undefined`. */
  userOf(address: string): Promise<MovedUser | undefined>;
  /**
   * Runs a section with the users whose mapping is still the same, and keeps these mappings until the section
   * ends.
   */
  whileMapped<T>(
    users: readonly MovedUser[],
    section: (mapped: readonly MovedUser[]) => Promise<T>,
  ): Promise<T>;
}

/** Moves state to its canonical addresses. */
export interface StateMover {
  /** Returns the users with state under the phone number. */
  usersToMove(users: readonly MovedUser[]): Promise<readonly MovedUser[]>;
  /** Moves their state to their LIDs. */
  moveUsers(users: readonly MovedUser[]): Promise<unknown>;
}

/**
 * Resolves canonical addresses: the LID's address if the mapping is known, else the address itself.
 *
 * State can be under a phone number whose LID is known: after a client stored mappings without moving state,
 * after a crash, or in a database of an earlier release. Therefore each user is checked once before the first
 * use, and its state is moved.
 */
export class StatePlaces {
  readonly #mappings: UserMappings | undefined;
  readonly #mover: StateMover;
  readonly #swept = new SweptUsers();
  /** Users of the next query. */
  #next: { readonly users: Map<string, MovedUser>; readonly done: Promise<void> } | undefined;

  constructor(mappings: UserMappings | undefined, mover: StateMover) {
    this.#mappings = mappings;
    this.#mover = mover;
  }

  /**
   * The canonical address; `undefined` while state may be under its user's phone number: see `moveLeftovers`.
   */
  async ofAddress(address: string): Promise<string | undefined> {
    const parsed = this.#mappings === undefined ? undefined : tryParseSignalAddress(address);
    if (parsed === undefined || (isLidServer(parsed.server) && this.#swept.hasLid(parsed.user)))
      return address;
    const user = await this.#mappings?.userOf(address);
    if (user === undefined) return address;
    if (!this.#swept.has(user)) return undefined;
    const moved = lidForm(parsed, user);
    return moved === undefined ? address : formatSignalAddress(moved);
  }

  /** As `ofAddress`, for a sender key name. */
  async ofSenderKey(name: string): Promise<string | undefined> {
    const parsed = tryParseSenderKeyName(name);
    if (parsed === undefined) return name;
    const place = await this.ofAddress(formatSignalAddress(parsed.sender));
    if (place === undefined) return undefined;
    return formatSenderKeyName({ ...parsed, sender: parseSignalAddress(place) });
  }

  /**
   * Moves state under the phone number of the address's user. It takes the locks of both addresses, so the
   * caller must hold neither. Calls in one turn share a query.
   *
   * @throws {StoreError} When the state could not be read or moved.
   */
  async moveLeftovers(address: string): Promise<void> {
    const sender = tryParseSenderKeyName(address)?.sender;
    const user = await this.#mappings?.userOf(sender === undefined ? address : formatSignalAddress(sender));
    if (user === undefined || this.#swept.has(user)) return;
    this.#next ??= this.#begin();
    this.#next.users.set(user.pn, user);
    await this.#next.done;
  }

  /** Records that all state of these users is moved, if their mapping is unchanged. */
  async addSwept(users: readonly MovedUser[]): Promise<void> {
    const known = await Promise.allSettled(
      users.map(async ({ pn }) => this.#mappings?.userOf(addressOf(pn))),
    );
    this.#swept.add(
      users.filter(({ lid }, index) => {
        const outcome = known[index];
        return outcome?.status === "fulfilled" && outcome.value?.lid === lid;
      }),
    );
  }

  /** Records that state may be under the phone numbers of these users again. */
  forgetSwept(users: readonly MovedUser[]): void {
    this.#swept.delete(users.map(({ lid }) => lid));
  }

  /** Records that state may be under any phone number. */
  clear(): void {
    this.#swept.clear();
  }

  /** Must be called when mappings were written without moving state. */
  follow(writes: readonly Write[]): void {
    for (const write of writes) {
      if (write.kind === "lidMapping.put") this.#swept.delete(write.entries.map(({ lid }) => lid));
      // The phone number may now map to any of its earlier LIDs.
      else if (write.kind === "lidMapping.delete") this.#swept.clear();
    }
  }

  #begin(): { readonly users: Map<string, MovedUser>; readonly done: Promise<void> } {
    const users = new Map<string, MovedUser>();
    const done = Promise.resolve().then(async () => {
      this.#next = undefined;
      const all = [...users.values()];
      for (let start = 0; start < all.length; start += USERS_PER_QUERY) {
        await this.#sweep(all.slice(start, start + USERS_PER_QUERY));
      }
    });
    return { users, done };
  }

  async #sweep(users: readonly MovedUser[]): Promise<void> {
    await this.#mappings?.whileMapped(users, async (mapped) => {
      const unswept = mapped.filter((user) => !this.#swept.has(user));
      const stranded = unswept.length === 0 ? [] : await this.#mover.usersToMove(unswept);
      for (let start = 0; start < stranded.length; start += USERS_PER_MOVE)
        await this.#mover.moveUsers(stranded.slice(start, start + USERS_PER_MOVE));
      this.#swept.add(unswept);
    });
  }
}

function addressOf(pn: string): string {
  return formatSignalAddress({ user: pn, server: "c.us", device: 0 });
}
