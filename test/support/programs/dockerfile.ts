/** The steps of a Dockerfile, carried out in folders of this machine, one for each stage. */

import { execFile } from "node:child_process";
import { cp, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** A command of a finished image. */
export interface ImageCommand {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** What a Dockerfile makes. */
export interface Image {
  readonly user: string;
  readonly volume: string;
  readonly start: ImageCommand;
  readonly healthCheck: ImageCommand;
  readonly stages: number;
}

interface Stage {
  readonly root: string;
  readonly env: Record<string, string>;
  workFolder: string;
}

const run = promisify(execFile);

/** Steps by their instruction. Comments and empty lines are left out. */
function stepsOf(text: string): (readonly [instruction: string, rest: string])[] {
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [, instruction = "", rest = ""] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
      return [instruction, rest] as const;
    });
}

/**
 * Carries out the steps. Absolute paths are those of the stage's folder, and the users of the image are this
 * one. Base images are not there: programs are those of the environment.
 *
 * @param context Folder of the project, with the files that its `.dockerignore` lets through.
 * @param folder An empty folder.
 * @throws {Error} For an instruction that it does not know.
 */
export async function buildImage(text: string, context: string, folder: string): Promise<Image> {
  const stages = new Map<string, Stage>();
  let stage: Stage = { root: "", env: {}, workFolder: "/" };
  const image: { user: string; volume: string; start: string[]; healthCheck: string[] } = {
    user: "root",
    volume: "",
    start: [],
    healthCheck: [],
  };
  const within = (path: string): string =>
    join(stage.root, path.startsWith("/") ? path : join(stage.workFolder, path));
  for (const [instruction, rest] of stepsOf(text)) {
    switch (instruction) {
      case "FROM": {
        const name = / AS (\w+)$/.exec(rest)?.[1] ?? "final";
        stage = { root: join(folder, name), env: {}, workFolder: "/" };
        stages.set(name, stage);
        await mkdir(stage.root);
        break;
      }
      case "WORKDIR":
        stage.workFolder = rest;
        await mkdir(within("."), { recursive: true });
        break;
      case "ENV": {
        const [name = "", value = ""] = rest.split("=");
        stage.env[name] = value;
        break;
      }
      case "COPY": {
        const [, from, paths = ""] = /^(?:--from=(\w+) )?(.*)$/.exec(rest) ?? [];
        const [source = "", ...others] = paths.split(" ");
        const root = from === undefined ? context : (stages.get(from)?.root ?? "");
        const to = within(others.at(-1) ?? "");
        for (const path of [source, ...others.slice(0, -1)]) await copy(root, path, to);
        break;
      }
      case "RUN":
        await run("sh", ["-euc", here(rest, stage.root)], {
          cwd: within("."),
          env: { ...process.env, ...stage.env },
        });
        break;
      case "USER":
        image.user = rest;
        break;
      case "VOLUME":
        image.volume = rest;
        break;
      case "EXPOSE":
        break;
      case "HEALTHCHECK":
        image.healthCheck = JSON.parse(rest.slice(rest.indexOf("[")));
        break;
      case "CMD":
        image.start = JSON.parse(rest);
        break;
      default:
        throw new Error(`build image: unknown step ${instruction} ${rest}`);
    }
  }
  const { root, env } = stage;
  const commandOf = (words: readonly string[]): ImageCommand => ({
    command: words.map((word) => (word.startsWith("/") ? join(root, word) : word)),
    cwd: within("."),
    env,
  });
  return {
    user: image.user,
    volume: image.volume,
    start: commandOf(image.start),
    healthCheck: commandOf(image.healthCheck),
    stages: stages.size,
  };
}

/** Copies a path, or the paths that a pattern with one `*` at its end finds, maybe none. */
async function copy(root: string, path: string, to: string): Promise<void> {
  if (!path.endsWith("*")) {
    const name = path.split("/").at(-1) ?? "";
    await cp(join(root, path), to.endsWith("/") || name === "package.json" ? join(to, name) : to, {
      recursive: true,
      verbatimSymlinks: true,
    });
    return;
  }
  const start = path.slice(0, -1);
  for (const name of await readdir(root))
    if (name.startsWith(start)) await cp(join(root, name), join(to, name));
}

/** A shell command with the paths of a stage, and this user in place of the image's. */
function here(command: string, root: string): string {
  const { getuid, getgid } = process;
  return command
    .replaceAll(/(?<= )\/(?=\w)/g, `${root}/`)
    .replaceAll("node:node", `${getuid?.()}:${getgid?.()}`);
}
