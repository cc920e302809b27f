-- Closes the open batch as paid: in-flight -> payouts, with the books around it. Only a batch that may have been sent.
-- KEYS: 1 lease, 2 open batch, 3 payouts, 4 stats, 5 payments, 6 totals, 7 last batch, 8 outpoint to spend,
--       9 events, 10 closed batches, 11 payments whose fee is not known yet, then for each address that was paid the list
--       of its payments
-- ARGV: 1 epoch, 2 batch id, 3 payment (JSON), 4 old and 5 new stats.totalPaid, 6 old and 7 new totals.paid,
--       8 old and 9 new totals.fees, 10 what is told of it (JSON), 11 its txid if its fee is to be booked later, else '',
--       12 number of addresses, then for each address its payment (JSON), then three for each worker: name, old and new payouts ('' = no field)
-- Returns 'ok' | 'fenced' | 'already' (settled before) | 'conflict' (something changed: compute again).
-- Errors, nothing written: WRONGTYPE.
-- include checks.lua
-- include tell.lua
local err = wrongTypes({ KEYS[1], 'hash', KEYS[2], 'hash', KEYS[3], 'hash', KEYS[4], 'hash', KEYS[5], 'list',
  KEYS[6], 'hash', KEYS[7], 'hash', KEYS[10], 'zset', KEYS[11], 'hash' })
if err then return err end
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 'fenced' end
if redis.call('HGET', KEYS[2], 'id') ~= ARGV[2] then
  local last = redis.call('HMGET', KEYS[7], 'id', 'outcome')
  if last[1] == ARGV[2] and last[2] == 'paid' then return 'already' end
  return 'conflict'
end
if redis.call('HGET', KEYS[2], 'state') == 'intent' then return 'conflict' end
local addresses = tonumber(ARGV[12])
local first = 13 + addresses
if (redis.call('HGET', KEYS[4], 'totalPaid') or '') ~= ARGV[4] then return 'conflict' end
if (redis.call('HGET', KEYS[6], 'paid') or '') ~= ARGV[6] then return 'conflict' end
if (redis.call('HGET', KEYS[6], 'fees') or '') ~= ARGV[8] then return 'conflict' end
for i = first, #ARGV, 3 do
  if (redis.call('HGET', KEYS[3], ARGV[i]) or '') ~= ARGV[i + 1] then return 'conflict' end
end

for i = first, #ARGV, 3 do
  redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 2])
end
redis.call('HSET', KEYS[4], 'totalPaid', ARGV[5])
redis.call('HSET', KEYS[6], 'paid', ARGV[7], 'fees', ARGV[9])
redis.call('LPUSH', KEYS[5], ARGV[3])
redis.call('LTRIM', KEYS[5], 0, 9999)
redis.call('DEL', KEYS[2], KEYS[8])
redis.call('HSET', KEYS[7], 'id', ARGV[2], 'outcome', 'paid')
redis.call('ZADD', KEYS[10], 0, ARGV[2] .. ' paid')
redis.call('ZREMRANGEBYRANK', KEYS[10], 0, -5001)
if ARGV[11] ~= '' then redis.call('HSET', KEYS[11], ARGV[11], ARGV[2]) end
-- For people: nothing here may stop what stands above.
for i = 1, addresses do
  redis.pcall('LPUSH', KEYS[11 + i], ARGV[12 + i])
  redis.pcall('LTRIM', KEYS[11 + i], 0, 999)
end
tell(KEYS[9], 'payment', ARGV[10])
return 'ok'
