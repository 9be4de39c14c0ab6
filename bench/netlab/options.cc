// Parses the command line of the link emulator; see options.h. Knows no packets.
#include "options.h"

#include <net/if.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace burstwire::netlab {
namespace {

constexpr int64_t kMaxRateBits = 100'000'000'000;
constexpr int64_t kMaxQueueBytes = 1'000'000'000;
// A minute: what is further away is not a link.
constexpr int64_t kMaxDelayUs = 60'000'000;
constexpr double kMaxBurst = 10'000;
constexpr size_t kMaxName = 200;

bool parse_integer(const char* text, int64_t low, int64_t high, int64_t& out) {
  char* end = nullptr;
  errno = 0;
  const long long value = std::strtoll(text, &end, 10);
  if (errno != 0 || end == text || *end != '\0' || value < low || value > high) return false;
  out = value;
  return true;
}

bool parse_number(const char* text, double low, double high, double& out) {
  char* end = nullptr;
  const double value = std::strtod(text, &end);
  if (end == text || *end != '\0' || !(value >= low && value <= high)) return false;
  out = value;
  return true;
}

// Milliseconds on the command line, with a fraction if need be.
bool parse_delay(const char* text, int64_t& out_us) {
  double ms = 0;
  if (!parse_number(text, 0, static_cast<double>(kMaxDelayUs) / 1e3, ms)) return false;
  out_us = static_cast<int64_t>(ms * 1e3 + 0.5);
  return true;
}

// A name becomes part of a path: it must not lead elsewhere.
bool parse_name(const char* text, size_t most, std::string& out) {
  const std::string_view name = text;
  if (name.empty() || name.size() > most || name == "." || name == "..") return false;
  if (name.find('/') != std::string_view::npos) return false;
  out = name;
  return true;
}

bool parse_link(LinkSettings& link, std::string_view name, const char* value) {
  if (name == "rate") return parse_integer(value, 0, kMaxRateBits, link.rate_bits);
  if (name == "queue") return parse_integer(value, 1, kMaxQueueBytes, link.queue_bytes);
  if (name == "delay") return parse_delay(value, link.delay_us);
  if (name == "jitter") return parse_delay(value, link.jitter_us);
  if (name == "loss") return parse_number(value, 0, 1, link.loss);
  if (name == "burst-loss") return parse_number(value, 0, 0.9, link.burst_loss);
  if (name == "burst-length") return parse_number(value, 1, kMaxBurst, link.burst_length);
  if (name == "reorder") return parse_number(value, 0, 1, link.reorder);
  if (name == "reorder-delay") return parse_delay(value, link.reorder_us);
  if (name == "mark") return parse_integer(value, 0, kMaxQueueBytes, link.mark_bytes);
  return false;
}

bool parse_one(Options& options, std::string_view name, const char* value) {
  if (!name.starts_with("--")) return false;
  name.remove_prefix(2);
  if (name == "a") return parse_name(value, kMaxName, options.namespace_a);
  if (name == "b") return parse_name(value, kMaxName, options.namespace_b);
  if (name == "device") return parse_name(value, IFNAMSIZ - 1, options.device);
  if (name == "seed") {
    int64_t seed = 0;
    if (!parse_integer(value, 0, INT64_MAX, seed)) return false;
    options.seed = static_cast<uint64_t>(seed);
    return true;
  }
  if (name.starts_with("ab-")) return parse_link(options.a_to_b, name.substr(3), value);
  if (name.starts_with("ba-")) return parse_link(options.b_to_a, name.substr(3), value);
  return parse_link(options.a_to_b, name, value) && parse_link(options.b_to_a, name, value);
}

}  // namespace

std::optional<Options> parse_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 == argc || !parse_one(options, argv[i], argv[i + 1])) {
      std::fprintf(stderr, "netlab: unknown or out of range: %s %s (docs/netlab.md)\n", argv[i],
                   i + 1 < argc ? argv[i + 1] : "");
      return std::nullopt;
    }
  }
  if (options.namespace_a.empty() || options.namespace_b.empty()) {
    std::fprintf(stderr, "netlab: --a NAMESPACE and --b NAMESPACE must be given\n");
    return std::nullopt;
  }
  return options;
}

}  // namespace burstwire::netlab
