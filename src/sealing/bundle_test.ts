import { build } from "esbuild";
import { expect, test } from "vitest";

/** Doors of a program that does not encrypt. */
const DOORS = ["root", "memory", "libsql", "node_sqlite", "bun_sqlite", "durable_object", "remote", "worker"];

/** Files of src/sealing in the bundle of some doors. */
async function sealingIn(doors: readonly string[]): Promise<string[]> {
  const { metafile } = await build({
    stdin: {
      contents: doors.map((door) => `export * as ${door} from "./src/exports/${door}.ts";`).join("\n"),
      resolveDir: process.cwd(),
      loader: "ts",
    },
    bundle: true,
    format: "esm",
    packages: "external",
    write: false,
    metafile: true,
    logLevel: "silent",
  });
  return Object.keys(metafile.inputs).filter((file) => file.startsWith("src/sealing/"));
}

test("a program without the option bundles nothing of it", async () => {
  expect(await sealingIn(DOORS)).toEqual([]);
  expect(await sealingIn(["sealing"])).toContain("src/sealing/sealed_core.ts");
});
