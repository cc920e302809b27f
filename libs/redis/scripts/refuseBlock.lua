-- Every daemon refused the block: its round goes back into the current one, unless a twin needs it. Counted once.
-- KEYS: 1 block facts, 2 roundCurrent, 3 round<height>, 4 blocks of that round, 5 open blocks, 6 stats,
--       7 blocksPending, 8 index of blocks
-- ARGV: 1 block hash, 2 reason, 3 seconds to keep the block's facts,
--       then two for each pending block of its height: member, '1' if it needs no round (SOLO), else '0'
-- Returns 'merged' | 'twin' (refused, the round stays for another block) | 'already' (refused before) |
-- 'kept' (the block was accepted: nothing is done) | 'unknown' (no such block) |
-- 'conflict' (other pending blocks than these: look again).
-- Errors, nothing written: WRONGTYPE, BADVALUE.
-- include checks.lua
local err = wrongTypes({ KEYS[1], 'hash', KEYS[2], 'hash', KEYS[3], 'hash', KEYS[4], 'set', KEYS[5], 'set',
  KEYS[6], 'hash', KEYS[7], 'set' })
if err then return err end
local state, height = unpack(redis.call('HMGET', KEYS[1], 'state', 'height'))
if not (state and height) then return 'unknown' end
if state == 'refused' then return 'already' end
if state ~= 'candidate' then return 'kept' end

local others = redis.call('SCARD', KEYS[4]) - redis.call('SISMEMBER', KEYS[4], ARGV[1])
-- A pending block of this height that no closeRound knows (an older pool's) needs its round as well.
local solo = {}
for i = 4, #ARGV, 2 do solo[ARGV[i]] = ARGV[i + 1] end
for _, member in ipairs(redis.call('SMEMBERS', KEYS[7])) do
  if string.match(member, '^[^:]*:[^:]*:(%d+)') == height then
    if not solo[member] then return 'conflict' end
    if solo[member] == '0' then others = others + 1 end
  end
end
-- A SOLO block ended no round: there is none to give back.
if redis.call('HGET', KEYS[1], 'solo') == '1' then others = others + 1 end
local round = {}
if others == 0 then round = redis.call('HGETALL', KEYS[3]) end
local workers = {}
for i = 1, #round, 2 do
  if not isNumber(round[i + 1]) then return badValue(KEYS[3], round[i], round[i + 1]) end
  workers[#workers + 1] = round[i]
end
err = badSums(KEYS[2], workers) or badCounter(KEYS[6], 'invalidBlocks')
if err then return err end

redis.call('HSET', KEYS[1], 'state', 'refused', 'reason', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('SREM', KEYS[4], ARGV[1])
redis.call('SREM', KEYS[5], ARGV[1])
redis.call('HINCRBY', KEYS[6], 'invalidBlocks', 1)
redis.pcall('ZREM', KEYS[8], ARGV[1])
if others > 0 then return 'twin' end
for i = 1, #round, 2 do redis.call('HINCRBYFLOAT', KEYS[2], round[i], round[i + 1]) end
redis.call('DEL', KEYS[3])
return 'merged'
