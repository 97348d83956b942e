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

/** Users that one query looks for. */
const USERS_PER_QUERY = 250;

/** Which phone number and LID are one user: an account's `lid`. */
export interface UserMappings {
  /**
   * The user of a Signal address of either kind whose state is kept under the LID; `undefined` when no
   * mapping says so.
   */
  userOf(address: string): Promise<MovedUser | undefined>;
  /** Runs a section with those of users that are still mapped so, and stay so until it ends. */
  whileMapped<T>(
    users: readonly MovedUser[],
    section: (mapped: readonly MovedUser[]) => Promise<T>,
  ): Promise<T>;
}

/** What moves state to where it belongs. */
export interface StateMover {
  /** Those of users of whom anything is under the phone number. */
  usersToMove(users: readonly MovedUser[]): Promise<readonly MovedUser[]>;
  /** Moves all of it to their LIDs. */
  moveUsers(users: readonly MovedUser[]): Promise<unknown>;
}

/**
 * Where the state of an address is kept: the LID's address where the mapping is known, else its own.
 *
 * State can be left under a phone number whose LID is known: by a client that stores mappings without moving
 * anything, by a crash, in a database of an earlier release. So each user is looked at once before the first
 * use, and what is found is moved.
 */
export class StatePlaces {
  readonly #mappings: UserMappings | undefined;
  readonly #mover: StateMover;
  readonly #swept = new SweptUsers();
  /** Users that the next query looks for. */
  #next: { readonly users: Map<string, MovedUser>; readonly done: Promise<void> } | undefined;

  constructor(mappings: UserMappings | undefined, mover: StateMover) {
    this.#mappings = mappings;
    this.#mover = mover;
  }

  /**
   * The place of an address; `undefined` while something may be stranded under its user's phone number: see
   * `settle`.
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
   * Moves what is stranded under the phone number of the address's user. It takes the locks of both
   * addresses: the caller must hold none. Users that are asked for in one turn share a query.
   *
   * @throws {StoreError} When it could not be read or moved.
   */
  async settle(address: string): Promise<void> {
    const sender = tryParseSenderKeyName(address)?.sender;
    const user = await this.#mappings?.userOf(sender === undefined ? address : formatSignalAddress(sender));
    if (user === undefined || this.#swept.has(user)) return;
    this.#next ??= this.#begin();
    this.#next.users.set(user.pn, user);
    await this.#next.done;
  }

  /** All state of these users has been moved. It stays so for those that are mapped so. */
  async settled(users: readonly MovedUser[]): Promise<void> {
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

  /** Something may be under the phone numbers of these users again. */
  unsettled(users: readonly MovedUser[]): void {
    this.#swept.delete(users.map(({ lid }) => lid));
  }

  /** Called when mappings were written without moving state. */
  follow(writes: readonly Write[]): void {
    for (const write of writes) {
      if (write.kind === "lidMapping.put") this.#swept.delete(write.entries.map(({ lid }) => lid));
      // A phone number may have fallen back to any of its earlier LIDs.
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
      if (stranded.length > 0) await this.#mover.moveUsers(stranded);
      this.#swept.add(unswept);
    });
  }
}

function addressOf(pn: string): string {
  return formatSignalAddress({ user: pn, server: "c.us", device: 0 });
}
