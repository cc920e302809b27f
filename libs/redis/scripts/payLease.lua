-- Takes, renews or gives up the lease of a coin's payment process. Each new holder gets a higher epoch; every script
-- that moves money refuses an epoch that is not the lease's (fencing).
-- KEYS: 1 lease hash {epoch, owner, until}
-- ARGV: 1 'take' | 'leave', 2 owner (unique to a process), 3 duration in ms
-- Returns the epoch ('take' got or kept it, 'leave' gave it up), or '0' while another owner holds the lease.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local owner = redis.call('HGET', KEYS[1], 'owner')
local holds = owner == ARGV[2]

if ARGV[1] == 'leave' then
  if not holds then return '0' end
  redis.call('HDEL', KEYS[1], 'owner', 'until')
  return redis.call('HGET', KEYS[1], 'epoch')
end

if owner and not holds then
  local untilText = redis.call('HGET', KEYS[1], 'until')
  if (tonumber(untilText or '0') or 0) > now then return '0' end
end
if not holds then redis.call('HINCRBY', KEYS[1], 'epoch', 1) end
redis.call('HSET', KEYS[1], 'owner', ARGV[2], 'until', string.format('%.0f', now + ARGV[3]))
return redis.call('HGET', KEYS[1], 'epoch')
