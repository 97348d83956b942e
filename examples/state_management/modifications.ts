/**
 * Modifications: use a command if there is one, else `modifyDevice`.
 *
 * A command changes related fields together and applies their rules (a salt from history sync never replaces
 * an authoritative one, pre-key counters never go back). `modifyDevice` passes a draft; the result is checked
 * and published as a whole, or not at all. Either way the change is in memory at once, and the background
 * saver saves it within its interval. Call `await account.flush()` to make it durable now.
 *
 * In a project of your own the imports are `@holdfast/store` and `@holdfast/store/memory`.
 */
import { openAccount } from "../../mod.ts";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";

const database = new MemoryDatabase();

{
  await using account = await openAccount({ backend: memoryBackend({ database }) });

  // A command sets the version and the time of its fetch together.
  account.device.processCommand({ kind: "setAppVersion", appVersion: [2, 3000, 1_023_223_821] });

  // There is no command for a value of an adapter.
  account.device.modifyDevice((draft) => {
    draft.extra.set("my-adapter.theme", new TextEncoder().encode("dark"));
  });

  // An invalid change throws and changes nothing.
  try {
    account.device.modifyDevice((draft) => {
      draft.pushName = "half done";
      draft.advSecretKey = new Uint8Array(31);
    });
  } catch (error) {
    console.log(`refused: ${(error as Error).message}`);
  }

  const report = await account.flush();
  console.log(`saved ${report.committed} entry in ${report.rows} row`);
}

await using reopened = await openAccount({ backend: memoryBackend({ database }) });
const device = reopened.device.getDeviceSnapshot();

/** The values that the next process reads. */
export const kept: { readonly appVersion: string; readonly theme: string; readonly pushName: string } = {
  appVersion: device.appVersion.join("."),
  theme: new TextDecoder().decode(device.extra.get("my-adapter.theme")),
  pushName: device.pushName,
};
console.log("after reopening:", kept);
