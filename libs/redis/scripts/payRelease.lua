-- Closes the open batch as certainly not sent: in-flight -> balances.
-- KEYS: 1 lease, 2 open batch, 3 balances, 4 last batch, 5 outpoint to spend, 6 closed batches
-- ARGV: 1 epoch, 2 batch id, 3 state it must be in, 4 outpoint that the next transaction must spend so that the one
--       given up here can never be mined beside it ('' = keep what stands there),
--       then three for each worker: name, old and new balance ('' = no field)
-- Returns 'ok' | 'fenced' | 'already' (released before) | 'conflict' (something changed: compute again).
-- Errors, nothing written: WRONGTYPE.
-- include checks.lua
local err = wrongTypes({ KEYS[1], 'hash', KEYS[2], 'hash', KEYS[3], 'hash', KEYS[4], 'hash',
  KEYS[6], 'zset' })
if err then return err end
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 'fenced' end
if redis.call('HGET', KEYS[2], 'id') ~= ARGV[2] then
  local last = redis.call('HMGET', KEYS[4], 'id', 'outcome')
  if last[1] == ARGV[2] and last[2] == 'released' then return 'already' end
  return 'conflict'
end
if redis.call('HGET', KEYS[2], 'state') ~= ARGV[3] then return 'conflict' end
for i = 5, #ARGV, 3 do
  if (redis.call('HGET', KEYS[3], ARGV[i]) or '') ~= ARGV[i + 1] then return 'conflict' end
end

for i = 5, #ARGV, 3 do
  redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 2])
end
if ARGV[4] ~= '' then redis.call('SET', KEYS[5], ARGV[4]) end
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[4], 'id', ARGV[2], 'outcome', 'released')
if ARGV[3] ~= 'intent' then
  redis.call('ZADD', KEYS[6], 0, ARGV[2] .. ' released')
  redis.call('ZREMRANGEBYRANK', KEYS[6], 0, -5001)
end
return 'ok'
