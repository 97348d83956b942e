import { isObject, type JsonObject, parsedJson } from "../../baileys/convert/mod.ts";
import { encodeUtf8, joinBytes } from "../../bytes/mod.ts";
import { CorruptError } from "../../errors/mod.ts";
import type { KeyValueOptions } from "./key_value_state.ts";
import { type BaileysState, namedEntry, type StateEntry } from "./state_entry.ts";

/** Names of the column of an entry's name, and of its value. */
const NAME_FIELDS: readonly string[] = ["id", "_id", "key"];
const VALUE_FIELDS: readonly string[] = ["value", "data"];

/** Maximum length of one line, in bytes. The largest values are collections of app state. */
export const MAX_LINE_BYTES: number = 64 * 1024 * 1024;

const NEWLINE = 0x0a;

/**
 * A dump of a state of the community, one JSON object on each line: `{"id": name, "value": …}`, where the
 * value is JSON or text of JSON. A document of MongoDB, `{"_id": name, …}`, may have the value's members
 * beside its name.
 *
 * @param open Opens the text. Called a few times, because what a mapping says decides about other lines.
 */
export function linesState(
  open: () => AsyncIterable<Uint8Array | string>,
  { prefix = "" }: KeyValueOptions = {},
): BaileysState {
  return {
    source: "Baileys dump",
    unit: "line",
    async *entries() {
      let number = 0;
      for await (const line of linesOf(open())) {
        number += 1;
        if (isBlank(line)) continue;
        const entry = readLine(line, number, prefix);
        if (entry !== undefined) yield entry;
      }
    },
  };
}

function readLine(line: Uint8Array, number: number, prefix: string): StateEntry | undefined {
  const unreadable = (cause: unknown): StateEntry => ({
    name: `line ${number}`,
    key: { kind: "unknown" },
    read: () => Promise.reject(cause),
  });
  let document: unknown;
  try {
    document = parsedJson(`read line ${number}`, line);
  } catch (error) {
    return unreadable(error);
  }
  const nameField = isObject(document)
    ? NAME_FIELDS.find((field) => typeof (document as JsonObject)[field] === "string")
    : undefined;
  if (!isObject(document) || nameField === undefined)
    return unreadable(new CorruptError(`read line ${number}: not an object with id and value`));
  const name = document[nameField] as string;
  if (!name.startsWith(prefix)) return undefined;
  return namedEntry(name.slice(prefix.length), () => readValue(document, nameField));
}

function readValue(document: JsonObject, nameField: string): unknown {
  const { [nameField]: _name, ...rest } = document;
  // Bytes have a member `data`.
  const fields = rest.type === "Buffer" ? [] : VALUE_FIELDS;
  const valueField = fields.find((field) => field in rest);
  return valueField === undefined ? rest : rest[valueField];
}

/** Whether a line has only spaces, or the end of a line of Windows. */
function isBlank(line: Uint8Array): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x0d);
}

/** The lines of a text, without their ends. @throws {CorruptError} When a line is too long. */
async function* linesOf(chunks: AsyncIterable<Uint8Array | string>): AsyncIterable<Uint8Array> {
  let parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    let bytes = typeof chunk === "string" ? encodeUtf8(chunk) : chunk;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE)) {
      yield joinBytes([...parts, bytes.subarray(0, end)]);
      [parts, length] = [[], 0];
      bytes = bytes.subarray(end + 1);
    }
    // A copy: the caller may reuse its chunk.
    parts.push(new Uint8Array(bytes));
    length += bytes.length;
    if (length > MAX_LINE_BYTES) throw new CorruptError("read dump: a line is too long");
  }
  yield joinBytes(parts);
}
