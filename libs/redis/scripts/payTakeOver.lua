-- Takes an older pool's balances over, once: each is set to its exact form.
-- KEYS: 1 lease, 2 balances, 3 totals
-- ARGV: 1 epoch, 2 what was taken over in satoshis, 3 time in ms, then three for each balance that changes: worker, old, new
-- ('' deletes the field)
-- Returns 'ok' | 'fenced' | 'already' | 'conflict' (a balance changed: compute again).
-- Errors, nothing written: WRONGTYPE.
-- include checks.lua
local err = wrongTypes({ KEYS[1], 'hash', KEYS[2], 'hash', KEYS[3], 'hash' })
if err then return err end
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 'fenced' end
if redis.call('HEXISTS', KEYS[3], 'takenOver') == 1 then return 'already' end
for i = 4, #ARGV, 3 do
  if redis.call('HGET', KEYS[2], ARGV[i]) ~= ARGV[i + 1] then return 'conflict' end
end
for i = 4, #ARGV, 3 do
  if ARGV[i + 2] == '' then
    redis.call('HDEL', KEYS[2], ARGV[i])
  else
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 2])
  end
end
redis.call('HSET', KEYS[3], 'takenOver', ARGV[2], 'takenOverTime', ARGV[3])
return 'ok'
