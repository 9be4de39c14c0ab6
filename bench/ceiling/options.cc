// Parses the command line of the ceiling programs; see options.h. Knows no sockets.
#include "options.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace burstwire::ceiling {
namespace {

constexpr double kMaxSeconds = 600;
constexpr int64_t kMaxRate = 100'000'000;
constexpr int32_t kMaxPayload = 65'507;
// UIO_MAXIOV: the kernel silently clamps longer vectors.
constexpr int32_t kMaxMessages = 1024;
constexpr int32_t kMaxDestinations = 1024;
constexpr int32_t kMaxOutstanding = 1 << 20;
// A header, a tag and one byte of payload.
constexpr int32_t kLeastSecureBytes = 30;
constexpr int32_t kSecureBytes = 1452;
constexpr int32_t kSecureMessages = 4;
constexpr int32_t kSecureOutstandingBytes = 2 << 20;

bool parse_integer(const char* text, int64_t low, int64_t high, int64_t& out) {
  char* end = nullptr;
  errno = 0;
  const long long value = std::strtoll(text, &end, 10);
  if (errno != 0 || end == text || *end != '\0' || value < low || value > high) return false;
  out = value;
  return true;
}

bool parse_int32(const char* text, int32_t low, int32_t high, int32_t& out) {
  int64_t value = 0;
  if (!parse_integer(text, low, high, value)) return false;
  out = static_cast<int32_t>(value);
  return true;
}

bool parse_seconds(const char* text, double& out) {
  char* end = nullptr;
  const double value = std::strtod(text, &end);
  if (end == text || *end != '\0' || !(value >= 0 && value <= kMaxSeconds)) return false;
  out = value;
  return true;
}

bool parse_ports(const char* text, std::vector<uint16_t>& out) {
  out.clear();
  const char* at = text;
  while (out.size() < static_cast<size_t>(kMaxDestinations)) {
    char* end = nullptr;
    const long port = std::strtol(at, &end, 10);
    if (end == at || port < 1 || port > 65'535) return false;
    out.push_back(static_cast<uint16_t>(port));
    if (*end == '\0') return true;
    if (*end != ',') return false;
    at = end + 1;
  }
  return false;
}

bool parse_mode(std::string_view text, Mode& out) {
  if (text == "sendto" || text == "recv") {
    out = Mode::kSingle;
  } else if (text == "sendmmsg" || text == "recvmmsg") {
    out = Mode::kBatch;
  } else if (text == "gso" || text == "gro") {
    out = Mode::kTrain;
  } else if (text == "seal" || text == "open") {
    out = Mode::kSecure;
  } else {
    return false;
  }
  return true;
}

bool parse_one(Options& options, std::string_view name, const char* value) {
  if (name == "--mode" || name == "--recv-mode") return parse_mode(value, options.mode);
  if (name == "--size") return parse_int32(value, 1, kMaxPayload, options.size_bytes);
  if (name == "--ports") return parse_ports(value, options.ports);
  if (name == "--destinations") {
    return parse_int32(value, 1, kMaxDestinations, options.destinations);
  }
  if (name == "--messages") return parse_int32(value, 1, kMaxMessages, options.messages);
  if (name == "--rate") return parse_integer(value, 0, kMaxRate, options.rate);
  if (name == "--burst") return parse_int32(value, 1, kMaxMessages, options.burst);
  if (name == "--outstanding" || name == "--window") {
    return parse_int32(value, 1, kMaxOutstanding, options.outstanding);
  }
  if (name == "--spin") return parse_seconds(value, options.spin_seconds);
  if (name == "--kernel") {
    options.kernel = value;
    return true;
  }
  if (name == "--buffer") return parse_int32(value, 1, 1 << 30, options.buffer_bytes);
  if (name == "--warmup") return parse_seconds(value, options.warmup_seconds);
  if (name == "--seconds") return parse_seconds(value, options.seconds);
  if (name == "--tail") return parse_seconds(value, options.tail_seconds);
  return false;
}

// What is not given in kSecure has other values than elsewhere: 0 stands for it until here.
bool settle_defaults(Options& options) {
  const bool secure = options.mode == Mode::kSecure;
  const Options plain;
  if (options.size_bytes == 0) options.size_bytes = secure ? kSecureBytes : plain.size_bytes;
  if (options.messages == 0) options.messages = secure ? kSecureMessages : plain.messages;
  if (options.outstanding == 0) {
    options.outstanding = std::max(1, kSecureOutstandingBytes / options.size_bytes);
  }
  return !secure || options.size_bytes >= kLeastSecureBytes;
}

}  // namespace

std::optional<Options> parse_options(int argc, char** argv) {
  Options options;
  options.size_bytes = 0;
  options.messages = 0;
  const std::string_view role = argc > 1 ? argv[1] : "";
  if (role != "send" && role != "recv") {
    std::fprintf(stderr, "usage: ceiling send|recv [--option value]... (see bench/README.md)\n");
    return std::nullopt;
  }
  options.role = role == "send" ? Role::kSend : Role::kReceive;
  for (int i = 2; i < argc; i++) {
    const std::string_view name = argv[i];
    if (name == "--connected") {
      options.connected = true;
      continue;
    }
    if (i + 1 >= argc || !parse_one(options, name, argv[i + 1])) {
      std::fprintf(stderr, "ceiling: bad argument: %s %s\n", argv[i],
                   i + 1 < argc ? argv[i + 1] : "(no value)");
      return std::nullopt;
    }
    i++;
  }
  if (!settle_defaults(options)) {
    std::fprintf(stderr, "ceiling: --size: a sealed packet has at least %d bytes\n",
                 kLeastSecureBytes);
    return std::nullopt;
  }
  if (options.role == Role::kSend && options.ports.empty()) {
    std::fprintf(stderr, "ceiling: send needs --ports\n");
    return std::nullopt;
  }
  if (options.connected && (options.ports.size() != 1 || options.mode != Mode::kSingle)) {
    std::fprintf(stderr, "ceiling: --connected needs --mode sendto and one port\n");
    return std::nullopt;
  }
  return options;
}

}  // namespace burstwire::ceiling
