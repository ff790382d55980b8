-- Dovecot's passdb for XOAUTH2 and OAUTHBEARER. The mailbox that is asked for may be the token's owner's
-- or, for IMAP as with Exchange, one that is shared with them. peers/dovecot.py puts INTROSPECTION and
-- SHARED before this text.

local client

function script_init()
  client = dovecot.http.client { timeout = 10000, max_attempts = 2 }
  return 0
end

local function encode(text)
  return (text:gsub("[^%w._~-]", function(byte) return string.format("%%%02X", byte:byte()) end))
end

-- The identity provider's JSON is flat and has no escapes in what we look for.
local function introspect(token)
  local request = client:request { url = INTROSPECTION, method = "POST" }
  request:add_header("Content-Type", "application/x-www-form-urlencoded")
  request:set_payload("token=" .. encode(token))
  local response = request:submit()
  if response:status() ~= 200 then
    return nil, response:reason()
  end
  return response:payload()
end

local function text_of(json, name)
  return json:match('"' .. name .. '":"([^"]*)"') or ""
end

local function has_word(words, word)
  return (" " .. words:lower() .. " "):find(" " .. word:lower() .. " ", 1, true) ~= nil
end

-- One line "OWNER ADDRESS" for each right; read anew each time, so that it may change.
local function is_shared(owner, address)
  for line in io.lines(SHARED) do
    if line:lower() == (owner .. " " .. address):lower() then
      return true
    end
  end
  return false
end

function auth_password_verify(request, token)
  local json, problem = introspect(token)
  if json == nil then
    return dovecot.auth.PASSDB_RESULT_INTERNAL_FAILURE, "no introspection: " .. tostring(problem)
  end
  if not json:find('"active":true', 1, true) or not has_word(text_of(json, "services"), request.service) then
    return dovecot.auth.PASSDB_RESULT_PASSWORD_MISMATCH, "the token does not hold"
  end
  local owner = text_of(json, "username")
  local own = has_word(owner .. " " .. text_of(json, "addresses"), request.user)
  if own or (request.service == "imap" and is_shared(owner, request.user)) then
    return dovecot.auth.PASSDB_RESULT_OK, {}
  end
  return dovecot.auth.PASSDB_RESULT_PASSWORD_MISMATCH, "no right on this mailbox"
end

function auth_passdb_lookup(request)
  return dovecot.auth.PASSDB_RESULT_USER_UNKNOWN, "tokens only"
end
