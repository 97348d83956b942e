/** Published prices of what an account's state uses, in dollars. Free allowances are left out. */
export const PRICES = {
  readOn: "1 December 2026",
  /** https://developers.cloudflare.com/workers/platform/pricing/ */
  workerRequest: 0.3e-6,
  /** https://developers.cloudflare.com/durable-objects/platform/pricing/ */
  objectRequest: 0.15e-6,
  objectRowWritten: 1e-6,
  objectGbSecond: 12.5e-6,
  /** https://turso.tech/pricing */
  tursoRowWritten: 1e-6,
} as const;

/** Memory for which an object that is awake is billed, in gigabytes. */
const OBJECT_GB = 0.128;

const SECONDS_PER_MONTH = 30 * 24 * 3_600;

/** What an object costs that a connected socket keeps awake for a month. */
export const AWAKE_MONTH: number = OBJECT_GB * SECONDS_PER_MONTH * PRICES.objectGbSecond;

/** What is billed of some traffic. */
export interface Billed {
  readonly commits: number;
  readonly rows: number;
}

/** State in a service on Workers: each commit is a request to the Worker and one to the account's object. */
export function inObject({ commits, rows }: Billed): number {
  return commits * (PRICES.workerRequest + PRICES.objectRequest) + rows * PRICES.objectRowWritten;
}

/** State in a Turso database. */
export function inTurso({ rows }: Billed): number {
  return rows * PRICES.tursoRowWritten;
}
