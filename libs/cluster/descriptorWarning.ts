import { mostConnections } from '../stratum/socketBudget.ts';

/** Connections that one pool worker should be able to hold. */
const wanted = 100_000;

/** A sentence for the operator when a pool worker could not open enough files; `limit`: "Max open files". */
export function descriptorWarning(limit: number | undefined): string | undefined {
  const most = mostConnections(limit);
  if (limit === undefined || most >= wanted) return undefined;
  return `This system lets a process open ${limit} files, and each miner's connection is one: a pool worker takes up to ${most} miners. If you await more, raise the limit ("LimitNOFILE=200000" in the systemd unit; "* hard nofile 200000" in /etc/security/limits.conf for logins; "--ulimit nofile=200000" for Docker) and start again.`;
}
