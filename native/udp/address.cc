// inet_pton and inet_ntop, and the scope of link-local addresses around them.
#include "address.h"

#include <arpa/inet.h>
#include <net/if.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace burstwire {
namespace {

// "eth0" or "2"; 0 when there is no such interface.
uint32_t parse_scope(const char* text) noexcept {
  const uint32_t index = if_nametoindex(text);
  if (index != 0) return index;
  char* end = nullptr;
  const unsigned long number = std::strtoul(text, &end, 10);
  const bool whole = text[0] >= '0' && text[0] <= '9' && *end == '\0';
  return whole && number <= UINT32_MAX ? static_cast<uint32_t>(number) : 0;
}

bool parse_ipv6(const char* text, PeerKey& key) noexcept {
  char literal[INET6_ADDRSTRLEN];
  const char* percent = std::strchr(text, '%');
  const size_t length =
      percent != nullptr ? static_cast<size_t>(percent - text) : std::strlen(text);
  if (length >= sizeof literal) return false;
  std::memcpy(literal, text, length);
  literal[length] = '\0';
  if (inet_pton(AF_INET6, literal, &key.address) != 1) return false;
  if (percent == nullptr) return true;
  key.scope = parse_scope(percent + 1);
  return key.scope != 0;
}

}  // namespace

bool parse_address(const char* text, uint16_t port, PeerKey& key) noexcept {
  key = {};
  key.port = port;
  in_addr ipv4{};
  if (inet_pton(AF_INET, text, &ipv4) == 1) {
    key.address.s6_addr[10] = 0xff;
    key.address.s6_addr[11] = 0xff;
    std::memcpy(key.address.s6_addr + 12, &ipv4, sizeof ipv4);
    return true;
  }
  return parse_ipv6(text, key);
}

void format_address(const PeerKey& key, char* text) noexcept {
  if (key.is_ipv4()) {
    inet_ntop(AF_INET, key.address.s6_addr + 12, text, kAddressTextBytes);
    return;
  }
  inet_ntop(AF_INET6, &key.address, text, kAddressTextBytes);
  if (key.scope == 0) return;
  char name[IF_NAMESIZE];
  const size_t length = std::strlen(text);
  if (if_indextoname(key.scope, name) != nullptr) {
    (void)std::snprintf(text + length, kAddressTextBytes - length, "%%%s", name);
  } else {
    (void)std::snprintf(text + length, kAddressTextBytes - length, "%%%u", key.scope);
  }
}

}  // namespace burstwire
