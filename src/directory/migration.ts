import { formatSignalAddress } from "../addresses/mod.ts";
import type { ProtocolReads, Write } from "../backend/mod.ts";
import { KeyedLock } from "../cache/mod.ts";
import { type MovedUser, type SharedSignalState, SweptUsers } from "../signal/mod.ts";
import type { DeviceRegistry } from "./devices/mod.ts";
import type { CommitLearnt, LearnReport, LearnRequest, LearntMapping, LidPnCache } from "./lid/mod.ts";
import { type TokenReads, tokenMoves } from "./token_move.ts";

/** Users that one commit moves: with a few devices each, some thousand rows. */
const USERS_PER_COMMIT = 250;

/** One migration at a time: two could hold each other's locks. */
const TURN = "migration";

/** What takes part in a migration. */
export interface MigrationParts {
  readonly lid: LidPnCache;
  readonly devices: DeviceRegistry;
  readonly signal: SharedSignalState;
  readonly reads: Pick<ProtocolReads, "getDevicesFor"> & TokenReads;
}

/** What was learnt and moved. */
export interface MigrationReport extends LearnReport {
  /** Sessions that were moved. */
  readonly sessions: number;
}

/**
 * Learns mappings and moves what they concern, in one commit: locks of the mapping's two ends, of the user's
 * device lists, and of the Signal addresses are taken in this order, and memory follows before the last of
 * them is let go.
 *
 * What is under a phone number says itself that it is to be moved: the mapping may be known already, and not
 * have taken it along.
 */
export class UserMigration {
  readonly #parts: MigrationParts;
  readonly #turn = new KeyedLock();
  readonly #swept = new SweptUsers();

  constructor(parts: MigrationParts) {
    this.#parts = parts;
  }

  /** The mappings that it learns. */
  get lid(): LidPnCache {
    return this.#parts.lid;
  }

  /** See `Directory.learn`. */
  async learn(
    mappings: readonly LearntMapping[],
    request: Omit<LearnRequest, "commit">,
  ): Promise<MigrationReport> {
    return await this.#turn.withKeys([TURN], async () => {
      const reports: LearnReport[] = [];
      let sessions = 0;
      const commit: CommitLearnt = async (learnt, resolved, land) => {
        const moved = resolved.map(({ phoneNumber, lid }) => ({ pn: phoneNumber, lid }));
        this.#swept.delete(moved.map(({ lid }) => lid));
        const tokens = await tokenMoves(this.#parts.reads, moved);
        sessions += await this.#move(moved, [...learnt, ...tokens], land);
        this.#swept.add(moved);
      };
      for (let start = 0; start < mappings.length; start += USERS_PER_COMMIT) {
        const piece = mappings.slice(start, start + USERS_PER_COMMIT);
        reports.push(await this.#parts.lid.learn(piece, { ...request, commit }));
        if (request.offline === true) continue;
        sessions += await this.#sweep(piece.filter(({ lid, phoneNumber: pn }) => !this.isSwept({ pn, lid })));
      }
      return {
        written: reports.reduce((sum, { written }) => sum + written, 0),
        resolved: reports.flatMap(({ resolved }) => resolved),
        contradicted: [...new Set(reports.flatMap(({ contradicted }) => contradicted))],
        refused: reports.reduce((sum, { refused }) => sum + refused, 0),
        sessions,
      };
    });
  }

  /** Whether nothing is under the phone number of a user any more, as far as this process has looked. */
  isSwept(user: MovedUser): boolean {
    return this.#swept.has(user);
  }

  /**
   * Moves what is left under these phone numbers to the LIDs that are known, once for each user: see
   * `Directory.learn`.
   *
   * @returns How many sessions were moved.
   * @throws {StoreError}
   */
  async settle(phoneNumbers: readonly string[]): Promise<number> {
    const asked = phoneNumbers.map((phoneNumber) => ({ phoneNumber }));
    return await this.#turn.withKeys([TURN], async () => {
      let sessions = 0;
      for (let start = 0; start < asked.length; start += USERS_PER_COMMIT) {
        sessions += await this.#sweep(asked.slice(start, start + USERS_PER_COMMIT));
      }
      return sessions;
    });
  }

  /** Something may have come under the phone numbers of these LIDs. */
  unsettle(lids: readonly string[]): void {
    this.#swept.delete(lids);
  }

  /**
   * Somebody else has changed mappings: until a phone number's is seen again, state may have come under it.
   */
  follow(writes: readonly Write[]): void {
    for (const write of writes) {
      if (write.kind === "lidMapping.put") this.#swept.delete(write.entries.map(({ lid }) => lid));
      else if (write.kind === "lidMapping.delete") this.#swept.clear();
    }
  }

  /**
   * Moves what an earlier migration has left, of mappings that are known: it was in doubt, or died, or was
   * not the directory's.
   */
  async #sweep(asked: readonly Pick<LearntMapping, "phoneNumber">[]): Promise<number> {
    const { lid: names, signal, reads } = this.#parts;
    const phoneNumbers = [...new Set(asked.map(({ phoneNumber }) => phoneNumber))];
    const users = await Promise.all(phoneNumbers.map((pn) => names.userOf(addressOf(pn))));
    // By LID: of two that seem to have one, while others change the mappings, one is wrong.
    const unswept = users.filter((user) => user !== undefined && !this.isSwept(user));
    const known = [...new Map(unswept.map((user) => [user?.lid, user])).values()] as MovedUser[];
    if (known.length === 0) return 0;
    const [withState, lists, tokens] = await Promise.all([
      signal.usersToMove(known),
      reads.getDevicesFor(known.map(({ pn }) => pn)),
      tokenMoves(reads, known),
    ]);
    const left = known.filter((user, index) => withState.includes(user) || lists[index] !== undefined);
    const sessions = left.length + tokens.length === 0 ? 0 : await this.#move(left, tokens);
    this.#swept.add(known);
    return sessions;
  }

  /** @returns How many sessions were moved. */
  async #move(users: readonly MovedUser[], writes: readonly Write[], moved?: () => void): Promise<number> {
    const { devices, signal } = this.#parts;
    let sessions = 0;
    await devices.moveUsers(users, async (lists: readonly Write[]) => {
      const report = await signal.moveUsers(users, { writes: [...writes, ...lists], moved });
      sessions = report.sessions;
    });
    return sessions;
  }
}

function addressOf(pn: string): string {
  return formatSignalAddress({ user: pn, server: "c.us", device: 0 });
}
