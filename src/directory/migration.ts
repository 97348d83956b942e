import type { Write } from "../backend/mod.ts";
import { KeyedLock } from "../cache/mod.ts";
import type { DeviceRegistry } from "../devices/mod.ts";
import type { CommitLearnt, LearnOptions, LearnReport, LearntMapping, LidPnCache } from "../lid/mod.ts";
import type { SignalUserState } from "../signal/mod.ts";

/** Users that one commit moves: with a few devices each, some thousand rows. */
const USERS_PER_COMMIT = 250;

/** One migration at a time: two could hold each other's locks. */
const TURN = "migration";

/** What takes part in a migration. */
export interface MigrationParts {
  readonly lid: LidPnCache;
  readonly devices: DeviceRegistry;
  readonly signal: SignalUserState;
}

/**
 * Learns mappings and moves what they concern, in one commit: locks of the mapping's two ends, of the user's device lists, and of
 * the Signal addresses are taken in this order, and memory follows before the last of them is let go.
 */
export class Migration {
  readonly #parts: MigrationParts;
  readonly #turn = new KeyedLock();

  constructor(parts: MigrationParts) {
    this.#parts = parts;
  }

  /** See `Directory.learn`. */
  async learn(
    mappings: readonly LearntMapping[],
    options: Omit<LearnOptions, "commit">,
  ): Promise<LearnReport> {
    return await this.#turn.withKeys([TURN], async () => {
      const reports: LearnReport[] = [];
      for (let start = 0; start < mappings.length; start += USERS_PER_COMMIT) {
        const piece = mappings.slice(start, start + USERS_PER_COMMIT);
        reports.push(await this.#parts.lid.learn(piece, { ...options, commit: this.#commit }));
      }
      return {
        written: reports.reduce((sum, { written }) => sum + written, 0),
        resolved: reports.flatMap(({ resolved }) => resolved),
      };
    });
  }

  readonly #commit: CommitLearnt = async (learnt, resolved, land) => {
    const { devices, signal } = this.#parts;
    const moved = resolved.map(({ phoneNumber, lid }) => ({ pn: phoneNumber, lid }));
    await devices.moveUsers(moved, async (lists: readonly Write[]) => {
      await signal.moveUsers(moved, { writes: [...learnt, ...lists], moved: land });
    });
  };
}
