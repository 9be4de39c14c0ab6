// Literal addresses: text to key and back. Cold path only; no names are looked up.
#pragma once

#include <netinet/in.h>

#include <cstddef>

#include "peer_table.h"

namespace burstwire {

inline constexpr size_t kAddressTextBytes = INET6_ADDRSTRLEN + 1 + 16;  // "%" and an interface name

// Reads "192.0.2.1", "2001:db8::1", "fe80::1%eth0", "fe80::1%2". False for anything else, or an
// unknown interface.
bool parse_address(const char* text, uint16_t port, PeerKey& key) noexcept;

// Writes the text with its end mark into `text` (kAddressTextBytes); IPv4 without the ::ffff: of
// its mapped form.
void format_address(const PeerKey& key, char* text) noexcept;

}  // namespace burstwire
