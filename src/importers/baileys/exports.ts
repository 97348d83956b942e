import type { Backend } from "../../backend/mod.ts";
import { systemRandom } from "../../ports/mod.ts";
import type { FolderWriter } from "../ports.ts";
import type { ForeignReport } from "../report.ts";
import { requirePort } from "../require_port.ts";
import { storedAccount } from "../stored_account.ts";
import { writeBaileysFolder } from "./export_folder.ts";

/**
 * Writes the account of a backend as the folder of `useMultiFileAuthState` (Baileys 7). The account must be
 * closed, and must not be opened again while Baileys uses the folder: retire it.
 *
 * Keys that the account may have used are burned in the folder. The credentials are written last, so that an
 * export that was interrupted cannot be used.
 *
 * @param folder Must be empty.
 * @throws {RefusedError} When there is no account, or the folder is not empty.
 *
 * @example
 * ```ts
 * import { diskFolder, exportBaileysFolder } from "@holdfast/store/importers";
 * import { libsqlBackend } from "@holdfast/store/libsql";
 *
 * async function moveOut() {
 *   const backend = await libsqlBackend({ url: "file:bot.db" });
 *   await exportBaileysFolder(backend, diskFolder("baileys_auth_info"));
 * }
 * ```
 */
export async function exportBaileysFolder(backend: Backend, folder: FolderWriter): Promise<ForeignReport> {
  requirePort("export account: the folder", folder, ["begin", "create"]);
  return await writeBaileysFolder(await storedAccount(backend, "Baileys folder"), folder, systemRandom);
}
