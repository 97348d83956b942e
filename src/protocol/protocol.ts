import { ArgumentTypeError, CorruptError } from "../errors/mod.ts";
import { ByteReader } from "./_byte_reader.ts";
import type { PacedScope } from "./answer_call.ts";
import { CallSizeError } from "./call_limits.ts";
import { ProtocolVersionError } from "./protocol_version_error.ts";
import { FIRST_VERSION, PROTOCOL_VERSION } from "./version.ts";
import { type BackendCall, versionOf, WIRE_TABLES, Wire, type WireTables } from "./wire.ts";

/**
 * Maximum number of items of all lists and maps of one call: its rows and their parts. Otherwise a body of
 * some megabytes could take gigabytes.
 */
const MAX_CALL_ITEMS = 100_000;

/** The protocol versions that one release speaks: its own and the previous one. */
export class Protocol {
  /** The release's own version, used for calls. */
  readonly wire: Wire;
  /** The accepted versions, its own first. */
  readonly versions: readonly number[];
  readonly #wires: readonly Wire[];

  constructor(version: number, tables: WireTables = WIRE_TABLES) {
    this.wire = new Wire(version, tables);
    this.#wires = version > FIRST_VERSION ? [this.wire, new Wire(version - 1, tables)] : [this.wire];
    this.versions = this.#wires.map((wire) => wire.version);
  }

  /**
   * Decodes a call. Its bytes are views of the body, which the call owns.
   *
   * @param scope `onItems` counts the items of each list before they are read, `startPacer` paces long work.
   * @throws {ProtocolVersionError} When its version is not supported or missing.
   * @throws {TypeError} When it is malformed.
   * @throws {CallSizeError} When it is larger than its limits.
   */
  async decodeCall(
    body: Uint8Array,
    { onItems, startPacer }: Pick<PacedScope, "onItems" | "startPacer"> = {},
  ): Promise<BackendCall> {
    let items = 0;
    const reader = new ByteReader(body, {
      copies: false,
      maxItems: MAX_CALL_ITEMS,
      onItems: (count) => {
        items += count;
        if (items > MAX_CALL_ITEMS) throw new CallSizeError("decode call: too many items");
        onItems?.(count);
      },
    });
    const version = versionOf(reader);
    const wire = this.#wires.find((spoken) => spoken.version === version);
    if (wire === undefined) throw this.refusalOf(version);
    try {
      return await wire.decodeCall(reader, startPacer?.());
    } catch (cause) {
      // The body is damaged, not the store.
      if (cause instanceof CorruptError) throw new ArgumentTypeError("decode call: malformed", { cause });
      throw cause;
    }
  }

  /** The error for an unsupported or missing version. */
  refusalOf(version: number | undefined): ProtocolVersionError {
    const asked = version === undefined ? "a call without a protocol version" : `protocol ${version}`;
    const spoken = this.versions.toSorted((a, b) => a - b).join(" and ");
    return new ProtocolVersionError(`call: ${asked} is not spoken here, the service speaks ${spoken}`);
  }
}

/** The protocol of this release. */
export const PROTOCOL: Protocol = /* @__PURE__ */ new Protocol(PROTOCOL_VERSION);
