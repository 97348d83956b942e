import { formatSignalAddress } from "../addresses/mod.ts";
import type { ProtocolReads, Write } from "../backend/mod.ts";
import { KeyedLock } from "../cache/mod.ts";
import { RefusedError, requireObject, requireObjects } from "../errors/mod.ts";
import { type MovedUser, type SharedSignalState, SweptUsers } from "../signal/mod.ts";
import type { DeviceRegistry } from "./devices/mod.ts";
import type { CommitLearnt, LearnReport, LearnRequest, LearntMapping, LidPnCache } from "./lid/mod.ts";
import { type TcTokenReads, tcTokenMoves } from "./tc_token_move.ts";

/** Users moved by one commit. With a few devices each, that is a few thousand rows. */
const USERS_PER_COMMIT = 250;

/** Only one migration runs at a time, because two could deadlock on each other's locks. */
const TURN = "migration";

/** The parts of an account that a migration changes. */
export interface MigrationParts {
  readonly lid: LidPnCache;
  readonly devices: DeviceRegistry;
  readonly signal: SharedSignalState;
  readonly reads: Pick<ProtocolReads, "getDevicesFor"> & TcTokenReads;
}

/** The result of learning mappings and moving state. */
export interface MigrationReport extends LearnReport {
  /** Number of moved sessions. */
  readonly sessions: number;
}

/**
 * Learns mappings and moves the state of their users, both in one commit. Locks are taken in this order: both
 * ends of the mapping, the device lists of the user, the Signal addresses. Memory is updated before the last
 * lock is released.
 *
 * State that is stored under a phone number is moved even if the mapping is known already, because an earlier
 * commit of the mapping may not have moved it.
 */
export class UserMigration {
  readonly #parts: MigrationParts;
  readonly #turn = new KeyedLock();
  readonly #swept = new SweptUsers();

  constructor(parts: MigrationParts) {
    this.#parts = parts;
  }

  /** The LID cache that receives the mappings. */
  get lid(): LidPnCache {
    return this.#parts.lid;
  }

  /** See `Directory.learn`. */
  async learn(
    mappings: readonly LearntMapping[],
    request: Omit<LearnRequest, "commit">,
  ): Promise<MigrationReport> {
    requireObjects("learn LIDs: mappings", mappings);
    requireObject("learn LIDs: options", request);
    return await this.#turn.withKeys([TURN], async () => {
      const reports: LearnReport[] = [];
      let sessions = 0;
      const commit: CommitLearnt = async (learnt, resolved, land) => {
        const moved = resolved.map(({ phoneNumber, lid }) => ({ pn: phoneNumber, lid }));
        this.#swept.delete(moved.map(({ lid }) => lid));
        const tokens = await tcTokenMoves(this.#parts.reads, moved);
        sessions += await this.#move(moved, [...learnt, ...tokens], land);
        this.#swept.add(moved);
      };
      await inPieces(mappings, async (piece) => {
        reports.push(await this.#parts.lid.learn(piece, { ...request, commit }));
        if (request.offline === true) return;
        sessions += await this.#sweep(piece.filter(({ lid, phoneNumber: pn }) => !this.isSwept({ pn, lid })));
      });
      return {
        written: reports.reduce((sum, { written }) => sum + written, 0),
        resolved: reports.flatMap(({ resolved }) => resolved),
        contradicted: [...new Set(reports.flatMap(({ contradicted }) => contradicted))],
        refused: reports.reduce((sum, { refused }) => sum + refused, 0),
        sessions,
      };
    });
  }

  /** Whether this process has checked that no state is left under the phone number of a user. */
  isSwept(user: MovedUser): boolean {
    return this.#swept.has(user);
  }

  /**
   * Moves state that is left under these phone numbers to their known LIDs. Checks each user once; see
   * `Directory.learn`.
   *
   * @returns Number of moved sessions.
   * @throws {StoreError}
   */
  async moveLeftovers(phoneNumbers: readonly string[]): Promise<number> {
    const asked = phoneNumbers.map((phoneNumber) => ({ phoneNumber }));
    return await this.#turn.withKeys([TURN], async () => {
      let sessions = 0;
      await inPieces(asked, async (piece) => {
        sessions += await this.#sweep(piece);
      });
      return sessions;
    });
  }

  /** Nothing is known of what is stored. */
  forgetAll(): void {
    this.#swept.clear();
  }

  /** Marks users for another check, because state may be stored under their phone numbers again. */
  forgetSwept(lids: readonly string[]): void {
    this.#swept.delete(lids);
  }

  /**
   * Follows changes of mappings that other code committed. The users are checked again the next time their
   * mappings are learnt.
   */
  follow(writes: readonly Write[]): void {
    for (const write of writes) {
      if (write.kind === "lidMapping.put") this.#swept.delete(write.entries.map(({ lid }) => lid));
      else if (write.kind === "lidMapping.delete") this.#swept.clear();
    }
  }

  /**
   * Moves state that is left under phone numbers with a known mapping: the earlier migration ended in doubt
   * or in a crash, or other code stored the mapping.
   */
  async #sweep(asked: readonly Pick<LearntMapping, "phoneNumber">[]): Promise<number> {
    const { lid: names, signal, reads } = this.#parts;
    const phoneNumbers = [...new Set(asked.map(({ phoneNumber }) => phoneNumber))];
    const users = await Promise.all(phoneNumbers.map((pn) => names.userOf(addressOf(pn))));
    // Keyed by LID: while other code changes mappings, two phone numbers may seem to have the same LID.
    const unswept = users.filter((user) => user !== undefined && !this.isSwept(user));
    const known = [...new Map(unswept.map((user) => [user?.lid, user])).values()] as MovedUser[];
    if (known.length === 0) return 0;
    const [withState, lists, tokens] = await Promise.all([
      signal.usersToMove(known),
      reads.getDevicesFor(known.map(({ pn }) => pn)),
      tcTokenMoves(reads, known),
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

/** Moves some users at a time, and fewer when the state of these is too large for one commit. */
async function inPieces<T>(
  items: readonly T[],
  move: (piece: readonly T[]) => Promise<void>,
  size: number = USERS_PER_COMMIT,
): Promise<void> {
  for (let start = 0; start < items.length; start += size) {
    const piece = items.slice(start, start + size);
    try {
      await move(piece);
    } catch (error) {
      if (!(error instanceof RefusedError) || piece.length === 1) throw error;
      await inPieces(piece, move, Math.ceil(piece.length / 2));
    }
  }
}

function addressOf(pn: string): string {
  return formatSignalAddress({ user: pn, server: "c.us", device: 0 });
}
