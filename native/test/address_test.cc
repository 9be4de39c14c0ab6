// Addresses: text to key and back, on the machine's own loopback interface.
#include "../udp/address.h"

#include <net/if.h>

#include <cstring>
#include <string>

#include "check.h"

namespace burstwire::test {
namespace {

std::string format(const PeerKey& key) {
  // Exactly the room that the header promises to be enough.
  char text[kAddressTextBytes];
  std::memset(text, 'x', sizeof text);
  format_address(key, text);
  return text;
}

// Parses and formats; "" for what is refused.
std::string round(const std::string& text) {
  PeerKey key;
  return parse_address(text.c_str(), 4433, key) ? format(key) : "";
}

TEST(canonical_forms) {
  CHECK_EQ(round("192.0.2.1"), "192.0.2.1");
  CHECK_EQ(round("0.0.0.0"), "0.0.0.0");
  CHECK_EQ(round("255.255.255.255"), "255.255.255.255");
  CHECK_EQ(round("::"), "::");
  CHECK_EQ(round("::1"), "::1");
  CHECK_EQ(round("2001:DB8:0:0::1"), "2001:db8::1");
  CHECK_EQ(round("::ffff:192.0.2.1"), "192.0.2.1");
  CHECK_EQ(round("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
           "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

TEST(both_spellings_of_ipv4_are_one_key) {
  PeerKey plain;
  PeerKey mapped;
  CHECK(parse_address("192.0.2.1", 7, plain));
  CHECK(parse_address("::ffff:192.0.2.1", 7, mapped));
  CHECK(plain == mapped);
  CHECK(plain.is_ipv4());
  CHECK_EQ(plain.port, 7);
}

TEST(refused) {
  for (const char* text : {"",
                           " ",
                           "localhost",
                           "example.com",
                           "1.2.3",
                           "1.2.3.4.5",
                           "1.2.3.256",
                           "01.2.3.4.",
                           "1.2.3.4 ",
                           " 1.2.3.4",
                           "1.2.3.4:80",
                           "[::1]",
                           "::1/128",
                           ":::",
                           "1::2::3",
                           "g::1",
                           "1.2.3.4%lo",
                           "fe80::1%",
                           "fe80::1%no-such-interface",
                           "fe80::1%4294967296",
                           "fe80::1%-1",
                           "fe80::1%0",
                           "fe80::1%1x",
                           "fe80::1%%1",
                           "0x7f.1",
                           "2130706433",
                           "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}) {
    if (round(text).empty()) continue;
    CHECK_EQ(text, "an address that is refused");
  }
  CHECK(round(std::string(10000, '1')).empty());
  CHECK(round(std::string(10000, ':')).empty());
}

TEST(scopes_by_name_and_number) {
  const uint32_t loopback = if_nametoindex("lo");
  REQUIRE(loopback != 0);
  PeerKey by_name;
  PeerKey by_number;
  CHECK(parse_address("fe80::1%lo", 9, by_name));
  CHECK(parse_address(("fe80::1%" + std::to_string(loopback)).c_str(), 9, by_number));
  CHECK_EQ(by_name.scope, loopback);
  CHECK(by_name == by_number);
  CHECK_EQ(format(by_name), "fe80::1%lo");
}

TEST(the_longest_text_fits) {
  PeerKey key;
  REQUIRE(parse_address("fe80:1111:2222:3333:4444:5555:6666:7777", 1, key));
  key.scope = UINT32_MAX;  // no interface has it: the number is written
  CHECK_EQ(format(key), "fe80:1111:2222:3333:4444:5555:6666:7777%4294967295");
}

TEST(a_key_from_before_leaves_nothing_behind) {
  PeerKey key;
  REQUIRE(parse_address("fe80::1%lo", 9, key));
  REQUIRE(parse_address("2001:db8::1", 10, key));
  CHECK_EQ(key.scope, 0);
  CHECK_EQ(key.port, 10);
}

}  // namespace
}  // namespace burstwire::test
