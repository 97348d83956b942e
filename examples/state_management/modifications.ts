/**
 * Modifications: use a command where there is one, `modifyDevice` where there is none.
 *
 * A command changes what must change together and knows the rules (a salt from history sync never replaces an
 * authoritative one, pre-key counters never go back). `modifyDevice` gives you a draft; the result is checked
 * and published as a whole, or not at all. Either way the change is in memory at once, dirty, and saved in
 * the background within the saver's interval. `await account.flush()` where you need to know that it is
 * durable.
 *
 * In a project of your own the imports are `@holdfast/store` and `@holdfast/store/memory`.
 */
import { openAccount } from "../../mod.ts";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";

const database = new MemoryDatabase();

{
  await using account = await openAccount({ backend: memoryBackend({ database }) });

  // A command: the version and the time of its fetch are never seen apart.
  account.device.processCommand({ kind: "setAppVersion", appVersion: [2, 3000, 1_023_223_821] });

  // No command for this: a value of an adapter's own.
  account.device.modifyDevice((draft) => {
    draft.extra.set("my-adapter.theme", new TextEncoder().encode("dark"));
  });

  // A change that is not valid throws and changes nothing.
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

/** What the next process sees. */
export const kept: { readonly appVersion: string; readonly theme: string; readonly pushName: string } = {
  appVersion: device.appVersion.join("."),
  theme: new TextDecoder().decode(device.extra.get("my-adapter.theme")),
  pushName: device.pushName,
};
console.log("after reopening:", kept);
