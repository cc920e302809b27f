-- Ends a block that is off the chain for good, once: blocksPending -> blocksOrphaned, and its round's shares go back
-- into the current round, unless another block of that height may still be paid by them.
-- KEYS: 1 lease, 2 blocksPending, 3 blocksOrphaned, 4 roundCurrent, 5 round, 6 block facts, 7 round's blocks,
--       8 suspected orphans, 9 held blocks, 10 events, then the facts of each other block of the round
-- ARGV: 1 epoch, 2 member, 3 block hash, 4 tx hash, 5 height, 6 time in ms, 7 what is told of it (JSON),
--       8 '1' if the round is not this block's (SOLO), else '0', 9 number of other blocks, then the hash of each, in order,
--       then two for each pending block of that height: member, '1' if it needs no round (SOLO), else '0'
-- Returns 'merged' | 'kept' (a twin needs the round) | 'noRound' | 'already' (not pending any more) | 'fenced' |
-- 'conflict' (other twins or pending blocks than these: look again). Errors, nothing written: WRONGTYPE, BADVALUE.
-- include checks.lua
-- include tell.lua
local err = wrongTypes({ KEYS[1], 'hash', KEYS[2], 'set', KEYS[3], 'set', KEYS[4], 'hash', KEYS[5], 'hash',
  KEYS[6], 'hash', KEYS[7], 'set', KEYS[8], 'hash', KEYS[9], 'hash' })
if err then return err end
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 'fenced' end
if redis.call('SISMEMBER', KEYS[2], ARGV[2]) == 0 then return 'already' end

local twins = redis.call('SCARD', KEYS[7])
if redis.call('SISMEMBER', KEYS[7], ARGV[3]) == 1 then twins = twins - 1 end
local lastTwin = 9 + tonumber(ARGV[9])
if twins ~= lastTwin - 9 then return 'conflict' end
local needed = false
for i = 10, lastTwin do
  if redis.call('SISMEMBER', KEYS[7], ARGV[i]) == 0 then return 'conflict' end
  local state = redis.call('HGET', KEYS[i + 1], 'state')
  if state == 'candidate' or state == 'accepted' then needed = true end
end
local solo = {}
for i = lastTwin + 1, #ARGV, 2 do solo[ARGV[i]] = ARGV[i + 1] end
-- Blocks that an older pool left pending have no facts.
for _, member in ipairs(redis.call('SMEMBERS', KEYS[2])) do
  if member ~= ARGV[2] and string.match(member, '^[^:]*:[^:]*:(%d+)') == ARGV[5] then
    if not solo[member] then return 'conflict' end
    if solo[member] == '0' then needed = true end
  end
end

local outcome = 'noRound'
if ARGV[8] == '0' and redis.call('EXISTS', KEYS[5]) == 1 then
  outcome = needed and 'kept' or 'merged'
end
if outcome == 'merged' then
  local round = redis.call('HGETALL', KEYS[5])
  local workers = {}
  for i = 1, #round, 2 do
    if not isNumber(round[i + 1]) then return badValue(KEYS[5], round[i], round[i + 1]) end
    workers[#workers + 1] = round[i]
  end
  err = badSums(KEYS[4], workers)
  if err then return err end
  for i = 1, #round, 2 do
    redis.call('HINCRBYFLOAT', KEYS[4], round[i], round[i + 1])
  end
  redis.call('DEL', KEYS[5])
end
redis.call('SREM', KEYS[7], ARGV[3])
redis.call('SMOVE', KEYS[2], KEYS[3], ARGV[2])
redis.call('HSET', KEYS[6], 'state', 'orphaned', 'orphanedTime', ARGV[6], 'txHash', ARGV[4], 'height', ARGV[5])
redis.call('HDEL', KEYS[8], ARGV[3])
redis.call('HDEL', KEYS[9], ARGV[2])
tell(KEYS[10], 'block-orphaned', ARGV[7])
return outcome
