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
  failedCommits: number;
  lateCommits: number;
  evictions: number;
  burnedKeys: number;
  sessionsLost: number;
}

export function newCounts(): ChaosCounts {
  return {
    sends: 0,
    receives: 0,
    groupSends: 0,
    groupReceives: 0,
    crashes: 0,
    cleanReopenings: 0,
    secondOwners: 0,
    migrations: 0,
    failedCommits: 0,
    lateCommits: 0,
    evictions: 0,
    burnedKeys: 0,
    sessionsLost: 0,
  };
}

export function addCounts(total: ChaosCounts, counts: ChaosCounts): void {
  for (const name of Object.keys(total) as (keyof ChaosCounts)[]) total[name] += counts[name];
}
