/** What runs did. */
export interface ChaosCounts {
  sends: number;
  receives: number;
  groupSends: number;
  groupReceives: number;
  crashes: number;
  cleanReopenings: number;
  secondOwners: number;
  migrations: number;
  registrations: number;
  /** Sessions that were archived, and that came back out of the archive, of the client whose record tells. */
  archived: number;
  promoted: number;
  failedCommits: number;
  lateCommits: number;
  evictions: number;
  burnedKeys: number;
  longOutages: number;
  /** Messages that were refused in long outages. */
  refusedSends: number;
  clones: number;
  sessionsLost: number;
}

/** Names of the counts as they are printed. */
const NAMES: Readonly<Record<keyof ChaosCounts, string>> = {
  sends: "sends",
  receives: "receives",
  groupSends: "group sends",
  groupReceives: "group receives",
  crashes: "crashes",
  cleanReopenings: "clean reopenings",
  secondOwners: "second owners",
  migrations: "migrations",
  registrations: "registrations anew",
  archived: "sessions archived",
  promoted: "sessions promoted",
  failedCommits: "failed commits",
  lateCommits: "late commits",
  evictions: "evicted and read again",
  burnedKeys: "burned keys",
  longOutages: "long outages",
  refusedSends: "sends refused in them",
  clones: "cloned machines",
  sessionsLost: "sessions lost (relaxed)",
};

const KEYS = Object.keys(NAMES) as (keyof ChaosCounts)[];

export function newCounts(): ChaosCounts {
  return Object.fromEntries(KEYS.map((key) => [key, 0])) as unknown as ChaosCounts;
}

export function countsLine(counts: ChaosCounts): string {
  return KEYS.map((key) => `${counts[key]} ${NAMES[key]}`).join(", ");
}

export function addCounts(total: ChaosCounts, counts: ChaosCounts): void {
  for (const key of KEYS) total[key] += counts[key];
}
