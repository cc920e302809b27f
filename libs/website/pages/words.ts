import type { PaymentState } from '../admin/paymentFacts.ts';
import type { BlockRow, PageModel, PoolView } from '../siteData.ts';
import { shortened } from './browser/format.ts';
import { badge, counted, encoded, type Html } from './markup.ts';

// What pages are called, what leads where, and how states are put into words.

export interface Link {
  readonly href: string;
  readonly text: string;
  readonly current: boolean;
  /** Left out where there is no room. */
  readonly last?: boolean;
}

/** The title of the document, without the name of the site. */
export function titleOf(model: PageModel): string {
  switch (model.page) {
    case 'home':
      return 'Mining pool';
    case 'pool':
      return `${model.pool.name} pool`;
    case 'blocks':
      return `${model.pool.name} blocks`;
    case 'payments':
      return `${model.pool.name} payments`;
    case 'miners':
      return `${model.pool.name} miners`;
    case 'miner':
      return `Miner ${shortened(model.address, 6)}`;
    case 'getting_started':
      return 'Get started';
    case 'stats':
      return 'Statistics';
    case 'tbs':
      return 'Pools as a table';
    case 'workers':
      return 'Miners';
    case 'api':
      return 'API';
    case 'calculator':
      return 'Calculator';
    case 'status':
      return 'Status';
    case 'admin':
      return 'Administration';
    case 'mining_key':
      return 'Mining key';
    case 'switching':
      return 'Switching';
    case 'error':
      return model.title;
  }
}

export function navigation(model: PageModel): { main: Link[]; more: Link[] } {
  const link = (href: string, text: string): Link => ({ href, text, current: isAt(model, href) });
  return {
    main: [
      link('/', 'Pools'),
      link('/getting_started', 'Get started'),
      link('/stats', 'Statistics'),
      link('/workers', 'Miners'),
      { ...link('/calculator', 'Calculator'), last: true },
    ],
    more: [
      link('/calculator', 'Calculator'),
      link('/tbs', 'Table'),
      link('/status', 'Status'),
      link('/mining_key', 'Mining key'),
      ...(model.hasSwitches ? [link('/switching', 'Switching')] : []),
      link('/api', 'API'),
      ...(model.adminEnabled ? [link('/admin', 'Admin')] : []),
    ],
  };
}

export function poolTabs({ coin }: PoolView, path: string): Link[] {
  const base = `/pool/${encoded(coin)}`;
  return [
    ['', 'Overview'],
    ['/blocks', 'Blocks'],
    ['/payments', 'Payments'],
    ['/miners', 'Miners'],
  ].map(([end = '', text = '']) => {
    const href = base + end;
    return { href, text, current: decoded(path) === decoded(href) };
  });
}

/** The state of a block as a shape and a word; `far`: how far it is, where it waits, instead of the word. */
export function blockState(block: BlockRow, far = false): Html {
  const { status, confirmations, confirmationsNeeded } = block;
  switch (status) {
    case 'candidate':
      return badge('submitted', 'info', 'dot');
    case 'pending':
      return badge(
        !far || confirmations === undefined
          ? 'maturing'
          : `${confirmations}/${confirmationsNeeded}`,
        'warn',
        'wait',
      );
    case 'confirmed':
      return badge('confirmed', 'ok', 'ok');
    case 'orphaned':
      return badge('orphaned', 'bad', 'off');
    case 'refused':
      return badge('refused', 'bad', 'off');
    case 'kicked':
      return badge('not ours', 'bad', 'off');
  }
}

/** What the payments of a coin are doing. */
export function paymentState(state: PaymentState): Html {
  switch (state) {
    case 'atWork':
      return badge('at work', 'ok', 'ok');
    case 'batchOpen':
      return badge('a batch is open', 'info', 'wait');
    case 'paused':
      return badge('paused', 'warn', 'wait');
    case 'stopped':
      return badge('stopped', 'bad', 'off');
    case 'notStarted':
      return badge('not started', 'warn', 'idle');
  }
}

/** How a block is shared out, as a sentence. */
export function schemeText(scheme: PoolView['payments']['scheme']): string {
  return scheme === 'PPLNS'
    ? 'PPLNS: each block’s reward is split by the last shares before it, across rounds.'
    : 'Proportional: each block’s reward is split by the shares of its round.';
}

/** "Litecoin, Dogecoin and 3 more" */
export function poolNames(pools: readonly PoolView[]): string {
  const names = pools.slice(0, pools.length > 4 ? 3 : 4).map(({ name }) => name);
  const rest = pools.length - names.length;
  const parts = rest === 0 ? names : [...names, counted(rest, 'more', 'more')];
  const last = parts.at(-1) ?? '';
  return parts.length < 2 ? last : `${parts.slice(0, -1).join(', ')} and ${last}`;
}

function isAt({ path, page }: PageModel, href: string): boolean {
  if (page === 'error') return false;
  if (href === '/') return path === '/' || path.startsWith('/pool/');
  if (href === '/workers') return page === 'workers' || page === 'miner';
  return path === href;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
