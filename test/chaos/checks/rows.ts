import { parseSignalAddress } from "../../../src/addresses/mod.ts";
import type { Backend, Lease, Write } from "../../../src/backend/mod.ts";
import { hexOf } from "../../../src/bytes/mod.ts";
import { ABSENT, type Digest, identityDigest, sessionNames, storedDigest } from "./record_digest.ts";

/** A row as a commit wrote it. */
interface Row {
  readonly bytes: Uint8Array;
  readonly lease: Lease | undefined;
  readonly digest: Digest;
}

/** The rows of the cache as applied commits have made them: what the database must have. */
export class Rows {
  readonly #rows = new Map<string, Row>();
  readonly #touched = new Set<string>();

  /** Applies a commit, and says what has become of which key. */
  apply(writes: readonly Write[]): { readonly key: string; readonly digest: Digest }[] {
    const changes = new Map<string, Digest>();
    for (const write of writes) {
      const change = this.#apply(write);
      if (change === undefined) continue;
      this.#touched.add(change.key);
      changes.set(change.key, change.digest);
    }
    return [...changes].map(([key, digest]) => ({ key, digest }));
  }

  /** Whether a session is stored anywhere, current or archived. */
  hasSession(base: string): boolean {
    for (const [key, { bytes }] of this.#rows)
      if (key.startsWith("session:") && sessionNames(bytes).bases.includes(base)) return true;
    return false;
  }

  has(key: string): boolean {
    return this.#rows.has(key);
  }

  /** Keys of everything under a phone number. */
  keysOf(phoneNumber: string): string[] {
    return [...this.#rows.keys()].filter(
      (key) => key.includes(`${phoneNumber}@c.us`) || key.includes(`${phoneNumber}:`),
    );
  }

  /** Keys of the sessions and identities of all devices but the first of a user, whom any name may be. */
  companionKeys(isUser: (name: string) => boolean): string[] {
    return [...this.#rows.keys()].filter((key) => {
      const at = key.indexOf(":");
      if (key.startsWith("senderKey:")) return false;
      const { user, device } = parseSignalAddress(key.slice(at + 1));
      return device !== 0 && isUser(user);
    });
  }

  /** The sending chains of all sessions at these addresses. */
  chainsAt(addresses: readonly string[]): Set<string> {
    const chains = new Set<string>();
    for (const address of addresses) {
      const row = this.#rows.get(`session:${address}`);
      if (row !== undefined) for (const chain of sessionNames(row.bytes).chains) chains.add(chain);
    }
    return chains;
  }

  /**
   * Whether what was put may leave only after a commit. The cache's ticket says so a moment longer: until it
   * has learnt of the commit that the lease came with. Relaxed, a chain may have taken its lease over from
   * the one before it.
   */
  needsCommit(key: string, { next, chain }: Digest, isStrict: boolean): boolean {
    const row = this.#rows.get(key);
    if (row?.lease !== undefined && row.digest.chain === chain) return row.lease.reservedUntil < next;
    return isStrict && next > 0;
  }

  /** A row that would burn keys though the process that wrote it ended well. */
  findReserve(incarnation: string): string | undefined {
    for (const [key, { lease, digest }] of this.#rows)
      if (lease?.incarnation === incarnation && lease.reservedUntil > digest.next) return key;
    return undefined;
  }

  /** Keys that commits have written since the last call. */
  takeTouched(): string[] {
    const touched = [...this.#touched];
    this.#touched.clear();
    return touched;
  }

  /** What the database has otherwise. */
  async compare(backend: Backend, key: string): Promise<string | undefined> {
    const at = key.indexOf(":");
    const [store, address] = [key.slice(0, at), key.slice(at + 1)];
    const expected = this.#rows.get(key);
    const row =
      store === "session"
        ? await backend.loadSessionRow(address)
        : store === "senderKey"
          ? await backend.loadSenderKeyRow(address)
          : await identityRow(backend, address);
    if (row === undefined || expected === undefined)
      return row === expected ? undefined : `${key}: the row is ${row === undefined ? "gone" : "back"}`;
    const isSame =
      hexOf(row.record) === hexOf(expected.bytes) &&
      row.lease?.reservedUntil === expected.lease?.reservedUntil &&
      row.lease?.incarnation === expected.lease?.incarnation;
    return isSame ? undefined : `${key}: the row is not what the last commit wrote`;
  }

  #apply(write: Write): { readonly key: string; readonly digest: Digest } | undefined {
    switch (write.kind) {
      case "session.put":
        return this.#put(
          `session:${write.address}`,
          write.record,
          write.lease,
          storedDigest("session", write.record),
        );
      case "session.delete":
        return this.#delete(`session:${write.address}`);
      case "senderKey.put":
        return this.#put(
          `senderKey:${write.name}`,
          write.record,
          write.lease,
          storedDigest("senderKey", write.record),
        );
      case "senderKey.delete":
        return this.#delete(`senderKey:${write.name}`);
      case "identity.put":
        return this.#put(`identity:${write.address}`, write.key, undefined, identityDigest(write.key));
      case "identity.delete":
        return this.#delete(`identity:${write.address}`);
      default:
        return undefined;
    }
  }

  #put(
    key: string,
    bytes: Uint8Array,
    lease: Lease | undefined,
    digest: Digest,
  ): { key: string; digest: Digest } {
    this.#rows.set(key, { bytes: new Uint8Array(bytes), lease, digest });
    return { key, digest };
  }

  #delete(key: string): { key: string; digest: Digest } {
    this.#rows.delete(key);
    return { key, digest: ABSENT };
  }
}

async function identityRow(
  backend: Backend,
  address: string,
): Promise<{ record: Uint8Array; lease?: undefined } | undefined> {
  const record = await backend.loadIdentity(address);
  return record && { record };
}
