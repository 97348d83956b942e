import type { Device, Write } from "../backend/mod.ts";
import type { Tally } from "./report.ts";

/** What to do with what cannot be imported. */
export interface ReadingOptions {
  /**
   * Whether to leave out what does not decode, instead of failing. The credentials must decode in any case. A
   * session or sender key that is left out is set up anew by the client. Defaults to false.
   */
  readonly skipDamaged?: boolean | undefined;
  /**
   * Whether to leave out what Baileys 6 stored in a form that later versions cannot use, instead of failing:
   * sessions of LIDs under a phone number's name, and sender keys. Defaults to false.
   */
  readonly skipVersion6?: boolean | undefined;
}

/** The state of another client's account. */
export interface ForeignState {
  /** Named in the report and in errors, such as `Baileys folder`. */
  readonly source: string;
  /**
   * Reads the whole state, in bounded memory, once.
   *
   * @throws {IncompatibleError} When it is of a kind or version that is not supported.
   * @throws {CorruptError} When a part does not decode.
   */
  open(tally: Tally, options: ReadingOptions): Promise<OpenedState>;
}

/** A foreign state that was recognised. */
export interface OpenedState {
  readonly device: Device;
  /** Everything but the device: see `NamedWrite`. */
  rows(): AsyncIterable<NamedWrite>;
}

/** A write, with what it came from. */
export interface NamedWrite {
  readonly kind: string;
  readonly name: string;
  readonly write: Write;
}
