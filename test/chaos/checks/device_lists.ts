import type { DeviceListRecord, Write } from "../../../src/backend/mod.ts";
import type { Rows } from "./rows.ts";

/**
 * Device lists as applied commits have made them. Lists without a `rawId`, which only Baileys writes, say
 * nothing here.
 */
export class DeviceLists {
  readonly #lists = new Map<string, DeviceListRecord>();
  /** Registrations of users that others have followed. */
  readonly #former = new Map<string, Set<number>>();
  /** Users of whom both names are known to be one user's. */
  readonly #mapped = new Set<string>();
  readonly #canonical: (name: string) => string;

  /** @param canonical The one name of a user that goes by this one. */
  constructor(canonical: (name: string) => string) {
    this.#canonical = canonical;
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

  /** The `rawId` of the list that is stored. */
  rawIdOf(user: string): number | undefined {
    return this.#lists.get(user)?.rawId;
  }

  #put(record: DeviceListRecord, rows: Rows): string | undefined {
    const user = this.#canonical(record.user);
    const before = this.#lists.get(user);
    this.#lists.set(user, record);
    const former = this.#former.get(user) ?? new Set();
    this.#former.set(user, former);
    if (before?.rawId === undefined || record.rawId === undefined || before.rawId === record.rawId)
      return undefined;
    if (former.has(record.rawId)) return `device list of ${user}: one of an identity before came back`;
    former.add(before.rawId);
    const isKnown = (name: string): boolean => name === record.user || this.#mapped.has(user);
    const left = rows.companionKeys((name) => this.#canonical(name) === user && isKnown(name));
    return left.length === 0 ? undefined : `${left[0]}: it is a companion's of the identity before`;
  }
}
