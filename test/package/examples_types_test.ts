/**
 * Every TypeScript block of the README, the guides and the site in a strict project of a user, against the types of
 * the packed package, whose declarations are checked too. One program for all of them: it reads the types of the
 * packages that they import once.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Example, examples } from "../guide/examples.ts";
import { packedPackage, runProgram, unpackInto } from "../support/programs/packed_package.ts";

/** Inside node_modules, so that packages are found. The package itself is found in its own node_modules first. */
const FOLDER = resolve("node_modules/.cache/holdfast-example-types", String(process.pid));

/** On a busy machine. */
const TIMEOUT_MS = 120_000;

const COMPILER_OPTIONS = {
  ...{ target: "ES2022", module: "NodeNext", noEmit: true, types: ["node"] },
  lib: ["ES2023", "ESNext.Disposable", "DOM", "DOM.Iterable"],
  ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false },
};

/** What each option must find: without them the rest proves little. */
const MISTAKES = `
import { openAccount, type OpenAccountOptions } from "@holdfast/store";
export const first: string = (["a"] as string[])[0];
export const options: Partial<OpenAccountOptions> = { taskLabel: 5 };
export const exact: { readonly name?: string } = { name: undefined };
export const loose = (value) => openAccount(value);
`;

/** `deno check` knows Deno's own globals: see "examples in documentation" in tools/check.mjs. */
const isForDeno = ({ code }: Example): boolean => code.includes("Deno.");

const checked = examples().filter((example) => !isForDeno(example));

/** What the compiler says, one line each, by the name of the file. */
const said = new Map<string, string[]>();

beforeAll(async () => {
  mkdirSync(FOLDER, { recursive: true });
  const tarball = await packedPackage();
  const project = { folder: FOLDER, run: async () => "", [Symbol.asyncDispose]: async () => {} };
  await unpackInto(project, tarball, []);
  writeFileSync(join(FOLDER, "package.json"), '{ "private": true, "type": "module" }');
  writeFileSync(
    join(FOLDER, "tsconfig.json"),
    JSON.stringify({ compilerOptions: COMPILER_OPTIONS, include: ["*.ts"] }),
  );
  writeFileSync(join(FOLDER, "mistakes.ts"), MISTAKES);
  // A block without an import would be no module.
  for (const [index, { code }] of checked.entries())
    writeFileSync(join(FOLDER, `${index}.ts`), `${code}\nexport {};\n`);
  const args = [resolve("node_modules/typescript-native/bin/tsc"), "--pretty", "false", "-p", "."];
  const { stdout } = await runProgram(process.execPath, args, { cwd: FOLDER }).catch(
    (error: { readonly stdout: string }) => error,
  );
  for (const line of stdout.split("\n")) {
    const [, file = "", message = ""] = /^(\S.*?)\(\d+,\d+\): error (.*)$/.exec(line) ?? [];
    if (file !== "") said.set(file, [...(said.get(file) ?? []), message]);
  }
}, TIMEOUT_MS);

afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

test("the examples of the documentation have the types that a strict project asks for", () => {
  expect(checked.length).toBeGreaterThan(20);
  const wrong = checked.flatMap(({ name }, index) => {
    const messages = said.get(`${index}.ts`) ?? [];
    return messages.map((message) => `${name}: ${message}`);
  });
  expect(wrong).toEqual([]);
});

test("the declarations of the package are right by themselves", () => {
  // Those of other packages are not ours to mend.
  const own = [...said].filter(([file]) => file.includes("@holdfast/store"));
  expect(own).toEqual([]);
});

test("mistakes of each kind are found", () => {
  const codes = (said.get("mistakes.ts") ?? []).map((message) => message.slice(0, "TS0000".length));
  expect(codes).toEqual(["TS2322", "TS2322", "TS2375", "TS7006"]);
});
