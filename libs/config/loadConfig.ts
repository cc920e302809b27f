import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, messageOf } from '../primitives/errors.ts';
import { type AuxiliaryLinks, linkAuxiliaries } from './auxiliaries.ts';
import { CoinShelf, unknownAlgorithm } from './coins.ts';
import { redis } from './commonSchema.ts';
import { checkCoins, checkPorts, checkSwitch, type PortUse } from './crossChecks.ts';
import { type JsonNode, joinPath, type Member, type ObjectNode, readJsonFile } from './jsonFile.ts';
import { type Inheritance, isEnabled, type PoolDraft, readPool } from './poolFile.ts';
import { inheritedFields, ownFields } from './poolSchema.ts';
import { portalFields } from './portalSchema.ts';
import { type ConfigProblem, type Place, Report } from './problems.ts';
import { allThere, object, optional, readField, warnOfUnknownKeys, whenLeftOut } from './schema.ts';
import type { Field } from './schemaBase.ts';
import type { PoolConfig, PortalConfig } from './types.ts';

export { type ConfigProblem, formatProblem } from './problems.ts';

export interface LoadOptions {
  /** Holds config.json, pool_configs/ and coins/. */
  readonly dir: string;
  /** Leave out the pools that have errors, instead of all. */
  readonly skipInvalid?: boolean;
  /** Names that a coin's `algorithm` may have, in lower case. */
  readonly algorithmNames: readonly string[];
}

export interface LoadedConfig {
  /** Undefined when config.json has errors: nothing can start then. */
  readonly portal: PortalConfig | undefined;
  /** Sorted by file name. Empty when anything has an error, or with `skipInvalid`, when config.json has. */
  readonly pools: readonly PoolConfig[];
  /** All of all files, config.json first, each file's in the order of its lines. */
  readonly problems: readonly ConfigProblem[];
}

const portalFile = 'config.json';
const poolFolder = 'pool_configs';

/** Reads and checks the whole configuration. Never throws for anything in the folder. */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const { dir, algorithmNames, skipInvalid = false } = options;
  const problems: ConfigProblem[] = [];
  const report = new Report(problems);
  const root = readPortalFile(dir, report);
  const portal = readPortal(root, report);
  const inheritance: Inheritance = {
    defaults: readDefaults(root, report),
    redis: portal.redis ?? whenLeftOut(redis),
  };
  const coins = new CoinShelf(dir, algorithmNames, problems);
  const drafts = readPools(dir, inheritance, coins, problems, report);
  const links = linkAuxiliaries(drafts);
  const linked = drafts.map((draft) => withLinks(draft, links));
  const switches = readSwitches(root, portal, algorithmNames, linked, report);
  checkPorts([...portalPorts(root, portal, report), ...switches, ...poolPorts(drafts)]);
  checkCoins(drafts);

  problems.sort(inOrder);
  const whole = report.hasErrors ? undefined : allThere(portal);
  const refused = skipInvalid
    ? whole === undefined
    : problems.some(({ severity }) => severity === 'error');
  return {
    portal: whole,
    pools: refused ? [] : soundOnes(drafts, links),
    problems,
  };
}

/** The object in config.json; an empty one, its problems reported, when there is none. */
function readPortalFile(dir: string, report: Report): ObjectNode {
  const read = readJsonFile(join(dir, portalFile), portalFile, report);
  const start: Place = { file: portalFile, line: 1, column: 1 };
  if (read.kind === 'missing') {
    const message = `does not exist in ${dir}: copy config_example.json to config.json and edit it`;
    report.error(start, '', message);
  }
  const root = read.kind === 'read' ? objectOf(read.root, report) : undefined;
  return root ?? { ...start, kind: 'object', members: new Map() };
}

function objectOf(root: JsonNode, report: Report): ObjectNode | undefined {
  if (root.kind === 'object') return root;
  report.error(root, '', 'must be one object { … }');
  return undefined;
}

/** `defaultPoolConfigs` is told its problems here, once; pools that inherit a field read it in silence. */
function readDefaults(root: ObjectNode, report: Report): ReadonlyMap<string, Member> {
  const path = 'defaultPoolConfigs';
  const node = root.members.get(path)?.node;
  if (node === undefined) return new Map();
  if (node.kind !== 'object') {
    report.error(node, path, 'must be an object { … } with fields of a pool');
    return new Map();
  }
  warnOfUnknownKeys(node, path, { ...inheritedFields, ...ownFields }, report);
  for (const [name, member] of node.members) {
    if (!Object.hasOwn(ownFields, name)) continue;
    const message = 'does nothing here: each pool says it for itself';
    report.warning(member.key, joinPath(path, name), message);
  }
  for (const [name, field] of Object.entries(inheritedFields)) {
    const member = node.members.get(name);
    if (member === undefined) continue;
    readField<unknown>(field, member, { at: node, path: joinPath(path, name), off: false }, report);
  }
  return node.members;
}

const everyPortalField = {
  ...portalFields,
  defaultPoolConfigs: optional(object(inheritedFields), 'fields that pools inherit'),
};

type PortalDraft = { readonly [K in keyof PortalConfig]: PortalConfig[K] | undefined };

/** Field by field: what is sound can be compared with the pools although another field is not. */
function readPortal(root: ObjectNode, report: Report): PortalDraft {
  warnOfUnknownKeys(root, '', everyPortalField, report);
  const take = <T>(name: keyof typeof portalFields, field: Field<T>): T | undefined => {
    const place = { at: root, path: name, off: false };
    const read = readField(field, root.members.get(name), place, report);
    return read.sound ? read.value : undefined;
  };
  return {
    logLevel: take('logLevel', portalFields.logLevel),
    logColors: take('logColors', portalFields.logColors),
    logFormat: take('logFormat', portalFields.logFormat),
    cliPort: take('cliPort', portalFields.cliPort),
    clustering: take('clustering', portalFields.clustering),
    website: take('website', portalFields.website),
    redis: take('redis', portalFields.redis),
    switching: take('switching', portalFields.switching),
    profitSwitch: take('profitSwitch', portalFields.profitSwitch),
  };
}

function readPools(
  dir: string,
  inheritance: Inheritance,
  coins: CoinShelf,
  problems: ConfigProblem[],
  portalReport: Report,
): readonly PoolDraft[] {
  const drafts: PoolDraft[] = [];
  for (const entry of poolFileNames(dir, portalReport)) {
    const file = `${poolFolder}/${entry}`;
    const report = new Report(problems);
    const read = readJsonFile(join(dir, poolFolder, entry), file, report);
    if (read.kind === 'missing') {
      report.warning(
        { file, line: 1, column: 1 },
        '',
        'leads to no file (a broken link?): left out',
      );
    }
    const root = read.kind === 'read' ? objectOf(read.root, report) : undefined;
    if (root === undefined || !isEnabled(root, report)) continue;
    drafts.push(readPool(file, root, inheritance, coins, problems));
  }
  return drafts;
}

function poolFileNames(dir: string, report: Report): readonly string[] {
  try {
    return readdirSync(join(dir, poolFolder))
      .filter((name) => name.endsWith('.json'))
      .sort();
  } catch (error) {
    const place: Place = { file: poolFolder, line: 1, column: 1 };
    if (codeOf(error) === 'ENOENT') report.warning(place, '', 'does not exist: there are no pools');
    else report.error(place, '', `cannot be read as a folder: ${messageOf(error)}`);
    return [];
  }
}

function portalPorts(root: ObjectNode, portal: PortalDraft, report: Report): PortUse[] {
  const uses: PortUse[] = [];
  const cli = root.members.get('cliPort')?.node ?? root;
  if (portal.cliPort !== undefined) {
    uses.push({ port: String(portal.cliPort), place: cli, path: 'cliPort', by: 'portal', report });
  }
  if (portal.website?.enabled === true) {
    const website = root.members.get('website')?.node;
    const placeOf = (name: string) =>
      (website?.kind === 'object' && website.members.get(name)?.node) || root;
    const { port, metricsPort } = portal.website;
    const wanted = [
      ['port', port],
      // Metrics are off with port 0.
      ...(metricsPort > 0 ? [['metricsPort', metricsPort] as const] : []),
    ] as const;
    for (const [name, number] of wanted) {
      const path = `website.${name}`;
      uses.push({ port: String(number), place: placeOf(name), path, by: 'portal', report });
    }
  }
  return uses;
}

/** The ports of the enabled switches, whose algorithms are checked on the way. */
function readSwitches(
  root: ObjectNode,
  portal: PortalDraft,
  algorithmNames: readonly string[],
  drafts: readonly PoolDraft[],
  report: Report,
): PortUse[] {
  const node = root.members.get('switching')?.node;
  if (portal.switching === undefined || node?.kind !== 'object') return [];
  const uses: PortUse[] = [];
  for (const [name, config] of Object.entries(portal.switching)) {
    const { enabled, algorithm } = config;
    const members = node.members.get(name)?.node;
    if (!enabled || members?.kind !== 'object') continue;
    const path = joinPath('switching', name);
    const place = members.members.get('algorithm')?.node ?? members;
    if (algorithmNames.includes(algorithm)) {
      checkSwitch({ config, path, place, report }, drafts);
    } else {
      report.error(place, `${path}.algorithm`, unknownAlgorithm(algorithm, algorithmNames));
    }
    const ports = members.members.get('ports')?.node;
    if (ports?.kind !== 'object') continue;
    for (const [port, { key }] of ports.members) {
      uses.push({ port, place: key, path: joinPath(`${path}.ports`, port), by: 'portal', report });
    }
  }
  return uses;
}

function poolPorts(drafts: readonly PoolDraft[]): PortUse[] {
  return drafts.flatMap(({ ports, report }) =>
    ports.map(({ port, place }) => ({
      port,
      place,
      path: joinPath('ports', port),
      by: 'pool' as const,
      report,
    })),
  );
}

function withLinks(draft: PoolDraft, links: ReadonlyMap<PoolDraft, AuxiliaryLinks>): PoolDraft {
  const { config } = draft;
  return config === undefined ? draft : { ...draft, config: { ...config, ...links.get(draft) } };
}

/** The pools without errors; of those with, nothing is mined beside them or by them. */
function soundOnes(
  drafts: readonly PoolDraft[],
  links: ReadonlyMap<PoolDraft, AuxiliaryLinks>,
): PoolConfig[] {
  const sound = drafts.flatMap((draft) => {
    const { config, report } = withLinks(draft, links);
    return config === undefined || report.hasErrors ? [] : [config];
  });
  const names = new Set(sound.map(({ coin }) => coin.name));
  return sound.map(({ auxiliary, auxiliaryOf, ...config }) => ({
    ...config,
    ...soundNames('auxiliary', auxiliary, names),
    ...soundNames('auxiliaryOf', auxiliaryOf, names),
  }));
}

function soundNames(
  field: keyof AuxiliaryLinks,
  coins: readonly string[] | undefined,
  sound: ReadonlySet<string>,
): AuxiliaryLinks {
  const left = coins?.filter((coin) => sound.has(coin)) ?? [];
  return left.length === 0 ? {} : { [field]: left };
}

function inOrder(a: ConfigProblem, b: ConfigProblem): number {
  const byFile = Number(b.file === portalFile) - Number(a.file === portalFile);
  if (byFile !== 0) return byFile;
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}
