import type { KeptBackup, KeptBackups } from "../../../console/mod.ts";
import type { ScheduledBackups } from "../../../service/mod.ts";
import type { BackupFolder } from "../backup_folder.ts";

/** The name of a backup: the time at which it was made, in milliseconds. */
const NAME = /^\d{1,15}$/;

/** The backups of a service in a folder, as the console uses them. */
export function keptBackups(
  scheduled: ScheduledBackups,
  folder: BackupFolder,
  passphrase: string | undefined,
): KeptBackups {
  return {
    passphrase,
    stats: (account) => scheduled.stats(account),
    dueAtMs: (account) => scheduled.dueAtMs(account),
    async list(account) {
      const found: KeptBackup[] = [];
      for (const madeAtMs of await scheduled.list(account)) {
        const bytes = await folder.sizeOf({ account, madeAtMs });
        // It was removed since it was listed.
        if (bytes !== undefined) found.push({ name: String(madeAtMs), atMs: madeAtMs, bytes });
      }
      return found;
    },
    async make(account) {
      const madeAtMs = await scheduled.backUpNow(account);
      return madeAtMs === undefined ? undefined : String(madeAtMs);
    },
    async read(account, name) {
      const madeAtMs = NAME.test(name) ? Number(name) : undefined;
      if (madeAtMs === undefined || !(await scheduled.list(account)).includes(madeAtMs)) return undefined;
      return folder.read({ account, madeAtMs });
    },
  };
}
