/** The example of the guide over D1, as its reader deploys it, in workerd: a Worker that opens an account for each request. */
import { resolve } from "node:path";
import { build, type Plugin } from "esbuild";
import { Miniflare } from "miniflare";
import { expect, test } from "vitest";
import { miniflareOptions } from "../../src/cli/local_worker_options.ts";
import { examples } from "./examples.ts";

/** The package as it was built. */
const thisPackage: Plugin = {
  name: "this package",
  setup({ onResolve, resolve: resolveBy }) {
    onResolve({ filter: /^@holdfast\/store/ }, ({ path, kind }) =>
      resolveBy(`${resolve(".")}/dist/src/exports${doorOf(path)}.js`, { kind, resolveDir: resolve(".") }),
    );
  },
};

function doorOf(path: string): string {
  const subpath = path.slice("@holdfast/store".length).replaceAll("-", "_");
  return subpath === "" ? "/../../mod" : subpath;
}

test("the example of a Worker with D1 answers each request, over one database", async () => {
  const example = examples().find(({ name }) => name === "docs/guide/drivers.md#D1");
  const { outputFiles } = await build({
    stdin: { contents: example?.code ?? "", loader: "ts", resolveDir: resolve(".") },
    ...{
      bundle: true,
      logLevel: "error",
      format: "esm",
      target: "es2022",
      write: false,
      plugins: [thisPackage],
    },
  });
  const options = miniflareOptions({ script: outputFiles[0]?.text ?? "", durableObjects: {} }) as unknown as {
    readonly workers: readonly { readonly config: { readonly env: Record<string, object> } }[];
  };
  Object.assign(options.workers[0]?.config.env ?? {}, { DB: { type: "d1", id: "bot" } });
  const worker = new Miniflare(options as never);
  try {
    const url = await worker.ready;
    const ask = async (): Promise<unknown> => await (await fetch(url)).json();
    expect(await ask()).toEqual({ registered: false });
    const database = await worker.getD1Database("DB");
    const owners = async (): Promise<unknown> =>
      await database
        .prepare("SELECT name, epoch FROM account")
        .all()
        .then(({ results }) => results);
    expect(await owners()).toEqual([{ name: "bot-1", epoch: 1 }]);
    expect(await ask()).toEqual({ registered: false });
    // The second request opened the account of the first one.
    expect(await owners()).toEqual([{ name: "bot-1", epoch: 2 }]);
  } finally {
    await worker.dispose();
  }
});
