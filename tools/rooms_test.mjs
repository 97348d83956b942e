import { existsSync, readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

/** Folders of fixtures, generated code and what is in the line of their parent. */
const WITHOUT_A_LINE =
  /\/(gen|node_modules|\d+)$|^test\/(chaos|runtime|support|kit|upgrade)\/.|^tools\/drivers\/./;

/** Folders of folders. @type {readonly string[]} */
const ONLY_FOLDERS = ["src/adapters"];

/** @param {string} folder @param {number} depth @returns {string[]} */
function foldersIn(folder, depth) {
  const below = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return below.flatMap(({ name }) => {
    const path = `${folder}/${name}`;
    return [path, ...(depth > 1 ? foldersIn(path, depth - 1) : [])];
  });
}

/** The page says where these writes are. */
const WITHOUT_A_FILE = "adapters/sqlite/device_writes.ts";

const listed = [...readFileSync("docs/design/rooms.md", "utf8").matchAll(/^\| `([^`]+)` \|/gm)].map(
  ([, folder = ""]) => folder,
);

test("docs/design/rooms.md has a line for each folder", () => {
  const folders = ["bench", "src", "test", "tools"]
    .flatMap((root) => foldersIn(root, 2))
    .filter((folder) => !WITHOUT_A_LINE.test(folder) && !ONLY_FOLDERS.includes(folder));
  expect([...listed].sort()).toEqual(folders.sort());
});

test("the paths of docs/design/changes.md exist", () => {
  const page = readFileSync("docs/design/changes.md", "utf8");
  const stores = ["signal", "app_sync", "protocol", "device"];
  const paths = [...page.matchAll(/`([a-z_]+(?:\/[\w<>.-]+)+)`/g)].map(([, path = ""]) => path);
  const missing = paths
    .filter((path) => !path.includes("*"))
    .flatMap((path) => (path.includes("<store>") ? stores.map((s) => path.replaceAll("<store>", s)) : [path]))
    .filter((path) => path !== WITHOUT_A_FILE)
    .filter((path) => !/[<>]/.test(path) && !existsSync(path) && !existsSync(`src/${path}`));
  expect(paths.length).toBeGreaterThan(50);
  expect(missing).toEqual([]);
});
