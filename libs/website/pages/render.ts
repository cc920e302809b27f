import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Eta, type TemplateFunction } from 'eta';
import { installRoot } from '../../primitives/installRoot.ts';
import { fragmentIds, type PageModel, type PageName } from '../siteData.ts';
import { assetUrl } from './assets.ts';
import {
  amountText,
  countText,
  difficultyText,
  durationText,
  hashrateText,
  percentText,
  shortened,
  smallText,
} from './browser/format.ts';
import { plotOf, rangeName, sparkOf } from './charts.ts';
import {
  age,
  amount,
  badge,
  bar,
  counted,
  encoded,
  escapeHtml,
  minerLink,
  minerPath,
  outward,
  stampText,
  withUnit,
} from './markup.ts';
import { marked, programsFor, usualPort } from './minerPrograms.ts';
import { partOf, stagesOf } from './stages.ts';
import {
  blockState,
  navigation,
  paymentState,
  poolNames,
  poolTabs,
  schemeText,
  titleOf,
} from './words.ts';

// Models to HTML by the templates of website/templates/, which are compiled once, when this module is loaded.
// `<%= … %>` escapes; `<%~ … %>` does not, and is only for what markup.ts or another template made.

const helpers = {
  age,
  amount,
  amountText,
  assetUrl,
  badge,
  bar,
  blockState,
  countText,
  counted,
  difficultyText,
  durationText,
  encoded,
  escapeHtml,
  hashrateText,
  marked,
  minerLink,
  minerPath,
  outward,
  partOf,
  paymentState,
  percentText,
  plotOf,
  poolNames,
  poolTabs,
  programsFor,
  rangeName,
  schemeText,
  shortened,
  smallText,
  sparkOf,
  stagesOf,
  stampText,
  usualPort,
  withUnit,
};

/** Pages that are worth a look again when something happens, and those with a script of their own. */
const livePages: readonly PageName[] = [
  'home',
  'pool',
  'blocks',
  'payments',
  'miners',
  'miner',
  'stats',
  'tbs',
  'workers',
  'status',
  'switching',
];
const pageScripts: { readonly [page in PageName]?: readonly string[] } = {
  pool: ['chart.js'],
  miner: ['chart.js', 'copy.js'],
  stats: ['chart.js'],
  getting_started: ['copy.js', 'gettingStarted.js'],
  admin: ['admin.js'],
};

const eta = new Eta({
  autoEscape: true,
  escapeFunction: escapeHtml,
  functionHeader: `const { ${Object.keys(helpers).join(', ')} } = it.helpers;`,
  // Nothing is read while a page is made: includes are found among the loaded templates.
  cache: true,
});
const templates = loadTemplates();

/** The whole HTML document of a page. `page` says which one; the model must be of that page. */
export function renderPage(page: PageName, model: PageModel): string {
  if (page !== model.page) throw new Error(`A model of ${model.page} was given for ${page}.`);
  const scripts = [...(livePages.includes(page) ? ['live.js'] : []), ...(pageScripts[page] ?? [])];
  return render('layout', {
    ...model,
    title: titleOf(model),
    navigation: navigation(model),
    hasChart: scripts.includes('chart.js'),
    scripts,
    events: eventsOf(model),
    body: render(page, model),
  });
}

/** The query that leaves only those events of /api/v1/events that concern the page. */
function eventsOf(model: PageModel): string {
  if (model.page === 'miner') return `address=${encoded(model.address)}`;
  return 'pool' in model ? `coin=${encoded(model.pool.coin)}` : '';
}

/** The body alone of one of the pages that /get_page?id= gives; undefined if the id is none of them or the model is not its. */
export function renderFragment(id: string, model: PageModel): string | undefined {
  if (!fragmentIds.some((known) => known === id)) return undefined;
  const page = id === '' ? 'home' : id;
  return page === model.page ? render(model.page, model) : undefined;
}

function render(name: string, data: object): string {
  const template = templates.get(name);
  if (template === undefined) throw new Error(`There is no template "${name}".`);
  return eta.render(template, { ...data, helpers });
}

function loadTemplates(): ReadonlyMap<string, TemplateFunction> {
  const folder = join(installRoot, 'website', 'templates');
  const loaded = new Map<string, TemplateFunction>();
  for (const file of readdirSync(folder)) {
    if (!file.endsWith('.eta')) continue;
    const name = file.slice(0, -'.eta'.length);
    const template = eta.compile(readFileSync(join(folder, file), 'utf8'));
    loaded.set(name, template);
    // Names with @ are looked up among the loaded ones, never on the disk.
    eta.loadTemplate(`@${name}`, template);
  }
  return loaded;
}
