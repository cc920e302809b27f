-- Credits a mature block, once: blocksPending -> blocksConfirmed, amounts added to balances, the round kept for a while.
-- No amount is computed here (Lua numbers are doubles): old texts are compared, new texts are set.
-- KEYS: 1 lease, 2 blocksPending, 3 blocksConfirmed, 4 balances, 5 round, 6 paid round, 7 block facts, 8 round's blocks,
--       9 totals, 10 held blocks, 11 suspected orphans, 12 events, 13 heights of the kept rounds
-- ARGV: 1 epoch, 2 member, 3 block hash, 4 tx hash, 5 height, 6 reward in satoshis, 7 time in ms, 8 seconds to keep the
--       round, 9 old totals.credited, 10 new totals.credited, 11 what is told of it (JSON),
--       12 '1' if the round is not this block's (SOLO), else '0', then four for each worker of the round or with a part:
--       name, shares in the round, old balance, new balance ('' = no field)
-- Returns 'ok' | 'fenced' | 'already' (not pending any more) | 'conflict' (something changed: compute again).
-- Errors, nothing written: WRONGTYPE.
-- include checks.lua
-- include tell.lua
local err = wrongTypes({ KEYS[1], 'hash', KEYS[2], 'set', KEYS[3], 'set', KEYS[4], 'hash', KEYS[5], 'hash',
  KEYS[7], 'hash', KEYS[9], 'hash', KEYS[10], 'hash', KEYS[11], 'hash', KEYS[13], 'zset' })
if err then return err end
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 'fenced' end
if redis.call('SISMEMBER', KEYS[2], ARGV[2]) == 0 then return 'already' end

local first = 13
local solo = ARGV[12] == '1'
local inRound = 0
if (redis.call('HGET', KEYS[9], 'credited') or '') ~= ARGV[9] then return 'conflict' end
for i = first, #ARGV, 4 do
  if ARGV[i + 1] ~= '' then
    inRound = inRound + 1
    if redis.call('HGET', KEYS[5], ARGV[i]) ~= ARGV[i + 1] then return 'conflict' end
  end
  if (redis.call('HGET', KEYS[4], ARGV[i]) or '') ~= ARGV[i + 2] then return 'conflict' end
end
if not solo and redis.call('HLEN', KEYS[5]) ~= inRound then return 'conflict' end

for i = first, #ARGV, 4 do
  if ARGV[i + 3] ~= ARGV[i + 2] then redis.call('HSET', KEYS[4], ARGV[i], ARGV[i + 3]) end
end
redis.call('SMOVE', KEYS[2], KEYS[3], ARGV[2])
if not solo then
  redis.call('RENAME', KEYS[5], KEYS[6])
  redis.call('EXPIRE', KEYS[6], ARGV[8])
  redis.call('SREM', KEYS[8], ARGV[3])
  redis.call('ZADD', KEYS[13], ARGV[5], ARGV[5])
  redis.call('ZREMRANGEBYRANK', KEYS[13], 0, -1001)
end
redis.call('HSET', KEYS[7], 'state', 'confirmed', 'credited', ARGV[6], 'confirmedTime', ARGV[7],
  'txHash', ARGV[4], 'height', ARGV[5])
redis.call('HSET', KEYS[9], 'credited', ARGV[10])
redis.call('HDEL', KEYS[10], ARGV[2])
redis.call('HDEL', KEYS[11], ARGV[3])
tell(KEYS[12], 'block-confirmed', ARGV[11])
return 'ok'
