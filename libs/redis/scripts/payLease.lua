-- Takes, renews or gives up the lease of a coin's payment process. Each new holder gets a higher epoch; every script
-- that moves money refuses an epoch that is not the lease's (fencing). A Redis that crashed may have forgotten a holder
-- and count its epoch again: the mark makes each of them another one.
-- KEYS: 1 lease hash {epoch, owner, until}
-- ARGV: 1 'take' | 'leave', 2 owner (unique to a process), 3 duration in ms, 4 mark (unique to this call)
-- Returns the epoch as `number:mark` ('take' got or kept it, 'leave' gave it up), or '0' while another owner holds the
-- lease.
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
if not holds then
  local last = string.match(redis.call('HGET', KEYS[1], 'epoch') or '', '^%d+') or '0'
  redis.call('HSET', KEYS[1], 'epoch', string.format('%.0f', tonumber(last) + 1) .. ':' .. ARGV[4])
end
redis.call('HSET', KEYS[1], 'owner', ARGV[2], 'until', string.format('%.0f', now + ARGV[3]))
return redis.call('HGET', KEYS[1], 'epoch')
