-- Checks for scripts that must do all or nothing: Redis does not roll back what a failing script has written.
-- Each returns an error reply, or nil when all is well.

-- The key is absent or of this type.
local function wrongType(key, wanted)
  local found = redis.call('TYPE', key)['ok']
  if found ~= 'none' and found ~= wanted then
    return redis.error_reply('WRONGTYPE ' .. key .. ' holds a ' .. found .. ', not a ' .. wanted)
  end
end

-- keysAndTypes = { key1, type1, key2, type2, … }
local function wrongTypes(keysAndTypes)
  for i = 1, #keysAndTypes, 2 do
    local err = wrongType(keysAndTypes[i], keysAndTypes[i + 1])
    if err then return err end
  end
end

-- What HINCRBYFLOAT takes, except that hex and infinity are refused.
local function isNumber(text)
  local number = tonumber(text)
  return number ~= nil and number == number and math.abs(number) < math.huge
    and string.find(text, '^[%d%.eE+-]+$') ~= nil
end

local function badValue(key, field, value)
  return redis.error_reply('BADVALUE ' .. key .. ' field ' .. field .. ' holds "' .. value .. '", not a number')
end

-- HINCRBY can count this field of the hash on.
local function badCounter(key, field)
  local value = redis.call('HGET', key, field)
  if value and not (string.find(value, '^-?%d+$') and #value < 18) then return badValue(key, field, value) end
end

-- HINCRBYFLOAT can add to each of these fields of the hash.
local function badSums(key, fields)
  for first = 1, #fields, 1000 do
    local last = math.min(first + 999, #fields)
    local values = redis.call('HMGET', key, unpack(fields, first, last))
    for i = first, last do
      local value = values[i - first + 1]
      if value and not isNumber(value) then return badValue(key, fields[i], value) end
    end
  end
end
