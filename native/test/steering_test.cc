// Steering on the real kernel: which socket of a reuseport group gets what, through replacement of
// its owners; and taking over a socket by its number.
#include "../udp/steering.h"

#include <fcntl.h>
#include <linux/filter.h>

#include <cerrno>
#include <set>
#include <vector>

#include "../udp/control_messages.h"
#include "../udp/fault_injection.h"
#include "../udp/options.h"
#include "batch_fixture.h"
#include "check.h"
#include "forwarding_calls.h"

namespace burstwire::test {
namespace {

constexpr int kShards = 4;

OpenOptions group_options(const char* address, uint16_t port, int shards) {
  OpenOptions options;
  options.local = key_of(address, port);
  options.ipv6 = !options.local.is_ipv4();
  options.reuse_port = true;
  options.shards = shards;
  return options;
}

std::vector<OpenResult> open_group(const char* address) {
  std::vector<OpenResult> group;
  uint16_t port = 0;
  for (int shard = 0; shard < kShards; shard++) {
    const int shards = shard == 0 ? kShards : 0;
    group.push_back(open_udp_socket(real_system_calls(), group_options(address, port, shards)));
    CHECK_EQ(group.back().error, 0);
    port = group.back().local.port;
  }
  CHECK(group[0].features.steering);
  return group;
}

// A socket that sends, from a port of its own.
struct Client {
  explicit Client(const OpenResult& to) : size(write_sockaddr(to.local, to.family, name)) {
    OpenOptions options;
    options.local = key_of(to.family == AF_INET6 ? "::1" : "127.0.0.1", 0);
    options.ipv6 = to.family == AF_INET6;
    opened.emplace_back(open_udp_socket(real_system_calls(), options));
  }
  void send(const Bytes& bytes) {
    const auto sent = sendto(opened[0].fd.get(), bytes.data(), bytes.size(), 0,
                             reinterpret_cast<const sockaddr*>(&name), size);
    CHECK_EQ(sent, static_cast<ssize_t>(bytes.size()));
  }
  sockaddr_in6 name{};
  socklen_t size;
  std::vector<OpenResult> opened;
};

// Loopback delivers within the send: what arrived, arrived. -1: nowhere.
int arrived_at(const std::vector<OpenResult>& group) {
  int found = -1;
  for (size_t index = 0; index < group.size(); index++) {
    uint8_t byte = 0;
    if (recv(group[index].fd.get(), &byte, 1, MSG_DONTWAIT) < 0) continue;
    CHECK_EQ(found, -1);
    found = static_cast<int>(index);
  }
  return found;
}

Bytes packet(uint8_t first, uint8_t shard, size_t length = 1200) {
  Bytes bytes(length, 0xee);
  bytes[0] = first;
  if (length > 1) bytes[1] = shard;
  return bytes;
}

Bytes handshake(uint8_t type, uint8_t shard, size_t length = 1200) {
  Bytes bytes(length, 0xee);
  bytes[0] = static_cast<uint8_t>(0x80 + type);
  bytes[5] = shard;
  return bytes;
}

TEST(packets_and_answers_go_where_their_connection_id_says) {
  for (const char* address : {"127.0.0.1", "::1"}) {
    if (address[0] == ':' && !have_ipv6()) continue;
    const std::vector<OpenResult> group = open_group(address);
    for (int source = 0; source < 20; source++) {
      Client client(group[0]);
      for (uint8_t shard = 0; shard < kShards; shard++) {
        for (const uint8_t first : Bytes{0x40, 0x5f, 0x7f}) {
          client.send(packet(first, shard));
          CHECK_EQ(arrived_at(group), shard);
        }
        for (const uint8_t type : Bytes{2, 3, 4, 5, 0x7f}) {
          client.send(handshake(type, shard));
          CHECK_EQ(arrived_at(group), shard);
        }
        client.send(packet(0x40, shard, 9));
        CHECK_EQ(arrived_at(group), shard);
      }
    }
  }
}

TEST(what_names_no_shard_stays_with_one_socket_for_each_source) {
  const std::vector<OpenResult> group = open_group("127.0.0.1");
  std::set<int> reached;
  for (int source = 0; source < 64; source++) {
    Client client(group[0]);
    client.send(handshake(1, 2));
    const int home = arrived_at(group);
    CHECK(home >= 0);
    reached.insert(home);
    // Sent again; unknown shards; no packets of ours; too short to hold an id, down to nothing.
    const Bytes others[] = {handshake(1, 3),    packet(0x40, kShards),
                            packet(0x40, 255),  handshake(2, kShards),
                            packet(0x00, 1),    packet(0x3f, 1),
                            packet(0x40, 1, 8), packet(0x82, 1, 8),
                            packet(0x40, 0, 1), Bytes()};
    for (const Bytes& bytes : others) {
      client.send(bytes);
      CHECK_EQ(arrived_at(group), home);
    }
  }
  CHECK_EQ(reached.size(), kShards);
}

TEST(a_shard_keeps_its_place_through_new_owners) {
  std::vector<OpenResult> group = open_group("127.0.0.1");
  Client client(group[0]);
  for (int round = 0; round < 3; round++) {
    for (uint8_t shard = 0; shard < kShards; shard++) {
      OpenOptions options = group_options("127.0.0.1", group[0].local.port, 0);
      options.adopted_fd = group[shard].fd.get();
      options.receive_buffer_bytes = 1 << 16;
      {
        const OpenResult owner = open_udp_socket(real_system_calls(), options);
        REQUIRE_EQ(owner.error, 0);
        CHECK(owner.local == group[0].local);
        CHECK_EQ(owner.family, AF_INET);
        CHECK(owner.features.ecn && owner.features.drops);
        CHECK(owner.receive_buffer_bytes > 0);
        CHECK((fcntl(owner.fd.get(), F_GETFD) & FD_CLOEXEC) != 0);
      }
      // While nobody serves it, its socket keeps what comes.
      client.send(packet(0x40, shard));
      const OpenResult heir = open_udp_socket(real_system_calls(), options);
      uint8_t byte = 0;
      CHECK_EQ(recv(heir.fd.get(), &byte, 1, MSG_DONTWAIT), 1);
      for (uint8_t other = 0; other < kShards; other++) {
        client.send(packet(0x40, other));
        CHECK_EQ(arrived_at(group), other);
      }
    }
  }
}

TEST(a_socket_that_leaves_moves_the_last_one_into_its_place) {
  // Why a group is held by one owner for good: docs/adr says what follows from this.
  std::vector<OpenResult> group = open_group("127.0.0.1");
  Client client(group[0]);
  group[1].fd.reset();
  client.send(packet(0x40, 1));
  CHECK_EQ(arrived_at(group), 3);
  // No socket has this place any more: the kernel's hash decides.
  client.send(packet(0x40, 3));
  CHECK(arrived_at(group) != 1);
  group[1] =
      open_udp_socket(real_system_calls(), group_options("127.0.0.1", group[0].local.port, 0));
  client.send(packet(0x40, 3));
  CHECK_EQ(arrived_at(group), 1);
}

TEST(without_the_program_the_sockets_serve_all_the_same) {
  FaultySystemCalls calls(real_system_calls());
  calls.inject({Operation::kSetOption, 0, -EPERM, 1, 51});
  const OpenResult first = open_udp_socket(calls, group_options("127.0.0.1", 0, kShards));
  REQUIRE_EQ(first.error, 0);
  CHECK(!first.features.steering);
  OpenOptions alone;
  alone.local = key_of("127.0.0.1", 0);
  const OpenResult other = open_udp_socket(real_system_calls(), alone);
  CHECK_EQ(steer_by_connection_id(real_system_calls(), other.fd.get(), 1), -EINVAL);
  CHECK_EQ(probe_features(real_system_calls()).steering, 0);
}

TEST(only_a_shared_udp_socket_of_the_port_is_taken_over) {
  const int before = open_descriptors();
  {
    const std::vector<OpenResult> group = open_group("127.0.0.1");
    OpenOptions lone;
    lone.local = key_of("127.0.0.1", 0);
    const OpenResult unshared = open_udp_socket(real_system_calls(), lone);
    const UniqueFd tcp(real_system_calls(),
                       real_system_calls().open_socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const UniqueFd folder(real_system_calls(), open("/", O_RDONLY | O_CLOEXEC));
    const auto adopt = [&](int fd, uint16_t port) {
      OpenOptions options = group_options("127.0.0.1", port, 0);
      options.adopted_fd = fd;
      const OpenResult result = open_udp_socket(real_system_calls(), options);
      CHECK(!result.fd.ok());
      return result.error;
    };
    const uint16_t port = group[0].local.port;
    CHECK_EQ(adopt(tcp.get(), port), -EPROTOTYPE);
    CHECK_EQ(adopt(folder.get(), port), -EPROTOTYPE);
    CHECK_EQ(adopt(unshared.fd.get(), unshared.local.port), -EPROTOTYPE);
    CHECK_EQ(adopt(1 << 20, port), -EBADF);
    CHECK_EQ(adopt(group[0].fd.get(), static_cast<uint16_t>(port ^ 1)), -EADDRNOTAVAIL);
  }
  CHECK_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace burstwire::test
