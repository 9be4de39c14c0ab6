// DgramSocket: what is set and asked, once in a while. Each returns 0 or a value, or -errno;
// without a descriptor that is -EBADF, as node:dgram says of a socket that is not bound yet.
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "../udp/address.h"
#include "../udp/dgram_options.h"
#include "dgram_wrap.h"
#include "hot_arguments.h"
#include "values.h"

namespace burstwire {
namespace {

Napi::Value number(const Napi::CallbackInfo& info, int value) {
  return Napi::Number::New(info.Env(), value);
}

bool flag(const Napi::CallbackInfo& info, size_t index) { return to_bool(info[index]); }

const char* wildcard(bool ipv6) { return ipv6 ? "::" : "0.0.0.0"; }

// As node:dgram shows it: what arrives on an IPv6 socket is an IPv6 address, mapped or not.
void format_for(bool ipv6, const PeerKey& key, char* output) {
  static_assert(kAddressTextBytes > sizeof "::ffff:255.255.255.255");
  if (!ipv6 || !key.is_ipv4()) return format_address(key, output);
  constexpr char kPrefix[] = "::ffff:";
  char ipv4[kAddressTextBytes];
  format_address(key, ipv4);
  (void)std::snprintf(output, kAddressTextBytes, "%s%.15s", kPrefix, ipv4);
}

}  // namespace

// A literal of the socket's family: an IPv6 socket takes no `127.0.0.1`, as with node:dgram.
bool DgramSocket::parse(const Napi::Value& address, const Napi::Value& port, PeerKey& key) const {
  const std::string literal = to_text(address);
  const int32_t wanted = to_int32(port);
  if (wanted < 0 || wanted > UINT16_MAX || literal.find('\0') != std::string::npos) return false;
  if (ipv6_ != (literal.find(':') != std::string::npos)) return false;
  return parse_address(literal.c_str(), static_cast<uint16_t>(wanted), key);
}

// (address, port, ipv6Only, reuseAddress, reusePort, gso, gro)
Napi::Value DgramSocket::bind(const Napi::CallbackInfo& info) {
  OpenOptions options;
  options.plain = true;
  options.ipv6 = ipv6_;
  // The descriptor exists and is bound already: membership on a socket that was not.
  if (fd_ || !parse(info[0], info[1], options.local)) return number(info, -EINVAL);
  options.ipv6_only = flag(info, 2);
  options.reuse_address = flag(info, 3);
  options.reuse_port = flag(info, 4);
  options.gso = flag(info, 5);
  options.gro = flag(info, 6);
  OpenResult opened = open_udp_socket(calls_, options);
  return number(info, start(opened));
}

// (fd, duplicate, gso): a descriptor of somebody else, or a copy of it.
Napi::Value DgramSocket::adopt(const Napi::CallbackInfo& info) {
  if (fd_) return number(info, -EBUSY);
  const bool duplicate = flag(info, 1);
  int fd = to_int32(info[0]);
  if (duplicate) fd = dup(fd);
  if (fd < 0) return number(info, -errno);
  OpenOptions options;
  options.ipv6 = ipv6_;
  options.gso = flag(info, 2);
  OpenResult opened = adopt_udp_socket(calls_, fd, options);
  const bool fits = opened.error < 0 || opened.family == (ipv6_ ? AF_INET6 : AF_INET);
  if (!fits) opened.error = -EINVAL;
  const int error = start(opened);
  if (error == 0) receiver_->limit_messages(1);
  if (error < 0 && duplicate && !opened.fd.ok()) ::close(fd);
  if (error < 0 && !duplicate) opened.fd.release();
  return number(info, error);
}

// (address, port)
Napi::Value DgramSocket::connect(const Napi::CallbackInfo& info) {
  PeerKey remote;
  if (!parse(info[0], info[1], remote)) return number(info, -EINVAL);
  if (!fd_) return number(info, -EBADF);
  const int error = connect_to(calls_, fd_->get(), ipv6_ ? AF_INET6 : AF_INET, remote);
  if (error == 0) features_.connected = true;
  return number(info, error);
}

Napi::Value DgramSocket::disconnect(const Napi::CallbackInfo& info) {
  if (!fd_) return number(info, -EBADF);
  const int error = burstwire::disconnect(calls_, fd_->get());
  if (error == 0) features_.connected = false;
  return number(info, error);
}

// (remote) -> [address, port] of this end or of the other.
Napi::Value DgramSocket::name(const Napi::CallbackInfo& info) {
  if (!fd_) return number(info, -EBADF);
  sockaddr_in6 storage{};
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  socklen_t size = sizeof storage;
  const int error = flag(info, 0) ? calls_.peer_name(fd_->get(), address, &size)
                                  : calls_.socket_name(fd_->get(), address, &size);
  if (error < 0) return number(info, error);
  PeerKey key;
  if (!read_sockaddr(address, size, key)) return number(info, -EAFNOSUPPORT);
  char output[kAddressTextBytes];
  format_for(ipv6_, key, output);
  Napi::Array result = Napi::Array::New(info.Env(), 2);
  result.Set(0U, output);
  result.Set(1U, key.port);
  return result;
}

// (option, value): see DgramOption.
Napi::Value DgramSocket::set_option(const Napi::CallbackInfo& info) {
  const auto option = static_cast<DgramOption>(to_int32(info[0]));
  const int value = to_int32(info[1]);
  return number(info, set_dgram_option(calls_, descriptor(), ipv6_, option, value));
}

Napi::Value DgramSocket::set_interface(const Napi::CallbackInfo& info) {
  return number(info, set_multicast_interface(calls_, descriptor(), to_text(info[0]).c_str()));
}

// (join, group, interface?, source?, gso, gro): binds a socket that is not bound to a port of the
// system's choice.
Napi::Value DgramSocket::set_membership(const Napi::CallbackInfo& info) {
  const std::string group = to_text(info[1]);
  const std::string interface = to_text(info[2]);
  const std::string source = to_text(info[3]);
  Membership membership;
  membership.join = flag(info, 0);
  membership.group = group.c_str();
  membership.interface = info[2].IsString() ? interface.c_str() : nullptr;
  membership.source = info[3].IsString() ? source.c_str() : nullptr;
  int error = check_membership(membership);
  if (error == 0 && !fd_) {
    OpenOptions options;
    options.plain = true;
    options.ipv6 = ipv6_;
    options.reuse_address = true;
    options.gso = flag(info, 4);
    options.gro = flag(info, 5);
    if (!parse_address(wildcard(ipv6_), 0, options.local)) error = -EINVAL;
    OpenResult opened = open_udp_socket(calls_, options);
    if (error == 0) error = start(opened);
  }
  if (error == 0) error = burstwire::set_membership(calls_, fd_->get(), membership);
  return number(info, error);
}

// (receive, bytes): what the kernel has now, or -errno.
Napi::Value DgramSocket::buffer_size(const Napi::CallbackInfo& info) {
  if (!fd_) return number(info, -EBADF);
  const uint32_t bytes = static_cast<uint32_t>(to_int32(info[1]));
  return number(info, burstwire::buffer_size(calls_, fd_->get(), flag(info, 0), bytes));
}

// (address, port) -> id, -1 = no literal address of the socket's family, -2 = every id is held.
Napi::Value DgramSocket::intern(const Napi::CallbackInfo& info) {
  PeerKey key;
  if (peers_ == nullptr || !parse(info[0], info[1], key)) return number(info, -1);
  const int32_t id = peers_->intern_named(key);
  return number(info, id != 0 ? id : -2);
}

// (id) -> "port address" of a live id.
napi_value DgramSocket::describe(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  auto* socket = read_arguments<DgramSocket>(env, info, arguments);
  int32_t id = 0;
  if (socket == nullptr || socket->peers_ == nullptr ||
      napi_get_value_int32(env, arguments[0], &id) != napi_ok) {
    return nullptr;
  }
  const PeerEntry* peer = socket->peers_->find(id);
  if (peer == nullptr) return nullptr;
  // One string is one call into the engine of JavaScript.
  char output[kAddressTextBytes + 8];
  char address[kAddressTextBytes];
  format_for(socket->ipv6_, peer->key, address);
  const int length = std::snprintf(output, sizeof output, "%u %s", peer->key.port, address);
  napi_value result = nullptr;
  napi_create_string_latin1(env, output, static_cast<size_t>(length), &result);
  return result;
}

Napi::Value describe_descriptor(const Napi::CallbackInfo& info) {
  const char* type = socket_type(real_system_calls(), to_int32(info[0]));
  return type != nullptr ? Napi::String::New(info.Env(), type) : info.Env().Undefined();
}

}  // namespace burstwire
