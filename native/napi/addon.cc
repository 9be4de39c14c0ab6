// The addon's exports: { UdpSocket, DgramSocket, Protection, Primitives, layout, probe,
// crypto }. Registered once per
// environment (the main thread, each worker); there is no state outside an environment's own
// objects.
#include <napi.h>
#include <sys/utsname.h>

#include <iterator>

#include "../batch/layout.h"
#include "../udp/features.h"
#include "dgram_wrap.h"
#include "gather.h"
#include "primitives.h"
#include "protection_wrap.h"
#include "slab_pool.h"
#include "socket_wrap.h"

namespace burstwire {
namespace {

Napi::Value layout(Napi::Env env) {
  Napi::Array result = Napi::Array::New(env, std::size(kLayout));
  for (uint32_t i = 0; i < std::size(kLayout); i++) result.Set(i, kLayout[i]);
  return result;
}

// () -> what a socket of this process could do; each probe is 0 or the -errno that stands in the
// way.
Napi::Value probe(const Napi::CallbackInfo& info) {
  const Probes probes = probe_features(real_system_calls());
  const KernelVersion kernel = running_kernel();
  utsname name{};
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("kernel", uname(&name) == 0 ? name.release : "");
  result.Set("gsoDenied", corrupts_equal_trains(kernel));
  result.Set("shortTailsDenied", refuses_short_tails(kernel));
  result.Set("recvmmsg", probes.recvmmsg);
  result.Set("sendmmsg", probes.sendmmsg);
  result.Set("gso", probes.gso);
  result.Set("gro", probes.gro);
  result.Set("ecn", probes.ecn);
  result.Set("pktinfo", probes.pktinfo);
  result.Set("rxqOvfl", probes.drops);
  result.Set("errqueue", probes.error_queue);
  result.Set("txtime", probes.transmit_time);
  result.Set("reusePort", probes.reuse_port);
  result.Set("steering", probes.steering);
  result.Set("ipv6", probes.ipv6);
  result.Set("ioUring", probes.io_uring);
  return result;
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  exports.Set("UdpSocket", UdpSocket::define(env));
  exports.Set("DgramSocket", DgramSocket::define(env));
  exports.Set("describeDescriptor",
              Napi::Function::New(env, describe_descriptor, "describeDescriptor"));
  exports.Set("Protection", Protection::define(env));
  exports.Set("Primitives", Primitives::define(env));
  exports.Set("layout", layout(env));
  exports.Set("probe", Napi::Function::New(env, probe, "probe"));
  exports.Set("crypto", Napi::Function::New(env, describe_crypto, "crypto"));
  const auto method = [](const char* name, napi_callback callback) {
    return napi_property_descriptor{name,    nullptr, callback,     nullptr,
                                    nullptr, nullptr, napi_default, nullptr};
  };
  const napi_property_descriptor hot[] = {method("gather", gather),
                                          method("allocateSlab", allocate_slab)};
  napi_define_properties(env, exports, std::size(hot), hot);
  return exports;
}

}  // namespace
}  // namespace burstwire

// The macro wants a plain name in the global namespace.
static Napi::Object initialize_burstwire(Napi::Env env, Napi::Object exports) {
  return burstwire::initialize(env, exports);
}
NODE_API_MODULE(burstwire, initialize_burstwire)
