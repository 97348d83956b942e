import { formatSignalAddress, tryParseSignalAddress } from "../addresses/mod.ts";
import type { ProtocolReads, Write } from "../backend/mod.ts";
import { KeyedLock } from "../cache/mod.ts";
import type { MovedUser, SignalUserState } from "../signal/mod.ts";
import type { DeviceRegistry } from "./devices/mod.ts";
import type { CommitLearnt, LearnReport, LearnRequest, LearntMapping, LidPnCache } from "./lid/mod.ts";
import { SweptUsers } from "./swept_users.ts";

/** Users that one commit moves: with a few devices each, some thousand rows. */
const USERS_PER_COMMIT = 250;

/** One migration at a time: two could hold each other's locks. */
const TURN = "migration";

/** What takes part in a migration. */
export interface MigrationParts {
  readonly lid: LidPnCache;
  readonly devices: DeviceRegistry;
  readonly signal: SignalUserState;
  readonly reads: Pick<ProtocolReads, "getDevicesFor">;
}

/**
 * Learns mappings and moves what they concern, in one commit: locks of the mapping's two ends, of the user's device lists, and of
 * the Signal addresses are taken in this order, and memory follows before the last of them is let go.
 *
 * What is under a phone number says itself that it is to be moved: the mapping may be known already, and not have taken it along.
 */
export class UserMigration {
  readonly #parts: MigrationParts;
  readonly #turn = new KeyedLock();
  readonly #swept = new SweptUsers();

  constructor(parts: MigrationParts) {
    this.#parts = parts;
  }

  /** See `Directory.learn`. */
  async learn(
    mappings: readonly LearntMapping[],
    options: Omit<LearnRequest, "commit">,
  ): Promise<LearnReport> {
    return await this.#turn.withKeys([TURN], async () => {
      const reports: LearnReport[] = [];
      for (let start = 0; start < mappings.length; start += USERS_PER_COMMIT) {
        const piece = mappings.slice(start, start + USERS_PER_COMMIT);
        reports.push(await this.#parts.lid.learn(piece, { ...options, commit: this.#commit }));
        if (options.offline !== true) await this.#sweep(piece);
      }
      return {
        written: reports.reduce((sum, { written }) => sum + written, 0),
        resolved: reports.flatMap(({ resolved }) => resolved),
        contradicted: [...new Set(reports.flatMap(({ contradicted }) => contradicted))],
        refused: reports.reduce((sum, { refused }) => sum + refused, 0),
      };
    });
  }

  /** Somebody else has changed mappings: until a phone number's is seen again, state may have come under it. */
  follow(writes: readonly Write[]): void {
    for (const write of writes) {
      if (write.kind === "lidMapping.put") {
        this.#swept.delete(write.entries.map(({ phoneNumber }) => phoneNumber));
      } else if (write.kind === "lidMapping.delete") this.#swept.clear();
    }
  }

  readonly #commit: CommitLearnt = async (learnt, resolved, land) => {
    const moved = resolved.map(({ phoneNumber, lid }) => ({ pn: phoneNumber, lid }));
    this.#swept.delete(moved.map(({ pn }) => pn));
    await this.#move(moved, learnt, land);
    this.#swept.add(moved);
  };

  /** Moves what an earlier migration has left, of mappings that are known: it was in doubt, or died, or was not the directory's. */
  async #sweep(piece: readonly LearntMapping[]): Promise<void> {
    const { lid: names, signal, reads } = this.#parts;
    const asked = new Set(
      piece.flatMap(({ lid, phoneNumber }) => (this.#swept.has(phoneNumber, lid) ? [] : [phoneNumber])),
    );
    const phoneNumbers = [...asked];
    const lids = await Promise.all(phoneNumbers.map((pn) => stateLid(names, pn)));
    // By LID: of two that seem to have one, while others change the mappings, one is wrong.
    const users = new Map<string, MovedUser>();
    for (const [index, pn] of phoneNumbers.entries()) {
      const lid = lids[index];
      if (lid !== undefined && !this.#swept.has(pn, lid)) users.set(lid, { pn, lid });
    }
    if (users.size === 0) return;
    const known = [...users.values()];
    const [withState, lists] = await Promise.all([
      signal.usersToMove(known),
      reads.getDevicesFor(known.map(({ pn }) => pn)),
    ]);
    const left = known.filter((user, index) => withState.includes(user) || lists[index] !== undefined);
    if (left.length > 0) await this.#move(left, []);
    this.#swept.add(known);
  }

  async #move(users: readonly MovedUser[], learnt: readonly Write[], moved?: () => void): Promise<void> {
    const { devices, signal } = this.#parts;
    await devices.moveUsers(users, async (lists: readonly Write[]) => {
      await signal.moveUsers(users, { writes: [...learnt, ...lists], moved });
    });
  }
}

/** The LID under which a phone number's state is kept. What only a replay has said is none. */
async function stateLid(names: LidPnCache, pn: string): Promise<string | undefined> {
  const address = formatSignalAddress({ user: pn, server: "c.us", device: 0 });
  const resolved = await names.resolveAddress(address);
  return resolved === address ? undefined : tryParseSignalAddress(resolved)?.user;
}
