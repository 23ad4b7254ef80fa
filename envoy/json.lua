-- A strict JSON scanner over spans: it says where things stand in a body and changes nothing.
--
-- Four scripts begin with this file. choose.lua refuses what the scanner refuses; rewrite.lua
-- cuts and replaces spans, so every byte that it does not name reaches the provider as it came;
-- usage.lua knows by it which event of a stream tells nothing but the usage, and error_target.lua
-- whether it was given a completion.
--
-- Strict, because a provider reads the body again with a parser of its own. What two parsers
-- may read in two ways (bad UTF-8, lone surrogates, control characters, numbers such as 01,
-- a byte order mark, anything after the object) is refused here. What is left and still
-- ambiguous, the same key given twice or in another spelling, the scripts settle themselves.
--
-- Linear in the bytes of the body and without recursion: containers are on a stack of its own,
-- at most MAX_DEPTH deep. Loops go byte by byte on purpose: LuaJIT compiles string.byte, while
-- string.find with a pattern stays interpreted and is five times slower.
--
-- Positions count from 1. A span `from, to` is half open: `to` is the first byte after it.

local byte, char, sub, find = string.byte, string.char, string.sub, string.find
local lower, concat, floor = string.lower, table.concat, math.floor

local MAX_DEPTH = 64
-- Of the body's object and of its messages together. Each is kept, which takes a hundred times the
-- bytes that it stands on: ten megabytes of them would take a gigabyte.
local MAX_MEMBERS = 32768

-- Weights for estimating tokens, in twentieths of a token: one ASCII character, and one of two,
-- three and four UTF-8 bytes (accents and Cyrillic; Chinese, Hindi, Japanese; emoji). Over 6700
-- texts and code in a dozen languages the sum is 1.05 of OpenAI's o200k_base and 1.00 of its
-- cl100k_base; in mostly non-ASCII text the median is 1.10 of o200k_base, where counting four
-- characters to a token gives 0.57.
local ASCII, TWO_BYTES, THREE_BYTES, FOUR_BYTES, TOKEN = 5, 10, 16, 40, 20

-- Members of a message that hold text for the model, and not, say, an image.
local TEXT_KEYS = { content = true, text = true, arguments = true, name = true, refusal = true }
-- Their counterparts beside `messages`: of completions, embeddings, responses, and Anthropic's.
local INPUT_KEYS = { prompt = true, input = true, suffix = true, instructions = true, system = true }

local HEX = {}
for digit = 0, 9 do HEX[48 + digit] = digit end
for digit = 10, 15 do HEX[55 + digit] = digit; HEX[87 + digit] = digit end

-- Leaves the scan; `scan` turns it into its second result.
local function fail(what, position)
  error({ problem = what .. " at byte " .. position }, 0)
end

local function skip_space(s, i)
  local c = byte(s, i)
  while c == 32 or c == 10 or c == 13 or c == 9 do
    i = i + 1
    c = byte(s, i)
  end
  return i
end

local function is_continuation(c)
  return c ~= nil and c >= 0x80 and c <= 0xBF
end

-- A character of more than one byte that begins with byte `c` at `i`: its end and its weight.
-- The ranges are those of RFC 3629: no overlong forms, no surrogates, nothing over U+10FFFF.
local function wide_end(s, i, c)
  local second = byte(s, i + 1)
  if is_continuation(second) then
    if c >= 0xC2 and c <= 0xDF then return i + 2, TWO_BYTES end
    if is_continuation(byte(s, i + 2)) then
      if c >= 0xE0 and c <= 0xEF and (c ~= 0xE0 or second >= 0xA0)
        and (c ~= 0xED or second <= 0x9F) then
        return i + 3, THREE_BYTES
      end
      if c >= 0xF0 and c <= 0xF4 and (c ~= 0xF0 or second >= 0x90)
        and (c ~= 0xF4 or second <= 0x8F) and is_continuation(byte(s, i + 3)) then
        return i + 4, FOUR_BYTES
      end
    end
  end
  fail("bytes that are not UTF-8", i)
end

-- The code unit of `\uXXXX` whose backslash is at `i`.
local function code_unit(s, i)
  local a, b = HEX[byte(s, i + 2)], HEX[byte(s, i + 3)]
  local c, d = HEX[byte(s, i + 4)], HEX[byte(s, i + 5)]
  if not (a and b and c and d) then fail("\\u without four hexadecimal digits", i) end
  return a * 4096 + b * 256 + c * 16 + d
end

-- The escape whose backslash is at `i`: its end, its weight and its code point.
local function escape_end(s, i)
  local c = byte(s, i + 1)
  if c == 110 then return i + 2, ASCII, 10 end
  if c == 34 or c == 92 or c == 47 then return i + 2, ASCII, c end
  if c == 116 then return i + 2, ASCII, 9 end
  if c == 114 then return i + 2, ASCII, 13 end
  if c == 98 then return i + 2, ASCII, 8 end
  if c == 102 then return i + 2, ASCII, 12 end
  if c ~= 117 then fail("an unknown escape in a string", i) end
  local unit = code_unit(s, i)
  if unit < 0x80 then return i + 6, ASCII, unit end
  if unit < 0x800 then return i + 6, TWO_BYTES, unit end
  if unit < 0xD800 or unit > 0xDFFF then return i + 6, THREE_BYTES, unit end
  if unit > 0xDBFF or byte(s, i + 6) ~= 92 or byte(s, i + 7) ~= 117 then
    fail("half of a surrogate pair in a string", i)
  end
  local low = code_unit(s, i + 6)
  if low < 0xDC00 or low > 0xDFFF then fail("half of a surrogate pair in a string", i) end
  return i + 12, FOUR_BYTES, 0x10000 + (unit - 0xD800) * 1024 + low - 0xDC00
end

-- The string whose opening quote is at `i`: its end, its weight, whether it has no escapes.
local function string_end(s, i)
  local from, weight, plain = i + 1, 0, true
  i = from
  while true do
    local c = byte(s, i)
    if c == nil then fail("a string that does not end", from - 1) end
    if c == 34 then return i + 1, weight + (i - from) * ASCII, plain end
    if c < 32 then fail("a control character in a string", i) end
    if c ~= 92 and c < 128 then
      i = i + 1
    else
      local after, own
      if c == 92 then
        after, own = escape_end(s, i)
        plain = false
      else
        after, own = wide_end(s, i, c)
      end
      weight = weight + own - (after - i) * ASCII
      i = after
    end
  end
end

local function digits_end(s, i)
  local c, from = byte(s, i), i
  while c ~= nil and c >= 48 and c <= 57 do
    i = i + 1
    c = byte(s, i)
  end
  if i == from then fail("a number that is not JSON", i) end
  return i, c
end

local function number_end(s, i)
  local c = byte(s, i)
  if c == 45 then
    i = i + 1
    c = byte(s, i)
  end
  if c == 48 then
    i = i + 1
    c = byte(s, i)
  else
    i, c = digits_end(s, i)
  end
  if c == 46 then i, c = digits_end(s, i + 1) end
  if c == 101 or c == 69 then
    c = byte(s, i + 1)
    if c == 43 or c == 45 then i = i + 1 end
    i = digits_end(s, i + 1)
  end
  return i
end

-- A value that is neither a string nor a container.
local function scalar_end(s, i, c)
  if c == 116 and sub(s, i, i + 3) == "true" then return i + 4 end
  if c == 102 and sub(s, i, i + 4) == "false" then return i + 5 end
  if c == 110 and sub(s, i, i + 3) == "null" then return i + 4 end
  if c == nil then fail("the end of the body where a value should be", i) end
  if c ~= 45 and (c < 48 or c > 57) then fail("something that is not JSON", i) end
  return number_end(s, i)
end

-- The key whose opening quote should be at `i`: where its value begins, its own end, plain.
local function key_end(s, i)
  if byte(s, i) ~= 34 then fail("something that is not a key in quotes", i) end
  local after, _, plain = string_end(s, i)
  local colon = skip_space(s, after)
  if byte(s, colon) ~= 58 then fail("a key without a colon", colon) end
  return skip_space(s, colon + 1), after, plain
end

-- The UTF-8 bytes of a code point.
local function utf8_bytes(point)
  if point < 0x80 then return char(point) end
  local last = 0x80 + point % 64
  local rest = floor(point / 64)
  if point < 0x800 then return char(0xC0 + rest, last) end
  local third = 0x80 + rest % 64
  rest = floor(rest / 64)
  if point < 0x10000 then return char(0xE0 + rest, third, last) end
  return char(0xF0 + floor(rest / 64), 0x80 + rest % 64, third, last)
end

-- What the string in the span says; it has been scanned before.
local function unescaped(s, from, to, plain)
  local text = sub(s, from + 1, to - 2)
  if plain then return text end
  local parts, i, last = {}, 1, #text
  while i <= last do
    local slash = find(text, "\\", i, true) or last + 1
    parts[#parts + 1] = sub(text, i, slash - 1)
    i = slash
    if i <= last then
      local after, _, point = escape_end(text, i)
      parts[#parts + 1] = utf8_bytes(point)
      i = after
    end
  end
  return concat(parts)
end

-- Open containers inside the value being scanned: their closing bytes, and whether the strings
-- in them are text. One scan at a time uses them: a script never yields while it scans.
local closing, texts = {}, {}

-- The value at `i`, inside `depth` containers: its end, and the weight of the text in it.
-- `text` says whether a string here is text for the model; it holds for arrays too, while
-- the members of an object go by their names. With `text` nil nothing is weighed at all.
local function value_end(s, i, depth, text)
  local weighed, top, total = text ~= nil, 0, 0
  while true do
    local c = byte(s, i)
    local opened = false
    if c == 34 then
      local after, weight = string_end(s, i)
      if text then total = total + weight end
      i = after
    elseif c == 123 or c == 91 then
      top = top + 1
      if depth + top > MAX_DEPTH then fail("nesting deeper than " .. MAX_DEPTH .. " levels", i) end
      closing[top], texts[top] = c + 2, text
      opened = true
      i = i + 1
    else
      -- A prompt may come as token numbers: one token each.
      if text and top > 0 and closing[top] == 93 and c ~= 116 and c ~= 102 and c ~= 110 then
        total = total + TOKEN
      end
      i = scalar_end(s, i, c)
    end
    while true do
      if top == 0 then return i, total end
      i = skip_space(s, i)
      c = byte(s, i)
      if c ~= closing[top] then break end
      top = top - 1
      opened = false
      i = i + 1
    end
    if not opened then
      if c ~= 44 then fail("a missing comma or bracket", i) end
      i = skip_space(s, i + 1)
    end
    text = texts[top]
    if closing[top] == 125 then
      local key_from = i
      local key_to, plain
      i, key_to, plain = key_end(s, i)
      if weighed then text = TEXT_KEYS[unescaped(s, key_from, key_to, plain)] or false end
    end
  end
end

-- A key as parsers read it. Some of them stop at a NUL, so none may stand there.
local function key_name(s, from, to, plain)
  local name = unescaped(s, from, to, plain)
  if not plain and find(name, "\0", 1, true) then fail("\\u0000 in a key", from) end
  return name
end

local members_left = 0  -- of the scan at hand

-- The members of the object at `i`, in order, and its end. `member_end(s, i, name)` scans a
-- value. A member's span goes from its opening bracket or comma to the next one, so it holds
-- the white space around it too.
local function object_members(s, i, member_end)
  local members, count = {}, 0
  local from = i + 1
  i = skip_space(s, from)
  if byte(s, i) == 125 then return members, i + 1 end
  while true do
    local value_from, key_to, plain = key_end(s, i)
    local name = key_name(s, i, key_to, plain)
    local value_to = member_end(s, value_from, name)
    local to = skip_space(s, value_to)
    count = count + 1
    if members_left == 0 then fail("more than " .. MAX_MEMBERS .. " members", i) end
    members_left = members_left - 1
    members[count] = {
      name = name, plain = plain, from = from, to = to,
      key_from = i, value_from = value_from, value_to = value_to,
    }
    local c = byte(s, to)
    if c == 125 then return members, to + 1 end
    if c ~= 44 then fail("a missing comma or bracket", to) end
    from = to + 1
    i = skip_space(s, from)
  end
end

-- The array of messages at `i`: its end, the weight of its texts; objects go to `elements`.
local function messages_end(s, i, elements)
  local weight = 0
  local function member_end(body, at, name)
    local to, own = value_end(body, at, 3, TEXT_KEYS[name] or false)
    weight = weight + own
    return to
  end
  i = skip_space(s, i + 1)
  if byte(s, i) == 93 then return i + 1, 0 end
  while true do
    if byte(s, i) == 123 then
      elements[#elements + 1], i = object_members(s, i, member_end)
    else
      i = value_end(s, i, 2)
    end
    i = skip_space(s, i)
    local c = byte(s, i)
    if c == 93 then return i + 1, weight end
    if c ~= 44 then fail("a missing comma or bracket", i) end
    i = skip_space(s, i + 1)
  end
end

local function document(s)
  members_left = MAX_MEMBERS
  local i = skip_space(s, 1)
  if byte(s, i) ~= 123 then
    if i > #s then error({ problem = "the body is empty" }, 0) end
    fail("something other than an object", i)
  end
  local doc = { elements = {}, weight = 0 }
  local function member_end(body, at, name)
    local to, weight
    if lower(name) == "messages" and byte(body, at) == 91 then
      to, weight = messages_end(body, at, doc.elements)
    else
      to, weight = value_end(body, at, 1, INPUT_KEYS[name])
    end
    doc.weight = doc.weight + weight
    return to
  end
  doc.members, doc.to = object_members(s, i, member_end)
  doc.from = i
  if skip_space(s, doc.to) <= #s then fail("something after the end of the object", doc.to) end
  return doc
end

-- The body as spans, or nil and what is wrong with it.
-- members: the members of the object; elements: the same of each message; weight: of its texts,
-- in twentieths of a token; from, to: the span of the object.
local function scan(s)
  local done, result = pcall(document, s)
  if done then return result end
  if type(result) == "table" then return nil, result.problem end
  error(result, 0)
end

-- The last member of that name: what parsers take when a key is given more than once.
local function last_member(doc, name)
  for index = #doc.members, 1, -1 do
    if doc.members[index].name == name then return doc.members[index] end
  end
end

-- What a member's value says if it is a string, else nil.
local function string_value(s, member)
  if member == nil or byte(s, member.value_from) ~= 34 then return nil end
  local _, _, plain = string_end(s, member.value_from)
  return unescaped(s, member.value_from, member.value_to, plain)
end

-- A member's value as it is written.
local function raw(s, member)
  return sub(s, member.value_from, member.value_to - 1)
end

-- The JSON string that says a text.
local function json_string(text)
  return '"' .. string.gsub(text, '[%z\1-\31"\\]', function(c)
    return (c == '"' or c == "\\") and "\\" .. c or string.format("\\u%04x", byte(c))
  end) .. '"'
end
