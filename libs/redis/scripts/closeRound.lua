-- Ends the current round with a block candidate, once for each block hash.
-- KEYS: 1 block facts, 2 roundCurrent, 3 round<height>, 4 blocks of that round, 5 open blocks, 6 index of blocks
-- ARGV: 1 block hash, 2 height, 3 tx hash, 4 finder, 5 time in ms, 6 reward in satoshis, 7 network difficulty,
--       8 '1' for a SOLO block: it is its finder's alone and ends no round, 9 '1' for one mined beside another chain
-- Returns 'closed' | 'already' (this block was closed before) | 'twin' (round<height> exists: nothing is overwritten,
-- the block shares it). Errors, nothing written: WRONGTYPE.
-- include checks.lua
local err = wrongTypes({ KEYS[1], 'hash', KEYS[2], 'hash', KEYS[3], 'hash', KEYS[4], 'set', KEYS[5], 'set' })
if err then return err end
if redis.call('EXISTS', KEYS[1]) == 1 then return 'already' end

if ARGV[9] == '1' then redis.call('HSET', KEYS[1], 'merged', '1') end
if ARGV[8] == '1' then
  redis.call('HSET', KEYS[1], 'state', 'candidate', 'height', ARGV[2], 'txHash', ARGV[3], 'finder', ARGV[4],
    'time', ARGV[5], 'reward', ARGV[6], 'networkDifficulty', ARGV[7], 'solo', '1')
  redis.call('SADD', KEYS[5], ARGV[1])
  redis.pcall('ZADD', KEYS[6], ARGV[2], ARGV[1])
  return 'closed'
end

local twin = redis.call('EXISTS', KEYS[3]) == 1
-- Effort: the round's work against the network's difficulty, 1 being what a block takes on average.
local work, difficulty = 0, tonumber(ARGV[7]) or 0
for _, share in ipairs(redis.call('HVALS', twin and KEYS[3] or KEYS[2])) do
  if isNumber(share) then work = work + tonumber(share) end
end
local effort = difficulty > 0 and string.gsub(string.format('%.6f', work / difficulty), '%.?0+$', '') or '0'

redis.call('HSET', KEYS[1], 'state', 'candidate', 'height', ARGV[2], 'txHash', ARGV[3], 'finder', ARGV[4],
  'time', ARGV[5], 'reward', ARGV[6], 'networkDifficulty', ARGV[7], 'effort', effort)
redis.call('SADD', KEYS[4], ARGV[1])
redis.call('SADD', KEYS[5], ARGV[1])
redis.pcall('ZADD', KEYS[6], ARGV[2], ARGV[1])
if twin then return 'twin' end
if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('RENAME', KEYS[2], KEYS[3]) end
return 'closed'
