import { createHash, timingSafeEqual } from 'node:crypto';
import express, { type Router } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import { secretsOf } from '../../config/secrets.ts';
import type { PoolConfig, PortalConfig } from '../../config/types.ts';
import { verifyPassword } from '../../primitives/password.ts';
import { isRecord, own } from '../../primitives/unknown.ts';
import { problemBody } from '../httpProblem.ts';

// POST /api/admin/<method> with {"password"}, as the original has it.

const quarterHour = 15 * 60_000;
const triesAtOnce = 5;

/** To be mounted only when the admin centre is on. */
export function adminRouter(portal: PortalConfig, pools: readonly PoolConfig[]): Router {
  const router = express.Router();
  const failures = rateLimit({
    windowMs: quarterHour,
    limit: triesAtOnce,
    // What leads to an answer was the right password: it does not count.
    skipSuccessfulRequests: true,
    standardHeaders: false,
    legacyHeaders: false,
    keyGenerator: ({ ip }) => ipKeyGenerator(ip ?? ''),
    handler: (_, response) => {
      const detail =
        'Too many wrong passwords from your address: try again in a quarter of an hour.';
      response.status(429).type('application/problem+json').send(problemBody(429, detail));
    },
  });
  router.post(
    '/:method',
    failures,
    express.json({ limit: '10kb', type: () => true }),
    async (request, response, next) => {
      const body: unknown = request.body;
      const password = isRecord(body) ? own(body, 'password') : undefined;
      if (typeof password !== 'string' || !(await isPassword(password, portal))) {
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

async function isPassword(given: string, { website }: PortalConfig): Promise<boolean> {
  const { password, passwordHash } = website.adminCenter;
  if (passwordHash !== undefined) return verifyPassword(given, passwordHash);
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return password !== '' && timingSafeEqual(digest(given), digest(password));
}

/** Each pool's configuration in the shape of its file, whatever is secret replaced by ***. */
export function poolsWithoutSecrets(
  portal: PortalConfig,
  pools: readonly PoolConfig[],
): Readonly<Record<string, unknown>> {
  const secrets = secretsOf(portal, pools);
  return Object.fromEntries(
    pools.map((pool) => [pool.coin.name, hide(asFile(pool), secrets)] as const),
  );
}

function asFile({ file, ports, rewardRecipients, ...pool }: PoolConfig): object {
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
