import type { LogEntry } from "../../../src/message_log/mod.ts";

/** An entry that was added. Its number stands in the log as its sender. */
interface Added {
  readonly number: number;
  readonly id: string;
  readonly chat: string;
  readonly addedAtMs: number;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** Whether it must, may or must not be found until it expires. */
  fate: "kept" | "uncertain" | "forgotten";
  isDurable: boolean;
}

/** What a message log must and may find, while calls run at the same time and processes end. */
export class LogModel {
  readonly #added: Added[] = [];
  /** Chats that are being forgotten, once for each call. */
  readonly #forgetting: string[] = [];

  add(entry: Pick<Added, "id" | "chat" | "addedAtMs" | "expiresAt">): Added {
    const fate = this.#forgetting.includes(entry.chat) ? "uncertain" : "kept";
    const added: Added = { ...entry, number: this.#added.length, fate, isDurable: false };
    this.#added.push(added);
    return added;
  }

  /** Ids of the last entries, which are often in memory. */
  lastIds(count: number): string[] {
    return this.#added.slice(-count).map(({ id }) => id);
  }

  /** A call begins that saves everything. Returns what to call when it has resolved. */
  save(): () => void {
    const before = this.#added.filter(({ isDurable }) => !isDurable);
    return () => {
      for (const entry of before) entry.isDurable = true;
    };
  }

  /** A chat is being forgotten. Returns what to call when it has ended. */
  forget(chat: string): (isForgotten: boolean) => void {
    const before = this.#added.filter((entry) => entry.chat === chat && entry.fate !== "forgotten");
    for (const entry of before) entry.fate = "uncertain";
    this.#forgetting.push(chat);
    return (isForgotten) => {
      if (isForgotten) for (const entry of before) entry.fate = "forgotten";
      const at = this.#forgetting.indexOf(chat);
      if (at >= 0) this.#forgetting.splice(at, 1);
    };
  }

  /** The process has ended. Only what was durable is still there for certain. */
  end(isSaved: (addedAtMs: number) => boolean): void {
    this.#forgetting.length = 0;
    for (const entry of this.#added) {
      if (entry.fate === "kept" && !entry.isDurable && !isSaved(entry.addedAtMs)) entry.fate = "uncertain";
      entry.isDurable = true;
    }
  }

  /** A look-up begins. Returns a check of what it has found: what is wrong with it, if anything. */
  look(id: string): (found: readonly LogEntry[], nowS: number) => string | undefined {
    const added = this.#added.length;
    const forgotten = new Set(this.#added.filter(({ fate }) => fate === "forgotten"));
    return (found, nowS) => {
      const valid = this.#added.filter((entry) => entry.id === id && entry.expiresAt > nowS);
      const must = valid.filter(({ number, fate }) => number < added && fate === "kept");
      const may = new Set(valid.filter((entry) => !forgotten.has(entry)).map(({ number }) => number));
      const numbers = found.map(({ sender }) => Number(sender));
      const missing = must.map(({ number }) => number).filter((number) => !numbers.includes(number));
      const surplus = numbers.filter((number) => !may.has(number));
      const isOrdered = numbers.every((number, at) => at === 0 || number < (numbers[at - 1] ?? 0));
      if (missing.length === 0 && surplus.length === 0 && isOrdered) return undefined;
      return `${id}: found [${numbers}], of which [${surplus}] are too many, and [${missing}] not`;
    };
  }
}
