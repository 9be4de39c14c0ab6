// Stands in for the parts of the C++ runtime that throw: an addon built without exceptions ends the
// process where they would have thrown.
//
// Without this file the static libstdc++ and libgcc bring their unwinder along, which asks for
// symbols of glibc 2.35, and the released binary would load on fewer systems than Node itself does
// (2.28). Nothing calls these functions by name; the linker finds them before it looks into the two
// archives. scripts/prebuild.mjs refuses a binary that asks for a newer glibc, so what is missing
// here shows. Invariant: no exception is thrown, caught or passed through in this addon.

#include <cstdio>
#include <cstdlib>
#include <new>

// The names are those of the C++ ABI and of libstdc++, reserved or not.
// NOLINTBEGIN(bugprone-reserved-identifier, cert-dcl37-c, cert-dcl51-cpp, cert-dcl58-cpp,
// readability-identifier-naming, misc-new-delete-overloads, cert-dcl50-cpp)

namespace {

[[noreturn]] void die(const char* what) noexcept {
  std::fputs("burstwire: ", stderr);
  std::fputs(what, stderr);
  std::fputs("\n", stderr);
  std::abort();
}

}  // namespace

void* operator new(size_t size) {
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) {
    die("out of memory");
  }
  return memory;
}
void* operator new[](size_t size) { return operator new(size); }
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  return std::malloc(size == 0 ? 1 : size);
}
void* operator new[](size_t size, const std::nothrow_t&) noexcept {
  return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }

// What the headers of libstdc++ call when a container is misused or memory ends.
namespace std {
void __throw_bad_alloc() { die("out of memory"); }
void __throw_bad_array_new_length() { die("array too long"); }
void __throw_bad_function_call() { die("call of an empty function"); }
void __throw_invalid_argument(const char* what) { die(what); }
void __throw_length_error(const char* what) { die(what); }
void __throw_logic_error(const char* what) { die(what); }
void __throw_out_of_range(const char* what) { die(what); }
void __throw_out_of_range_fmt(const char* what, ...) { die(what); }
}  // namespace std

// What compiled code of libstdc++ refers to from its cleanup paths, which nothing can reach.
extern "C" {
void __cxa_pure_virtual() { die("call of a pure virtual function"); }
void* __cxa_begin_catch(void*) noexcept { die("exception caught"); }
void __cxa_end_catch() { die("exception caught"); }
void __cxa_rethrow() { die("exception thrown"); }
void __gxx_personality_v0() { die("exception thrown"); }
void _Unwind_Resume() { die("exception thrown"); }
}

// NOLINTEND(bugprone-reserved-identifier, cert-dcl37-c, cert-dcl51-cpp, cert-dcl58-cpp,
// readability-identifier-naming, misc-new-delete-overloads, cert-dcl50-cpp)
