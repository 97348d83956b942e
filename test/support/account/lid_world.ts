import { MemoryDatabase, MemoryFaults, memoryBackend } from "../../../src/adapters/memory/mod.ts";
import type { Backend, LearningSource, LidPnMapping } from "../../../src/backend/mod.ts";
import { PortableCache } from "../../../src/cache/mod.ts";
import {
  type CachedMapping,
  type LearnReport,
  LidPnCache,
  type LidPnCacheParts,
  OwnUsers,
} from "../../../src/directory/lid/mod.ts";
import { FakeClock, RecordingLogger } from "../../../src/testing/mod.ts";

export const LID = "100000000000001";
export const PN = "5511999990001";

/** Sources that may not overwrite a known LID. */
export const WEAK: readonly LearningSource[] = ["other", "pairing", "device_notification"];

/** Sources whose mappings are dated 0. */
export const UNDATED: readonly LearningSource[] = ["migration_sync_old", "blocklist_inactive"];

/** The report of mappings without news. */
export const NOTHING: LearnReport = { written: 0, resolved: [], contradicted: [], refused: 0 };

/** One store. Each cache over it stands for a process of its own. */
export class LidWorld {
  readonly clock: FakeClock = new FakeClock();
  readonly logger: RecordingLogger = new RecordingLogger();
  readonly own: OwnUsers = new OwnUsers();
  readonly faults: MemoryFaults = new MemoryFaults();
  readonly database: MemoryDatabase = new MemoryDatabase();
  readonly backend: Backend = memoryBackend({
    database: this.database,
    clock: this.clock,
    faults: this.faults,
  });
  cache: LidPnCache = this.open();
  /** Called in the middle of each commit. */
  duringCommit: () => Promise<void> = async () => {};

  open(capacity = 10_000, reads: Partial<LidPnCacheParts["reads"]> = {}): LidPnCache {
    const { clock, backend, logger, own } = this;
    const options = { capacity, idleMs: 3_600_000, clock };
    return new LidPnCache({
      reads: {
        getAllLidMappings: () => backend.getAllLidMappings(),
        getLidMapping: (lid) => backend.getLidMapping(lid),
        getLidMappings: (lids) => backend.getLidMappings(lids),
        getPnMapping: (phoneNumber) => backend.getPnMapping(phoneNumber),
        getPnMappings: (phoneNumbers) => backend.getPnMappings(phoneNumbers),
        ...reads,
      },
      commit: async (writes) => {
        await backend.commit(writes);
        await this.duringCommit();
      },
      clock,
      logger,
      own,
      byLid: new PortableCache<string, CachedMapping>(options),
      byPn: new PortableCache<string, CachedMapping>(options),
    });
  }

  learn(
    source: LearningSource,
    lid: string = LID,
    phoneNumber: string = PN,
    createdAt?: number,
  ): Promise<LearnReport> {
    return this.cache.learn([{ lid, phoneNumber, createdAt }], { source });
  }
}

/** A mapping as the store holds it. */
export function mapping(lid: string, phoneNumber: string, createdAt: number): LidPnMapping {
  return { lid, phoneNumber, createdAt, updatedAt: createdAt, learningSource: "usync" };
}
