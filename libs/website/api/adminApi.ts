import express, { type Router } from 'express';
import { secretsOf } from '../../config/secrets.ts';
import type { PoolConfig, PortalConfig } from '../../config/types.ts';
import { isRecord, own } from '../../primitives/unknown.ts';
import type { AdminCentre } from '../admin/adminCentre.ts';
import { lockedText } from '../admin/passwordGuard.ts';
import { addressOf } from '../admin/requestFacts.ts';
import { HttpProblem } from '../httpProblem.ts';

// POST /api/admin/<method> with {"password"}, as the original has it.

/** To be mounted only when the admin centre is on. */
export function adminRouter(
  portal: PortalConfig,
  pools: readonly PoolConfig[],
  admin: Pick<AdminCentre, 'checkPassword'>,
): Router {
  const router = express.Router();
  router.post(
    '/:method',
    express.json({ limit: '10kb', type: () => true }),
    async (request, response, next) => {
      const body: unknown = request.body;
      const password = isRecord(body) ? own(body, 'password') : undefined;
      // What is no text is a wrong password, and counts as one.
      const given = typeof password === 'string' ? password : '';
      const verdict = await admin.checkPassword(given, addressOf(request), 'POST /api/admin');
      if (verdict === 'locked') throw new HttpProblem(429, lockedText);
      if (verdict === 'wrong') {
        response.status(401).json({ error: 'Incorrect Password' });
        return;
      }
      if (request.params['method'] !== 'pools') return next();
      response.setHeader('Cache-Control', 'no-store');
      response.json({ result: poolsWithoutSecrets(portal, pools) });
    },
  );
  return router;
}

/** Each pool's configuration in the shape of its file, whatever is secret replaced by ***. */
function poolsWithoutSecrets(
  portal: PortalConfig,
  pools: readonly PoolConfig[],
): Readonly<Record<string, unknown>> {
  const secrets = secretsOf(portal, pools);
  return Object.fromEntries(
    pools.map((pool) => [pool.coin.name, hide(asFile(pool), secrets)] as const),
  );
}

function asFile({ file, ports, rewardRecipients, auxiliaryOf: _, ...pool }: PoolConfig): object {
  return {
    ...pool,
    enabled: true,
    fileName: file,
    rewardRecipients: Object.fromEntries(rewardRecipients.map(({ to, percent }) => [to, percent])),
    ports: Object.fromEntries(ports.map(({ port, ...rest }) => [port, rest])),
  };
}

const secretName = /password|passphrase|secret|cookie/i;

function hide(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === 'string') {
    return secrets.reduce((text, secret) => (text.includes(secret) ? '***' : text), value);
  }
  if (Array.isArray(value)) return value.map((item) => hide(item, secrets));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.keys(value).map((name) => {
      const member = own(value, name);
      const isSecret = secretName.test(name) && typeof member === 'string' && member !== '';
      return [name, isSecret ? '***' : hide(member, secrets)];
    }),
  );
}
