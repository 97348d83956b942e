import type { Write, WriteOf } from "../backend/mod.ts";
import { liveSenderKeyCodec, liveSessionCodec } from "../ratchet/mod.ts";
import type { Tally } from "./report.ts";
import type { RecordExporter } from "./stored_account.ts";

/**
 * The bytes of a session or sender key for another client, in the standard format; `undefined` when they do
 * not decode. Counts what is left out.
 */
export function exportedRecord(
  write: WriteOf<"session.put"> | WriteOf<"senderKey.put">,
  records: RecordExporter,
  tally: Tally,
  table: string,
): { readonly bytes: Uint8Array; readonly sends: boolean } | undefined {
  const isSession = write.kind === "session.put";
  const name = isSession ? write.address : write.name;
  const opened = isSession ? records.open(write, liveSessionCodec) : records.open(write, liveSenderKeyCodec);
  if (opened.kind === "damaged") {
    tally.skip(table, "damaged", name);
    return undefined;
  }
  if (opened.kind === "silent") tally.skip(table, "outdated", name);
  const { value } = opened;
  const sends = "sendingState" in value ? value.sendingState !== undefined : value.sendingChain !== undefined;
  return { bytes: value.encode(), sends };
}

/** Notes rows that another client has no place for. */
export function noteNotKept(write: Write, tally: Tally): void {
  if (write.kind === "device.save") return;
  tally.found(write.kind);
  tally.skip(write.kind, "not-kept", write.kind);
}
