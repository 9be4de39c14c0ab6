// The test frame of native/test: TEST(name) registers a case, CHECK and CHECK_EQ note what does not
// hold, `main` runs every case of the file and says "N passed, N failed".
//
// Knows nothing of burstwire and has no fixtures: a case makes what it needs. Included by exactly
// one source file per executable, since it holds `main`. Invariant: a check that fails is printed
// with its place and makes the exit code 1, also when the case goes on.
#pragma once

#include <cstdio>
#include <string>
#include <type_traits>
#include <utility>

namespace burstwire::test {

// A case lives in static storage of its file and links itself into the list: nothing is allocated
// before `main`, so nothing can fail there.
class Case {
 public:
  using Body = void (*)();

  Case(const char* name, Body body) noexcept : name_(name), body_(body), next_(head()) {
    head() = this;
  }

  const char* name() const noexcept { return name_; }
  void run() const { body_(); }
  const Case* next() const noexcept { return next_; }

  static Case*& head() noexcept {
    static Case* first = nullptr;
    return first;
  }

 private:
  const char* name_;
  Body body_;
  Case* next_;
};

// Checks failed in the running case. A property loop looks at it to stop at its first failure.
inline int& failures() noexcept {
  static int count = 0;
  return count;
}

inline constexpr int kMostPrinted = 20;

inline void note_failure(const char* file, int line, const std::string& what) {
  failures()++;
  if (failures() <= kMostPrinted) std::printf("    %s:%d: %s\n", file, line, what.c_str());
}

template <typename T>
std::string describe(const T& value) {
  if constexpr (std::is_enum_v<T>) {
    return std::to_string(static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::is_arithmetic_v<T>) {
    return std::to_string(value);
  } else if constexpr (std::is_convertible_v<T, std::string>) {
    return "\"" + std::string(value) + "\"";
  } else {
    return "(a value)";
  }
}

template <typename T>
inline constexpr bool kIsNumber =
    std::is_integral_v<T> && !std::is_same_v<T, bool> && !std::is_same_v<T, char>;

// Integers of different signedness compare by value.
template <typename L, typename R>
bool equal(const L& left, const R& right) {
  if constexpr (kIsNumber<L> && kIsNumber<R>) {
    return std::cmp_equal(left, right);
  } else if constexpr (std::is_arithmetic_v<L> && std::is_arithmetic_v<R>) {
    return static_cast<double>(left) == static_cast<double>(right);
  } else {
    return left == right;
  }
}

template <typename L, typename R>
bool check_equal(const char* file, int line, const char* text, const L& left, const R& right) {
  if (equal(left, right)) return true;
  note_failure(file, line,
               std::string(text) + ": " + describe(left) + " is not " + describe(right));
  return false;
}

inline int run_all() {
  int passed = 0;
  int failed = 0;
  for (const Case* test = Case::head(); test != nullptr; test = test->next()) {
    failures() = 0;
    test->run();
    (failures() == 0 ? passed : failed)++;
    if (failures() > 0) std::printf("FAILED  %s: %d checks\n", test->name(), failures());
  }
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 && passed > 0 ? 0 : 1;
}

}  // namespace burstwire::test

#define TEST(name)                                                 \
  static void test_##name();                                       \
  static ::burstwire::test::Case case_##name(#name, &test_##name); \
  static void test_##name()

#define CHECK(condition)                                                               \
  do {                                                                                 \
    if (!(condition)) ::burstwire::test::note_failure(__FILE__, __LINE__, #condition); \
  } while (false)

#define CHECK_EQ(left, right)                                                                 \
  do {                                                                                        \
    ::burstwire::test::check_equal(__FILE__, __LINE__, #left " == " #right, (left), (right)); \
  } while (false)

// As CHECK and CHECK_EQ, and leaves the function: for what the rest of the case stands on.
#define REQUIRE(condition)                                             \
  do {                                                                 \
    if (!(condition)) {                                                \
      ::burstwire::test::note_failure(__FILE__, __LINE__, #condition); \
      return;                                                          \
    }                                                                  \
  } while (false)

#define REQUIRE_EQ(left, right)                                                                    \
  do {                                                                                             \
    if (!::burstwire::test::check_equal(__FILE__, __LINE__, #left " == " #right, (left), (right))) \
      return;                                                                                      \
  } while (false)

int main() { return burstwire::test::run_all(); }
