import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { root } from './command.ts';

// The lint rule judges imports. It cannot see a project that forgot its tags, a reference that the compiler needs to
// build in the right order, or a package that is there only because another one brought it.

interface Manifest {
  readonly name: string;
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly nx?: { readonly tags?: readonly string[]; readonly targets?: Record<string, unknown> };
}

interface Project {
  readonly folder: string;
  readonly manifest: Manifest;
}

const scope = '@hornbook/';

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(join(root, file), 'utf8'));
}

function readProjects(): Project[] {
  const manifests = globSync('{apps,libs}/*/package.json', { cwd: root });
  return manifests.sort().map((file) => ({ folder: dirname(file), manifest: readJson(file) as Manifest }));
}

/** Packages imported by the TypeScript files of a folder: `pg`, `@nestjs/core`, `@hornbook/database`. */
function importedPackages(folder: string): Set<string> {
  const packages = new Set<string>();
  for (const file of globSync(`${folder}/**/*.ts`, { cwd: root })) {
    // Tests beside the code may use the test library; the lint rule judges them.
    if (file.endsWith('.spec.ts')) continue;
    const text = readFileSync(join(root, file), 'utf8');
    for (const [, specifier = ''] of text.matchAll(
      /^(?:import|export)\s(?:[^'";]*?\sfrom\s)?'([^'.][^']*)'/gm,
    )) {
      if (!specifier.startsWith('node:'))
        packages.add(
          specifier
            .split('/')
            .slice(0, specifier.startsWith('@') ? 2 : 1)
            .join('/'),
        );
    }
  }
  return packages;
}

function tagFaults({ folder, manifest }: Project): string[] {
  const tags = manifest.nx?.tags ?? [];
  const faults: string[] = [];
  if (tags.filter((tag) => tag.startsWith('type:')).length !== 1) faults.push('has to have one tag type:…');
  if (folder.startsWith('apps') && !tags.includes(`scope:${basename(folder)}`))
    faults.push(`has to have the tag scope:${basename(folder)}`);
  if (!manifest.nx?.targets?.['lint']) faults.push('has no target lint');
  return faults;
}

/** A library's own packages must be declared by the one who imports them; third-party ones by the workspace. */
function dependencyFaults({ folder, manifest }: Project, workspace: ReadonlySet<string>): string[] {
  const own = Object.keys(manifest.dependencies ?? {}).filter((name) => name.startsWith(scope));
  const imported = importedPackages(`${folder}/src`);
  const { references = [] } = readJson(`${folder}/tsconfig.json`) as { references?: { path: string }[] };
  const referenced = references.map(({ path }) => scope + basename(path));
  return [
    ...[...imported]
      .filter((name) => name.startsWith(scope) && !own.includes(name))
      .map((name) => `imports ${name} and does not declare it`),
    ...[...imported]
      .filter((name) => !name.startsWith(scope) && !workspace.has(name))
      .map((name) => `imports ${name}, which package.json of the workspace does not declare`),
    ...own
      .filter((name) => !referenced.includes(name))
      .map((name) => `declares ${name}; tsconfig.json does not reference it`),
    ...referenced
      .filter((name) => !own.includes(name))
      .map((name) => `references ${name} in tsconfig.json; package.json does not declare it`),
  ];
}

function workspaceFaults(projects: readonly Project[]): string[] {
  const { references = [] } = readJson('tsconfig.json') as { references?: { path: string }[] };
  const built = references.map(({ path }) => path);
  return projects
    .filter(({ folder }) => existsSync(join(root, folder, 'tsconfig.json')) && !built.includes(folder))
    .map(({ folder }) => `${folder}: is not built, tsconfig.json of the workspace does not reference it`);
}

const workspaceManifest = readJson('package.json') as Manifest;
const declared = new Set(
  Object.keys({ ...workspaceManifest.dependencies, ...workspaceManifest.devDependencies }),
);
const projects = readProjects();
const faults = [
  ...workspaceFaults(projects),
  ...projects.flatMap((project) =>
    [...tagFaults(project), ...dependencyFaults(project, declared)].map(
      (fault) => `${project.folder}: ${fault}`,
    ),
  ),
];
process.stdout.write(
  faults.length > 0 ? `${faults.join('\n')}\n` : 'The projects are declared as they are used.\n',
);
process.exitCode = faults.length > 0 ? 1 : 0;
