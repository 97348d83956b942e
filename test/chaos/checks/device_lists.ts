import type { DeviceListRecord, Write } from "../../../src/backend/mod.ts";
import type { Rows } from "./rows.ts";

/** A user has registered anew, as a list says that the account is being sent. */
export interface Registration {
  readonly rawId: number;
  /** Unix seconds. No other list of the user has it. */
  readonly timestamp: number;
}

/**
 * Device lists as applied commits have made them. Lists without a `rawId`, which only Baileys writes, say
 * nothing here.
 */
export class DeviceLists {
  readonly #lists = new Map<string, DeviceListRecord>();
  readonly #registrations = new Map<string, Registration>();
  /** Users of whom both names are known to be one user's. */
  readonly #mapped = new Set<string>();
  readonly #canonical: (name: string) => string;

  /** @param canonical The one name of a user that goes by this one. */
  constructor(canonical: (name: string) => string) {
    this.#canonical = canonical;
  }

  /** The account will be sent a list of another identity: its companions go in the commit that stores it. */
  expect(user: string, registration: Registration): void {
    this.#registrations.set(user, registration);
  }

  /** Takes note of a commit that was applied. @returns What is wrong with it. */
  apply(writes: readonly Write[], rows: Rows): string | undefined {
    for (const write of writes) {
      if (write.kind === "lidMapping.put") for (const { lid } of write.entries) this.#mapped.add(lid);
      const records = write.kind === "deviceList.put" ? write.records : [];
      for (const record of records) {
        const wrong = this.#put(record, rows);
        if (wrong !== undefined) return wrong;
      }
    }
    return undefined;
  }

  #put(record: DeviceListRecord, rows: Rows): string | undefined {
    const user = this.#canonical(record.user);
    const before = this.#lists.get(user);
    this.#lists.set(user, record);
    const isComparable = before?.rawId !== undefined && record.rawId !== undefined;
    if (isComparable && record.timestamp < before.timestamp)
      return `device list of ${user}: an older one came back`;
    const registration = this.#registrations.get(user);
    if (before?.rawId === undefined || registration?.timestamp !== record.timestamp) return undefined;
    if (before.rawId === registration.rawId) return undefined;
    const isKnown = (name: string): boolean => name === record.user || this.#mapped.has(user);
    const left = rows.companionKeys((name) => this.#canonical(name) === user && isKnown(name));
    return left.length === 0 ? undefined : `${left[0]}: it is a companion's of the identity before`;
  }
}
