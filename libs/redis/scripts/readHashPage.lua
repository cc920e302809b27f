-- Reads a part of a hash of numbers as one text: ten thousands of fields cost little more than one.
-- KEYS: 1 hash
-- ARGV: 1 cursor of HSCAN (0 at first), 2 about how many fields
-- Returns the next cursor (0: this was the last part), then `value:field` a line each. Errors: WRONGTYPE. Writes nothing.
local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local items = page[2]
local lines = {page[1]}
for i = 1, #items, 2 do
  lines[#lines + 1] = items[i + 1] .. ':' .. items[i]
end
return table.concat(lines, '\n')
