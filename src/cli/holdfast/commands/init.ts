import { basename, join, resolve } from "node:path";
import { CommandError } from "../command_error.ts";
import type { AddCommand, Context } from "../context.ts";
import { namesIn, readProgramFolder, writeProjectFile } from "../files.ts";
import { projectFiles, projectName } from "../init/project_files.ts";
import { TEMPLATES, type Template } from "../init/templates.ts";
import { withCommon } from "../options.ts";
import { things } from "../report.ts";

/** The templates of the package, beside the folder of the program. */
const TEMPLATE_FOLDER = "../templates/";

interface InitFlags {
  readonly template?: string | undefined;
  readonly list?: boolean | undefined;
}

/** `holdfast init`: a new project in an empty folder. */
export const addInit: AddCommand = (program, run) => {
  withCommon(program.command("init"))
    .argument("[folder]", "an empty folder, or a new one (default: the present one)")
    .option("-t, --template <name>", "what to make")
    .option("-l, --list", "list the templates")
    .description("make a new project: a bot or a service, on the runtime that you choose")
    .addHelpText("after", `\nTemplates: ${TEMPLATES.map(({ name }) => name).join(", ")}`)
    .action(run(init));
};

async function init(
  context: Context,
  folder: string | undefined,
  { template: wanted, list }: InitFlags,
): Promise<undefined> {
  const { terminal, report } = context;
  if (list === true) return listTemplates(context);
  const template = templateOf(wanted ?? (await chooseTemplate(context)));
  const isAsked = folder === undefined && wanted === undefined;
  const given = isAsked ? await terminal.ask("In which folder?", template.name) : (folder ?? ".");
  const path = resolve(given);
  await requireEmpty(path, given);
  const name = projectName(basename(path), template.name);
  const files = await projectFiles(template, name, readTemplateFolder);
  for (const file of files) await writeProjectFile(join(path, file.path), file.bytes, file.isPrivate);
  const next = given === "." ? template.start : `cd ${shellWord(given)} && ${template.start}`;
  report.say(
    `Made ${name} from ${template.name}: ${things(files.length, "file")}. Runs on ${template.runsOn}.`,
  );
  report.say(`\nInstall and start it:\n\n  ${report.bold(next)}\n\nREADME.md says more.`);
  report.result({
    template: template.name,
    folder: path,
    name,
    files: files.map((file) => file.path),
    next,
  });
  return undefined;
}

function listTemplates({ report }: Context): undefined {
  report.table(
    ["TEMPLATE", "RUNS ON", "WHAT"],
    TEMPLATES.map(({ name, runsOn, about }) => [name, runsOn, about]),
  );
  report.result({
    templates: TEMPLATES.map(({ name, runsOn, about, start }) => ({ name, runsOn, about, start })),
  });
}

async function chooseTemplate({ terminal }: Context): Promise<string> {
  if (!terminal.isInteractive) throw new CommandError("usage", "init: no template is named", ADVICE);
  return await terminal.choose(
    "Which template?",
    TEMPLATES.map(({ name, runsOn, about }) => ({ name, about: `${about} (${runsOn})` })),
  );
}

const ADVICE = `Pass --template with one of ${TEMPLATES.map(({ name }) => name).join(", ")}.`;

function templateOf(name: string): Template {
  const template = TEMPLATES.find((known) => known.name === name);
  if (template === undefined)
    throw new CommandError("usage", `init: there is no template ${JSON.stringify(name)}`, ADVICE);
  return template;
}

/** Files that may be there: a new repository has them. */
const KEPT = new Set([".git"]);

async function requireEmpty(path: string, given: string): Promise<void> {
  const names = (await namesIn(path)).filter((name) => !KEPT.has(name));
  if (names.length === 0) return;
  throw new CommandError(
    "refused",
    `init: ${JSON.stringify(given)} is not empty, it has ${things(names.length, "entry", "entries")}`,
    "Name a folder that is empty or does not exist yet. Nothing was changed.",
  );
}

function readTemplateFolder(folder: string): ReturnType<typeof readProgramFolder> {
  return readProgramFolder(new URL(`${TEMPLATE_FOLDER}${folder}/`, import.meta.url));
}

/** A path as a shell takes it. */
function shellWord(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
