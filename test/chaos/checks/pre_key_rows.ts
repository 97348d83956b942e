import type { Write } from "../../../src/backend/mod.ts";
import { hexOf } from "../../../src/bytes/mod.ts";

/** One-time pre-keys as applied commits have made them. */
export class PreKeyRows {
  readonly #records = new Map<number, string>();

  /** Takes note of a commit that was applied. @returns What is wrong with it. */
  apply(writes: readonly Write[]): string | undefined {
    for (const write of writes) {
      if (write.kind === "preKey.remove") this.#records.delete(write.id);
      if (write.kind !== "preKey.put") continue;
      const record = hexOf(write.record);
      const before = this.#records.get(write.id);
      if (before !== undefined && before !== record)
        return `pre-key ${write.id}: another one was stored in its place`;
      this.#records.set(write.id, record);
    }
    return undefined;
  }
}
