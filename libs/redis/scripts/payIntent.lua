-- Opens a payment batch: moves whole balances to in-flight. One batch of a coin is open at a time.
-- KEYS: 1 lease, 2 open batch, 3 balances, 4 last batch
-- ARGV: 1 epoch, 2 batch id, 3 time in ms, 4 plan (JSON), then pairs worker, balance as it must stand
-- Returns 'ok' (also when this very batch is open already) | 'fenced' | 'open' (another batch is) | 'conflict' (a balance
-- changed: plan again) | 'closed' (this batch has been open and is closed).
-- Errors, nothing written: WRONGTYPE.
-- include checks.lua
local err = wrongTypes({ KEYS[1], 'hash', KEYS[2], 'hash', KEYS[3], 'hash', KEYS[4], 'hash' })
if err then return err end
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 'fenced' end
local open = redis.call('HGET', KEYS[2], 'id')
if open == ARGV[2] then return 'ok' end
if open or redis.call('EXISTS', KEYS[2]) == 1 then return 'open' end
if redis.call('HGET', KEYS[4], 'id') == ARGV[2] then return 'closed' end

for i = 5, #ARGV, 2 do
  if redis.call('HGET', KEYS[3], ARGV[i]) ~= ARGV[i + 1] then return 'conflict' end
end
for i = 5, #ARGV, 2 do
  redis.call('HDEL', KEYS[3], ARGV[i])
end
redis.call('HSET', KEYS[2], 'id', ARGV[2], 'state', 'intent', 'time', ARGV[3], 'plan', ARGV[4])
return 'ok'
