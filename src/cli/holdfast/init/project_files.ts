import { encodeUtf8, hexOf } from "../../../bytes/mod.ts";
import { systemRandom } from "../../../ports/mod.ts";
import type { Layer, Template } from "./templates.ts";

/** Files of a folder by their paths, with `/` between names. */
export type FolderFiles = ReadonlyMap<string, Uint8Array>;

/** A file of a new project. */
export interface ProjectFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Whether only its owner may read it. */
  readonly isPrivate: boolean;
}

/** Longest name of a Worker. */
const MAX_NAME = 54;

/** Length of a secret of a new project. */
const SECRET_BYTES = 32;

/**
 * The name of a project in its folder, as npm and Cloudflare take it: `My Bot` is `my-bot`.
 *
 * @param otherwise The name where nothing of the folder's can be used.
 */
export function projectName(folder: string, otherwise: string): string {
  const name = folder
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, MAX_NAME)
    .replace(/^-+|-+$/g, "");
  return name === "" ? otherwise : name;
}

/**
 * The files of a project, sorted by path.
 *
 * @param read Reads a folder of `templates`.
 */
export async function projectFiles(
  template: Template,
  name: string,
  read: (folder: string) => Promise<FolderFiles>,
): Promise<ProjectFile[]> {
  const files = new Map<string, ProjectFile>();
  for (const layer of template.layers) {
    for (const [stored, bytes] of await read(layer.folder)) {
      if (layer.without?.includes(stored)) continue;
      const path = `${layer.into === undefined ? "" : `${layer.into}/`}${nameOf(stored)}`;
      files.set(path, { path, bytes: named(stored, bytes, nameIn(name, layer), layer), isPrivate: false });
    }
  }
  if (template.secret !== undefined) {
    const { file: path, name: variable } = template.secret;
    const secret = hexOf(systemRandom.bytes(SECRET_BYTES));
    files.set(path, { path, bytes: encodeUtf8(`${variable}=${secret}\n`), isPrivate: true });
  }
  return [...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** `_gitignore` is `.gitignore`: npm leaves files with that name out of a package. */
function nameOf(stored: string): string {
  return stored.replace(/(^|\/)_(?=[^/]*$)/, "$1.");
}

function nameIn(project: string, { into }: Layer): string {
  return into === undefined ? project : `${project}-${into}`;
}

const NAME_FIELDS: ReadonlyMap<string, RegExp> = new Map([
  ["package.json", /^( {2}"name": )"[^"]*"/m],
  ["wrangler.toml", /^(name = )"[^"]*"/m],
]);

/**
 * A manifest with the name of the project in place of the template's. A layer in a folder of the project uses the
 * packages of the project.
 */
function named(path: string, bytes: Uint8Array, name: string, { into }: Layer): Uint8Array {
  const field = NAME_FIELDS.get(path);
  if (field === undefined) return bytes;
  const above = into === undefined ? "" : "../".repeat(into.split("/").length);
  const text = new TextDecoder().decode(bytes).replace(field, `$1"${name}"`);
  return encodeUtf8(text.replace('directory = "node_modules/', `directory = "${above}node_modules/`));
}
